//! Requests, their keys and their answers.

use serde_json::json;

use super::{bucket::Bucket, *};

const NOW: i64 = 1_795_248_000_000;

fn event(session: &str) -> Value {
    json!({"eventType": "click", "timestamp": NOW, "sessionId": session, "route": "/"})
}

fn body(events: Value) -> Vec<u8> {
    json!({"api_key": "k", "sdk_version": "1", "events": events}).to_string().into_bytes()
}

#[test]
fn a_bad_item_does_not_sink_the_rest() {
    let request = read(&body(json!([event("s"), {"eventType": "click"}, 7, event("t")]))).unwrap();
    assert_eq!((request.api_key.as_deref(), request.sdk_version.as_deref()), (Some("k"), Some("1")));
    let batch = judge(&request.events, "shop", NOW, &Reading::default());
    let answer = answer(batch.events.len(), &batch.rejected, false);
    assert_eq!((answer.status, &answer.body["processed"]), (200, &json!(2)));
    let rejected = answer.body["rejected"].as_array().unwrap();
    let places: Vec<_> = rejected.iter().map(|item| item["index"].clone()).collect();
    assert_eq!(places, [json!(1), json!(2)]);
    assert!(rejected[0]["reason"].as_str().unwrap().contains("missing"));
}

#[test]
fn whole_requests_are_refused_with_their_status() {
    let many = |count: usize| body(Value::Array(vec![event("s"); count]));
    assert!(read(&many(1)).is_ok() && read(&many(100)).is_ok());
    let mut large = many(1);
    large.resize(limits::BODY + 1, b' ');
    let cases = [
        (many(0), 400),
        (many(101), 400),
        (b"{".to_vec(), 400),
        (b"[]".to_vec(), 400),
        (br#"{"events":{}}"#.to_vec(), 400),
        (large, 413),
    ];
    for (body, status) in cases {
        let refusal = read(&body).unwrap_err();
        assert_eq!(refuse(refusal, false).status, status);
    }
    assert_eq!(refuse(Refusal::UnknownKey, true).status, 401);
    assert_eq!(refuse(Refusal::TooMany(3), false).retry_after, Some(3));
    assert_eq!(refuse(Refusal::TooMany(3), true).status, 200);
}

#[test]
fn a_silent_project_answers_success_alone() {
    let refused = Rejected { index: 0, reason: "x".to_owned(), refused: Refused::Old };
    assert_eq!(answer(1, &[refused], true).body, json!({"success": true, "processed": 2, "rejected": []}));
}

#[test]
fn the_header_goes_before_the_token_and_the_body() {
    assert_eq!(key(Some("a"), Some("Bearer b"), Some("c")), Some("a"));
    assert_eq!(key(Some(" "), Some("bearer  b "), Some("c")), Some("b"));
    assert_eq!(key(None, Some("Basic b"), Some("c")), Some("c"));
    assert_eq!(key(None, None, Some("")), None);
}

#[test]
fn a_bucket_holds_two_thousand_and_fills_by_a_thousand_a_second() {
    let mut bucket = Bucket::new(NOW);
    assert_eq!(bucket.take(2000, NOW), Ok(()));
    assert_eq!(bucket.take(1, NOW), Err(Refusal::TooMany(1)));
    assert_eq!(bucket.take(1, NOW + 1), Ok(()));
    assert_eq!(bucket.take(100, NOW + 100), Err(Refusal::TooMany(1)));
    assert_eq!(bucket.take(100, NOW + 101), Ok(()));
    assert_eq!(bucket.take(1, NOW - 3_600_000), Err(Refusal::TooMany(1)));
    assert_eq!(bucket.take(100, NOW - 3_600_000 + 100), Ok(()), "an hour back, it goes on");
    assert_eq!(bucket.take(2001, NOW + 60_000), Err(Refusal::TooMany(1)));
}

#[test]
fn bodies_of_the_older_services_are_read() {
    let snake = json!({"event_type": "click", "timestamp": NOW, "session_id": "s", "url": "/a"});
    let inside = json!({"type": "click", "timestamp": NOW, "route": "/a"});
    let bodies = [
        json!([snake, event("s")]),
        json!({"events": [snake]}),
        snake.clone(),
        json!({"sessionId": "s", "projectId": "shop", "state": "completed", "events": [inside]}),
        json!({"session": {"sessionId": "s", "projectId": "shop", "events": [inside, inside]}}),
        json!({"data": {"session_id": "s", "project_id": "shop", "events": [inside]}}),
    ];
    for body in bodies {
        let told = older::read(body.to_string().as_bytes()).unwrap();
        let batch = judge(&told.request.events, "shop", NOW, &Reading::default());
        assert_eq!((batch.rejected.len(), batch.events[0].session_id.as_str()), (0, "s"), "{body}");
    }
    assert!(older::read(b"{\"events\":[]}").is_err());
}

#[test]
fn no_bytes_at_all_make_a_reader_fail() {
    let nested = "[".repeat(200_000);
    for body in ["", "null", "0", "\"x\"", nested.as_str()] {
        for outcome in [read(body.as_bytes()).is_err(), older::incident(body.as_bytes()).is_err()] {
            assert!(outcome, "{body:.20}");
        }
        if let Ok(told) = older::read(body.as_bytes()) {
            assert!(judge(&told.request.events, "shop", NOW, &Reading::default()).events.is_empty());
        }
    }
}
