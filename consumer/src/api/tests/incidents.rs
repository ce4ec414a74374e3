//! Incidents that are told of, under both addresses.

use super::*;

fn told(session: &str, id: &str, at: &str) -> Value {
    json!({"incidentId": id, "sessionId": session, "projectId": "shop", "frustrationScore": 61, "confidenceScore": 85,
        "triggeringSignals": ["rage"], "primaryFailurePoint": "/cart:buy:click", "severityType": "High", "timestamp": at})
}

#[tokio::test]
async fn an_incident_that_is_told_is_kept_once() {
    let api = Api::new();
    let now = jiff::Timestamp::now();
    let at = |seconds: i64| (now - jiff::SignedDuration::from_secs(600 - seconds)).to_string();
    let mut ids = Vec::new();
    for (session, id, seconds, duplicate) in [
        ("s", "one", 0, false),
        ("s", "one", 300, true),
        ("s", "other", 299, true),
        ("t", "third", 0, false),
        ("s", "later", 301, false),
    ] {
        let answer = api.post("/v1/incidents", told(session, id, &at(seconds))).await;
        assert_eq!((answer.status.as_u16(), &answer.body["success"]), (200, &json!(true)), "{}", answer.body);
        assert_eq!(answer.body["duplicate"], duplicate, "{session} {id}");
        ids.push(answer.body["incident_id"].as_str().expect("an id").to_owned());
    }
    assert!(ids[0] == ids[1] && ids[1] == ids[2], "{ids:?}");
    let older = api.get("/v1/incidents?project_id=shop&session_id=s&status=any&limit=10").await.body;
    let newer = api.get("/api/v1/incidents?project_id=shop&session_id=s&status=any&limit=10").await.body;
    assert_eq!((older["incidents"].as_array().map(Vec::len), &older), (Some(2), &newer));
    let path = format!("/v1/incidents/{}", ids[0]);
    assert_eq!(api.get(&path).await.body["status"], "new");
    let confirmed = api.patch(&path, &[], json!({"status": "confirmed"})).await;
    assert_eq!((confirmed.status.as_u16(), &confirmed.body["status"]), (200, &json!("confirmed")));
    assert!(confirmed.body["issueId"].is_string(), "{}", confirmed.body);
    let triggered = api.post("/v1/export/trigger", json!({})).await;
    assert_eq!(triggered.body, json!({"success": true, "incidents": 1, "waiting": 0}));
    let refused = api.post("/v1/incidents", json!({"sessionId": "s"})).await;
    assert_eq!(refused.status.as_u16(), 422, "{}", refused.body);
}
