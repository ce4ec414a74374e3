//! Dead letters over HTTP.

use bytes::Bytes;
use kafka::source::Incoming;

use super::*;
use crate::consume::tests::scripted::report;

impl Api {
    async fn put(&mut self, payload: &str, offset: i64, reason: &str) {
        let at = "2026-11-21T08:00:00Z".parse().expect("a time");
        let payload = Bytes::from(payload.to_owned());
        let record = Incoming { partition: 0, offset, at, key: Some(Bytes::from("k")), payload };
        self.letters.dead_letter(&record, reason, "told password=hunter2hunter2").await.expect("put aside");
    }

    async fn ids(&self, query: &str) -> Vec<String> {
        let list = self.get(&format!("/api/v1/dead-letters{query}")).await;
        assert_eq!(list.status, StatusCode::OK, "{}", list.body);
        let letters = list.body["dead_letters"].as_array().expect("a list");
        letters.iter().map(|letter| letter["id"].as_str().expect("an id").to_owned()).collect()
    }
}

#[tokio::test]
async fn dead_letters_are_listed_shown_replayed_and_discarded() {
    let mut api = Api::new();
    assert_eq!(api.ids("").await, [] as [String; 0]);
    let secret = r#"{"v":1,"kind":"song","password":"hunter2hunter2"}"#;
    api.put(secret, 3, "unknown_kind").await;
    api.put(&report(1, 5, 3).to_string(), 4, "unknown_version").await;
    api.put("not JSON", 5, "malformed").await;
    let ids = api.ids("").await;
    assert_eq!(ids.len(), 3);

    let shown = api.get(&format!("/api/v1/dead-letters/{}", ids[0])).await.body;
    let facts = ["state", "reason", "partition", "offset", "received_at", "key", "payload_is_text"];
    let expected = json!(["waiting", "unknown_kind", 0, 3, "2026-11-21T08:00:00Z", "k", true]);
    assert_eq!(json!(facts.map(|fact| shown[fact].clone())), expected);
    assert!(shown["payload"].as_str().is_some_and(|payload| payload.contains("song")));
    assert!(!shown.to_string().contains("hunter2"), "{shown}");

    let act = |id: &str, act: &str| format!("/api/v1/dead-letters/{id}/{act}");
    for _ in 0..2 {
        let replayed = api.post(&act(&ids[1], "replay"), json!({})).await;
        assert_eq!((replayed.status, &replayed.body["outcome"]), (StatusCode::OK, &json!("stored")));
        let issue = replayed.body["issue_id"].as_str().expect("an issue").to_owned();
        assert_eq!(api.get(&format!("/api/v1/issues/{issue}")).await.body["count"], 3);
    }
    assert_eq!(api.post(&act(&ids[0], "replay"), json!({})).await.refusal().0, 422);
    assert_eq!(api.post(&act(&ids[1], "discard"), json!({})).await.refusal().0, 409);
    let headers = [("x-user-id", "ada"), ("content-type", "application/json")];
    let discarded = api.send("POST", &act(&ids[2], "discard"), &headers, "").await.body;
    assert_eq!((&discarded["state"], &discarded["done_by"]), (&json!("discarded"), &json!("ada")));
    assert_eq!((api.ids("").await, api.ids("?state=all").await.len()), (vec![ids[0].clone()], 3));
    assert_eq!(api.ids("?state=all&limit=1").await, [ids[0].clone()]);
    let rest = format!("?state=all&limit=2&cursor={}", ids[0]);
    assert_eq!(api.ids(&rest).await, ids[1..]);
    assert_eq!(api.get("/api/v1/dead-letters?state=x").await.refusal(), (422, vec!["?state".to_owned()]));
    assert_eq!(api.get("/api/v1/dead-letters?x=1").await.refusal(), (422, vec!["?x".to_owned()]));
    let done = json!({"replayed": 1, "discarded": 1});
    assert_eq!(api.get("/api/health").await.body["dead_letters"], done);
}
