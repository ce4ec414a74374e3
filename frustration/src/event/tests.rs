//! What is taken, what is refused, and what of it may be kept.

use serde_json::{Value, json};

use super::{limits::Refused, *};

const NOW: i64 = 1_795_248_000_000;

fn item(changes: Value) -> Value {
    let mut item = json!({"eventType": "click", "timestamp": NOW, "sessionId": "s", "route": "/a"});
    for (name, value) in changes.as_object().unwrap() {
        item[name] = value.clone();
    }
    item
}

fn read(changes: Value) -> Result<Event, Refused> {
    Event::read(&item(changes), "shop", NOW, &Reading::default())
}

/// Metadata nested so deep.
fn nested(depth: usize) -> Value {
    (1..depth).fold(json!({}), |inner, _| json!({"a": inner}))
}

#[test]
fn limits_are_exact() {
    let keys = |count: usize| Value::Object((0..count).map(|n| (format!("k{n}"), json!(1))).collect());
    let cases = [
        (json!({"metadata": keys(100)}), None),
        (json!({"metadata": keys(101)}), Some(Refused::TooManyKeys)),
        (json!({"metadata": nested(10)}), None),
        (json!({"metadata": nested(11)}), Some(Refused::TooDeep)),
        (json!({"metadata": {"t": "x".repeat(9_900)}}), None),
        (json!({"metadata": {"t": "x".repeat(10_200)}}), Some(Refused::TooLarge)),
        (json!({"route": "x".repeat(10_001)}), Some(Refused::TooLong("route"))),
        (json!({"sessionId": "x".repeat(200)}), None),
        (json!({"sessionId": "x".repeat(201)}), Some(Refused::TooLong("sessionId"))),
        (json!({"timestamp": NOW + time::AHEAD}), None),
        (json!({"timestamp": NOW + time::AHEAD + 1}), Some(Refused::Future)),
        (json!({"timestamp": NOW - time::OLDEST}), None),
        (json!({"timestamp": NOW - time::OLDEST - 1}), Some(Refused::Old)),
        (json!({"timestamp": "yesterday"}), Some(Refused::Field("timestamp"))),
        (json!({"timestamp": null}), Some(Refused::Missing("timestamp"))),
        (json!({"sessionId": " "}), Some(Refused::Missing("sessionId"))),
        (json!({"sessionId": 7}), Some(Refused::Field("sessionId"))),
        (json!({"eventType": "hover"}), Some(Refused::UnknownType)),
        (json!({"target": 7}), Some(Refused::Field("target"))),
        (json!({"metadata": []}), Some(Refused::Field("metadata"))),
    ];
    for (changes, expected) in cases {
        assert_eq!(read(changes.clone()).err(), expected, "{changes:.80}");
    }
    assert_eq!(Event::read(&json!([]), "shop", NOW, &Reading::default()), Err(Refused::NotAnEvent));
}

#[test]
fn a_clock_that_is_ahead_is_not_believed() {
    let told = |ahead: i64| read(json!({"timestamp": NOW + ahead})).unwrap();
    let at = |ahead: i64| told(ahead).arrived(NOW).timestamp - NOW;
    assert_eq!([at(time::SKEW), at(time::SKEW + 1), at(-5)], [time::SKEW, 0, -5]);
    let again =
        Event::read(&item(json!({"timestamp": NOW + time::HOUR})), "shop", NOW + 1, &Reading::default());
    assert_eq!(told(time::HOUR).key, again.unwrap().key, "sent twice, it is one");
    assert_eq!(told(0).arrived(NOW + 7).received, NOW + 7);
    assert_eq!(read(json!({"timestamp": "2026-11-21T08:00:00+01:00"})).unwrap().timestamp, NOW - time::HOUR);
    assert_eq!(read(json!({"timestamp": 1_795_247_999_999.7})).unwrap().timestamp, NOW - 1);
}

#[test]
fn other_names_of_types_are_mapped() {
    let cases = [
        ("long_task", Kind::Performance),
        ("route_change", Kind::Navigation),
        ("input_focus", Kind::Input),
        ("input_blur", Kind::Input),
        ("unhandled_rejection", Kind::Error),
    ];
    for (name, kind) in cases {
        assert_eq!(read(json!({"eventType": name})).unwrap().event_type, kind);
    }
}

#[test]
fn personal_data_is_dropped_in_sixty_forms() {
    let names = "email password creditCard credit_card cardNumber ssn social_security phone phoneNumber address \
                 zipCode postalCode EMAIL PassWord CREDITCARD credit-card card_number Card-Number SSN \
                 socialSecurity Social_Security PHONE phone_number Address ADDRESS zip_code ZIP-CODE postal_code \
                 Postal-Code e-mail";
    let values = [
        "jane@example.com",
        "Jane <jane.doe+x@mail.example.org>",
        "mailto:a@b.co",
        "x a_b@c-d.io y",
        "jane%40example.com",
        "JANE@EXAMPLE.COM",
        "jane＠example.com",
        "ünal@example.de",
        "\"a@b.cd\"",
        "a@b.museum",
        "u=jane@example.com&v=1",
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "card 5500005555555559 paid",
        "378282246310005",
        "6011111111111117",
        "3530111333300000",
        "x4111111111111111y",
        "4222222222222",
        "４１１１１１１１１１１１１１１１",
        "4111%201111%201111%201111",
    ];
    let mut forms: Vec<Value> =
        names.split_whitespace().map(|name| json!({"metadata": {name: "x"}})).collect();
    forms.extend(values.iter().map(|text| json!({"metadata": {"note": text}})));
    forms.extend([
        json!({"metadata": {"a": {"b": [{"password": 1}]}}}),
        json!({"metadata": {"list": ["fine", ["a@b.cd"]]}}),
        json!({"metadata": {"n": 4_111_111_111_111_111u64}}),
        json!({"metadata": {"a@b.cd": 1}}),
        json!({"route": "/users/jane@example.com"}),
        json!({"route": "/pay?card=4111111111111111"}),
        json!({"sessionId": "jane@example.com"}),
        json!({"target": {"type": "a", "id": "mail-jane@example.com"}}),
        json!({"target": {"type": "a", "selector": "a[href='mailto:a@b.cd']"}}),
        json!({"environment": "jane@example.com"}),
    ]);
    assert!(forms.len() >= 60, "{}", forms.len());
    for form in forms {
        let refused = read(form.clone());
        assert!(matches!(refused, Err(Refused::Private(_))), "{form}: {refused:?}");
        let said = refused.unwrap_err().to_string();
        assert!(!said.contains('@') && !said.contains("4111"), "{said}");
    }
}

/// The forms that the suite of privacy sends to the service: dropped with the event, or cut out of it.
#[test]
fn no_form_of_what_is_forbidden_gets_into_an_event() {
    let forms: Vec<Value> =
        serde_json::from_str(include_str!("../../testdata/forbidden.json")).expect("a list of forms");
    let mut wrong = Vec::new();
    for form in &forms {
        let changes = form["event"].to_string().replace("MARK", "zqmark");
        match (form["fate"].as_str(), read(serde_json::from_str(&changes).expect("JSON"))) {
            (Some("dropped"), Err(Refused::Private(_))) => {}
            (Some("cut"), Ok(event)) if !json!(event).to_string().contains("zqmark") => {}
            (_, outcome) => wrong.push(format!("{}: {outcome:?}", form["name"])),
        }
    }
    assert!(wrong.is_empty() && forms.len() >= 60, "{}", wrong.join("\n"));
}

#[test]
fn what_is_no_personal_data_stays() {
    let forms = [
        json!({"metadata": {"t": 1_795_248_000_000i64, "micro": 1_795_248_000_000_000i64}}),
        json!({"metadata": {"handle": "@jane", "note": "meet @ 8", "version": "user@2.x"}}),
        json!({"metadata": {"order": "123456789012", "uuid": "2f1e4a77-1c3b-4d4e-9f00-0123456789ab"}}),
        json!({"metadata": {"emailSent": true, "addressCount": 2, "passwordLength": 8}}),
        json!({"metadata": {"zeros": "0000000000000000"}}),
    ];
    for form in forms {
        assert!(read(form.clone()).is_ok(), "{form}");
    }
}

#[test]
fn secrets_are_cut_and_keys_of_clients_are_hashed() {
    let event = read(json!({"metadata": {"message": "token=ghp_0123456789abcdefghijABCDEFGHIJ012345"},
        "idempotencyKey": "jane@example.com"}))
    .unwrap();
    let text = serde_json::to_string(&event).unwrap();
    assert!(!text.contains("ghp_") && !text.contains('@'), "{text}");
}

#[test]
fn routes_lose_what_may_tell_who_came() {
    let cases = [
        ("/a?x=1", "/a"),
        ("/a#top", "/a"),
        ("https://shop.example/a/b?c#d", "/a/b"),
        ("https://shop.example", "/"),
        ("/#/cart?item=7", "/#/cart"),
        ("#!/cart", "/#!/cart"),
        ("?q", "/"),
        ("checkout", "checkout"),
    ];
    for (route, expected) in cases {
        assert_eq!(privacy::route(route, false), expected, "{route}");
    }
    assert_eq!(privacy::route("/a?x=1", true), "/a?x=1");
}

#[test]
fn equal_events_have_equal_keys() {
    let key = |changes: Value| read(changes).unwrap().key;
    assert_eq!(key(json!({"metadata": {"a": 1}})), key(json!({"metadata": {"b": 2}})));
    assert_ne!(key(json!({})), key(json!({"target": {"type": "a", "id": "x"}})));
    assert_ne!(key(json!({})), key(json!({"timestamp": NOW + 1})));
    assert_eq!(
        key(json!({"idempotencyKey": "k"})),
        key(json!({"idempotencyKey": "k", "timestamp": NOW + 1}))
    );
}
