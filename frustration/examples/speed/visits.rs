//! Visits as front ends send them, for whoever measures: `cargo run --example speed`, and `cargo xbench visits`.

use serde_json::{Value, json};

/// 2026-11-21T08:00:00Z.
pub const START: i64 = 1_795_248_000_000;

/// Events of one visit as a front end sends them: 24, of which every twentieth visit's end in frustration.
pub fn visit(number: usize) -> Vec<Value> {
    let event = |at: i64, kind: &str, route: &str, id: &str, metadata: Value| {
        json!({"eventType": kind, "timestamp": START + at, "sessionId": format!("visit-{number}"), "route": route,
            "target": {"type": "button", "id": id}, "metadata": metadata, "idempotencyKey": format!("{number}.{at}")})
    };
    let mut events = vec![event(0, "navigation", "/home", "", json!({"how": "load"}))];
    for step in 0..6 {
        let (at, route) = (1000 + step * 9000, format!("/products/{step}"));
        events.push(event(at, "click", &route, "card", json!({"mutated": true, "cursor": "pointer"})));
        events.push(event(
            at + 300,
            "network",
            &route,
            "GET /api/products",
            json!({"status": 200, "duration": 84}),
        ));
        events.push(event(at + 2000, "scroll", &route, "", json!({"direction": "down"})));
    }
    for click in 0..4 {
        let frustrated = number.is_multiple_of(20);
        let at = 60_000 + click * if frustrated { 250 } else { 4000 };
        events.push(event(at, "click", "/checkout", "pay", json!({"mutated": !frustrated})));
    }
    let status = if number.is_multiple_of(20) { 502 } else { 200 };
    events.push(event(75_000, "network", "/checkout", "POST /api/pay", json!({"status": status})));
    events
}
