//! The description of the API is held to its word: every call that it names is made, and the answer must be what it says.

use consumer::{
    api::openapi::{CALLS, Call, document},
    outbound::deliveries::{self, Delivery},
    visits::{
        incidents::{self, Kept},
        states,
    },
};
use frustration::{
    event::{Event, Reading},
    session::{Key, Session},
};
use serde_json::{Value, json};

use super::*;

/// Ids of what is there to be asked for.
struct There {
    issue: String,
    member: String,
    gone: String,
    item: String,
    gone_item: String,
    token: String,
    letters: Vec<String>,
    incident: String,
    delivery: String,
}

/// An incident, and a delivery of it that was given up.
async fn incident_and_delivery(api: &Api) -> (String, String) {
    let (incident, delivery) = (uuid::Uuid::new_v4().to_string(), uuid::Uuid::new_v4().to_string());
    let signal = json!({"type": "rage", "timestamp": "2026-11-21T08:00:00Z", "route": "/cart", "details": {
        "strength": "strong", "count": 5, "durationMs": 900, "target": "buy", "feedback": true}});
    let kept = json!({"incidentId": incident, "sessionId": "s", "projectId": "shop", "frustrationScore": 61, "confidenceLevel": "High",
        "confidenceScore": 85, "triggeringSignals": ["rage"], "primaryFailurePoint": "/cart:buy:click", "severityType": "High",
        "kind": "Bug", "timestamp": "2026-11-21T08:00:00Z", "explanation": "It failed.", "signalDetails": [signal], "order": 1});
    let sent = json!({"id": delivery, "outlet": "jira", "system": "jira", "incidentId": incident, "state": "dead", "order": 1_i64 << 52,
        "attempts": 3, "unsure": false, "createdAt": "2026-11-21T08:00:00Z", "updatedAt": "2026-11-21T08:00:00Z"});
    let click = json!({"eventType": "click", "timestamp": Timestamp::now().as_millisecond(), "sessionId": "s", "route": "/cart"});
    let click = Event::read(&click, "shop", Timestamp::now().as_millisecond(), &Reading::default())
        .expect("an event");
    let mut visit = Session::new(Key::of(&click));
    visit.apply(&click);
    let visit = states::packed(&visit, 1, None).expect("a state");
    assert_eq!(api.store.keep(vec![visit]).await.expect("asked"), [true]);
    let kept: Kept = serde_json::from_value(kept).expect("an incident");
    let sent: Delivery = serde_json::from_value(sent).expect("a delivery");
    assert!(incidents::documents(&*api.store).put(&incident, 0, &kept).await.expect("asked"));
    assert!(deliveries::documents(&*api.store).put(&delivery, 0, &sent).await.expect("asked"));
    (incident, delivery)
}

const ADMIN: (&str, &str) = ("authorization", "Bearer 0123456789abcdef-the-secret");

async fn made(api: &Api, path: &str, body: Value) -> Value {
    let answer = api.ask("POST", path, &[ADMIN], &body.to_string()).await;
    assert!(answer.status.is_success(), "{path}: {}", answer.body);
    answer.body
}

async fn there(api: &Api, letters: Vec<String>) -> There {
    let text = |value: Value| value["id"].as_str().expect("an id").to_owned();
    let issue = |title: &str| json!({"title": title, "description": "d", "type": "task", "priority": "low", "reporter_id": "ada"});
    let item = json!({"title": "t", "category": "improvement"});
    api.add_user("nobody@example.com", Role::Viewer).await;
    let (incident, delivery) = incident_and_delivery(api).await;
    There {
        incident,
        delivery,
        issue: text(made(api, "/api/v1/issues", issue("one")).await),
        member: text(made(api, "/api/v1/issues", issue("two")).await),
        gone: text(made(api, "/api/v1/issues", issue("three")).await),
        item: text(made(api, "/api/v1/backlog", item.clone()).await),
        gone_item: text(made(api, "/api/v1/backlog", item).await),
        token: text(made(api, "/api/v1/tokens", json!({"name": "t", "service": "s"})).await),
        letters,
    }
}

fn path_of(call: &Call, there: &There) -> String {
    let issue = match call.id {
        "deleteIssue" => &there.gone,
        "mergeIssue" | "unmergeIssue" => &there.member,
        _ => &there.issue,
    };
    let item = if call.id == "deleteBacklogItem" { &there.gone_item } else { &there.item };
    let letter = there.letters.get(usize::from(call.id == "discardDeadLetter"));
    call.path
        .replace("{id}", issue)
        .replace("{item}", item)
        .replace("{user}", "nobody@example.com")
        .replace("{token}", &there.token)
        .replace("{incident}", &there.incident)
        .replace("{delivery}", &there.delivery)
        .replace("{letter}", letter.map(String::as_str).unwrap_or_default())
}

fn body_of(call: &Call, there: &There) -> Value {
    match call.body {
        Some("NewIssue") => {
            json!({"title": "t", "description": "d", "type": "bug", "priority": "high", "reporter_id": "ada"})
        }
        Some("Bulk") => json!({"ids": [there.issue], "changes": {"status": "in-progress"}}),
        Some("IssueChanges") => json!({"assignee_id": "ada", "tags": ["a"], "mute": {"count": 5}}),
        Some("NewComment") => json!({"content": "@bob look", "author_id": "ada"}),
        Some("NewIncident") => {
            json!({"session_id": "t", "project_id": "shop", "confidence_score": 85, "triggering_signals": ["rage"],
            "primary_failure_point": "/cart:buy:click", "timestamp": Timestamp::now().to_string()})
        }
        Some("ThresholdChange") => json!({"sensitivity": "low", "thresholds": {"rage.clicks": 9}}),
        Some("IncidentDecision") => json!({"status": "confirmed", "suppressed": true}),
        Some("Merge") => json!({"into": there.issue}),
        Some("UserChanges") => json!({"role": "tester", "disabled": false}),
        Some("Read") => json!({"all": true}),
        Some("NewToken") => json!({"name": "n", "service": "other", "days": 5}),
        Some("BacklogChanges") => json!({"title": "t", "category": "must-have", "completed": true}),
        // No example of it: the answer tells which.
        Some(other) => json!({"no example of": other}),
        None => Value::Null,
    }
}

/// Where a value is not what a schema says.
fn breach(schema: &Value, value: &Value, whole: &Value, at: &str) -> Option<String> {
    if let Some(named) = schema["$ref"].as_str() {
        let named = named.trim_start_matches('#');
        return breach(whole.pointer(named).expect("a schema"), value, whole, at);
    }
    if let Some(all) = schema["allOf"].as_array() {
        return all.iter().find_map(|each| breach(each, value, whole, at));
    }
    if let Some(one) = schema["oneOf"].as_array() {
        let fits = one.iter().any(|each| breach(each, value, whole, at).is_none());
        return (!fits).then(|| format!("{at}: {value} is none of what it may be"));
    }
    let is = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        // A type that is not known fits nothing, and the breach names it.
        _ => false,
    };
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !types.is_empty() && !types.into_iter().any(is) {
        return Some(format!("{at}: {value} is no {}", schema["type"]));
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        return Some(format!("{at}: {value} is none of {}", schema["enum"]));
    }
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let missing = required.iter().filter_map(Value::as_str).find(|key| value.get(key).is_none());
    if let Some(missing) = missing {
        return Some(format!("{at}: {missing} is missing in {value}"));
    }
    let properties = schema["properties"].as_object();
    let mut inner = properties
        .into_iter()
        .flatten()
        .filter_map(|(key, schema)| breach(schema, value.get(key)?, whole, &format!("{at}/{key}")));
    inner.next().or_else(|| {
        let items = schema.get("items")?;
        value.as_array()?.iter().find_map(|item| breach(items, item, whole, &format!("{at}/-")))
    })
}

#[tokio::test]
async fn every_documented_call_answers_as_documented() {
    let (api, letters) = with_letters().await;
    let there = there(&api, letters).await;
    let document = document();
    // An issue takes no part in a merge when it is deleted or changed; what ends something comes last.
    let order = |call: &&Call| {
        (call.method == "DELETE", call.id == "discardDeadLetter", call.id == "replayDeadLetter")
    };
    let mut calls: Vec<&Call> = CALLS.iter().collect();
    calls.sort_by_key(order);
    for call in calls {
        let path = path_of(call, &there);
        let body = body_of(call, &there);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        if call.id == "events" {
            assert!(api.opens_events().await);
            continue;
        }
        let answer = api.ask(call.method, &path, &[ADMIN], &body).await;
        let (status, schema) = call.answer;
        assert_eq!(answer.status.as_u16(), status, "{}: {}", call.id, answer.body);
        assert!(
            !answer.header("x-request-id").is_empty() && answer.header("x-content-type-options") == "nosniff"
        );
        if let Some(schema) = schema {
            let schema = &document["components"]["schemas"][schema];
            assert_eq!(breach(schema, &answer.body, &document, ""), None, "{}", call.id);
        }
        // What is not known is refused, with its place.
        if call.query.is_empty()
            && call.method != "GET"
            && call.body.is_some()
            && call.id != "createIssue"
            && call.id != "comment"
            && call.id != "tellIncident"
        {
            let mut wrong = body_of(call, &there);
            wrong["colour"] = json!("red");
            let refused = api.ask(call.method, &path, &[ADMIN], &wrong.to_string()).await;
            assert_eq!(refused.status.as_u16(), 422, "{}: {}", call.id, refused.body);
            assert_eq!(
                breach(&document["components"]["schemas"]["Problem"], &refused.body, &document, ""),
                None
            );
            assert!(refused.body["errors"].to_string().contains("/colour"), "{}: {}", call.id, refused.body);
        }
    }
}

#[tokio::test]
async fn versions_guard_changes_and_save_answers() {
    let api = strict();
    let item = made(&api, "/api/v1/backlog", json!({"title": "t", "category": "improvement"})).await;
    let issue = api.issue_of("ada").await;
    for path in [
        format!("/api/v1/issues/{issue}"),
        format!("/api/v1/backlog/{}", item["id"].as_str().expect("an id")),
    ] {
        let tag = api.ask("GET", &path, &[ADMIN], "").await.header("etag").to_owned();
        let known = api.ask("GET", &path, &[ADMIN, ("if-none-match", &tag)], "").await;
        assert_eq!(known.status, StatusCode::NOT_MODIFIED, "{path}");
        let change = r#"{"priority":"critical"}"#;
        let changed = api.ask("PATCH", &path, &[ADMIN, ("if-match", &tag)], change).await;
        assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
        for method in ["PATCH", "DELETE"] {
            let stale = api.ask(method, &path, &[ADMIN, ("if-match", &tag)], r#"{"priority":"low"}"#).await;
            assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED, "{method} {path}");
        }
        assert_eq!(api.ask("DELETE", &path, &[ADMIN], "").await.status, StatusCode::NO_CONTENT);
        assert_eq!(api.ask("GET", &path, &[ADMIN], "").await.status, StatusCode::NOT_FOUND);
    }
    let audit = api.ask("GET", "/api/v1/audit", &[ADMIN], "").await.body;
    let acts: Vec<_> =
        audit["entries"].as_array().expect("entries").iter().map(|entry| &entry["act"]).collect();
    assert_eq!(acts, ["backlog-deleted", "issue-deleted"]);
}

#[tokio::test]
async fn a_bulk_change_answers_for_each() {
    let api = strict();
    let (one, other) = (api.issue_of("ada").await, "0197f000-0000-7000-8000-000000000000");
    let body = json!({"ids": [one, other, one], "changes": {"status": "resolved", "assignee_id": "bob"}});
    let answer = api.ask("POST", "/api/v1/issues:bulk", &[ADMIN], &body.to_string()).await.body;
    let statuses: Vec<_> =
        answer["items"].as_array().expect("items").iter().map(|item| &item["status"]).collect();
    assert_eq!(statuses, [200, 404]);
    assert_eq!(answer["items"][0]["issue"]["status"], "resolved");
    for (body, pointers) in [
        (json!({"ids": [], "changes": {"status": "open"}}), vec!["/ids"]),
        (json!({"ids": vec![one.clone(); 101], "changes": {"status": "open"}}), vec!["/ids"]),
        (
            json!({"ids": ["x"], "changes": {"status": null, "colour": 1}}),
            vec!["/ids/0", "/changes/status", "/changes/colour"],
        ),
        (json!({"ids": [one]}), vec!["/changes"]),
    ] {
        let refused = api.ask("POST", "/api/v1/issues:bulk", &[ADMIN], &body.to_string()).await.body;
        let found: Vec<_> = refused["errors"]
            .as_array()
            .expect("errors")
            .iter()
            .map(|error| error["pointer"].as_str().expect("text").to_owned())
            .collect();
        assert_eq!(found, pointers, "{refused}");
    }
    // The assignee was told, reads it, and has read it.
    let bob = [ADMIN, ("x-user-id", "bob")];
    let told = api.ask("GET", "/api/v1/notifications", &bob, "").await.body;
    let types = told["notifications"].to_string();
    assert!(told["unread"] == 2 && types.contains("assigned") && types.contains("status-changed"), "{told}");
    let ids = json!({"ids": [told["notifications"][0]["id"]]}).to_string();
    assert_eq!(api.ask("POST", "/api/v1/notifications/read", &bob, &ids).await.body["marked"], 1);
    // Whose they are not does not read them for him.
    assert_eq!(
        api.ask("POST", "/api/v1/notifications/read", &[ADMIN], r#"{"all":true}"#).await.body["marked"],
        0
    );
    assert_eq!(api.ask("GET", "/api/v1/notifications", &bob, "").await.body["unread"], 1);
}
