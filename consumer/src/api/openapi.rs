//! The description of the API, OpenAPI 3.1: one row for each address, printed at `/api/v1/openapi.json`. A test asks every
//! row and holds the rows against the table of addresses.

use axum::Json;
use serde_json::{Map, Value, json};

use crate::people::{
    Role,
    roles::{Act, Grant, grant},
    routes::{self, Route},
};

mod schemas;

/// What one address is for.
pub struct Call {
    /// As in [`routes::API`].
    pub method: &'static str,
    /// As in [`routes::API`].
    pub path: &'static str,
    /// Name of the operation.
    pub id: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// Parameters behind `?`.
    pub query: &'static [&'static str],
    /// Schema of the body.
    pub body: Option<&'static str>,
    /// Status and schema of the answer.
    pub answer: (u16, Option<&'static str>),
}

const FILTERS: &[&str] = &[
    "status",
    "priority",
    "type",
    "category",
    "assignee",
    "reporter",
    "component",
    "workload",
    "release",
    "regressed",
    "q",
    "sort",
    "cursor",
    "limit",
];
const INCIDENTS: &[&str] =
    &["project_id", "status", "min_confidence", "suppressed", "exported", "session_id", "cursor", "limit"];
const PAGE: &[&str] = &["cursor", "limit"];

macro_rules! calls {
    ($($method:ident $path:literal $id:ident $summary:literal query $query:expr, body $body:expr, $status:literal $answer:expr;)*) => {
        &[$(Call {
            method: stringify!($method),
            path: $path,
            id: stringify!($id),
            summary: $summary,
            query: $query,
            body: $body,
            answer: ($status, $answer),
        }),*]
    };
}

/// Every call.
pub static CALLS: &[Call] = calls! {
    GET "/api/v1/issues" listIssues "A page of issues." query FILTERS, body None, 200 Some("IssueList");
    POST "/api/v1/issues" createIssue "Write an issue; a bug that repeats another counts on it. Honours Idempotency-Key."
        query &[], body Some("NewIssue"), 202 Some("Accepted");
    GET "/api/v1/issues/recent" recentIssues "A page of issues, those with the latest reports first."
        query FILTERS, body None, 200 Some("IssueList");
    POST "/api/v1/issues:bulk" changeIssues "One change for up to 100 issues; an answer for each."
        query &[], body Some("Bulk"), 200 Some("BulkResult");
    GET "/api/v1/issues/{id}" showIssue "One issue. Honours If-None-Match." query &[], body None, 200 Some("Issue");
    PATCH "/api/v1/issues/{id}" changeIssue "Change fields; null clears the assignee and the mute. Honours If-Match."
        query &[], body Some("IssueChanges"), 200 Some("Issue");
    DELETE "/api/v1/issues/{id}" deleteIssue "Delete an issue with all that hangs below it. Honours If-Match."
        query &[], body None, 204 None;
    GET "/api/v1/issues/{id}/comments" listComments "What was said, the oldest first." query PAGE, body None, 200 Some("CommentList");
    POST "/api/v1/issues/{id}/comments" comment "Say something; @name tells somebody." query &[], body Some("NewComment"), 201 Some("Comment");
    GET "/api/v1/issues/{id}/occurrences" listOccurrences "Samples of reports, the newest first." query PAGE, body None, 200 Some("OccurrenceList");
    GET "/api/v1/issues/{id}/activities" listActivities "What was done, the oldest first." query PAGE, body None, 200 Some("ActivityList");
    GET "/api/v1/issues/{id}/links" listLinks "Issues that tell of the same request or visit: incidents and what a backend reported."
        query &[], body None, 200 Some("LinkList");
    POST "/api/v1/issues/{id}/merge" mergeIssue "Merge an issue into another; answers the one that shows the sum."
        query &[], body Some("Merge"), 200 Some("Issue");
    POST "/api/v1/issues/{id}/unmerge" unmergeIssue "Take an issue out of another again." query &[], body None, 200 Some("Issue");
    GET "/api/v1/stats" stats "How issues stand, and how records come in." query &[], body None, 200 Some("Stats");
    GET "/api/v1/events" events "What happens just now, as server-sent events named issues." query &[], body None, 200 Some("EventStream");
    GET "/api/v1/me" me "Who asks." query &[], body None, 200 Some("Me");
    GET "/api/v1/users" listUsers "People and service users." query &[], body None, 200 Some("UserList");
    PATCH "/api/v1/users/{user}" changeUser "Another role, or whether they may come in." query &[], body Some("UserChanges"), 200 Some("User");
    DELETE "/api/v1/users/{user}/sessions" endSessions "They have to log in again." query &[], body None, 200 Some("Ended");
    GET "/api/v1/notifications" listNotifications "What one was told, the newest first." query PAGE, body None, 200 Some("NotificationList");
    POST "/api/v1/notifications/read" readNotifications "Mark some or all as read." query &[], body Some("Read"), 200 Some("Marked");
    GET "/api/v1/tokens" listTokens "One's API tokens; for admins all=true shows everybody's." query &["all"], body None, 200 Some("TokenList");
    POST "/api/v1/tokens" createToken "Make an API token; it is shown this once." query &[], body Some("NewToken"), 201 Some("MadeToken");
    DELETE "/api/v1/tokens/{token}" revokeToken "Revoke an API token." query &[], body None, 204 None;
    GET "/api/v1/backlog" listBacklog "Items of the backlog: what is not done first." query PAGE, body None, 200 Some("BacklogList");
    POST "/api/v1/backlog" createBacklogItem "Write an item." query &[], body Some("BacklogChanges"), 201 Some("BacklogItem");
    GET "/api/v1/backlog/{item}" showBacklogItem "One item. Honours If-None-Match." query &[], body None, 200 Some("BacklogItem");
    PATCH "/api/v1/backlog/{item}" changeBacklogItem "Change an item. Honours If-Match." query &[], body Some("BacklogChanges"), 200 Some("BacklogItem");
    DELETE "/api/v1/backlog/{item}" deleteBacklogItem "Delete an item. Honours If-Match." query &[], body None, 204 None;
    GET "/api/v1/dead-letters" listDeadLetters "Records that could not be processed, the oldest first; state=all shows those that are done with, too."
        query &["state", "cursor", "limit"], body None, 200 Some("DeadLetterList");
    GET "/api/v1/dead-letters/{letter}" showDeadLetter "One of them, with what it holds." query &[], body None, 200 Some("DeadLetter");
    POST "/api/v1/dead-letters/{letter}/replay" replayDeadLetter "Process it after all; it counts once, however often it is asked for."
        query &[], body None, 200 Some("DeadLetter");
    POST "/api/v1/dead-letters/{letter}/discard" discardDeadLetter "Give it up." query &[], body None, 200 Some("DeadLetter");
    GET "/api/v1/incidents" listIncidents "Incidents of visitors, the newest first; status=any asks for all."
        query INCIDENTS, body None, 200 Some("IncidentList");
    POST "/api/v1/incidents" tellIncident "Tell of an incident that something else found; one that is known is answered as a duplicate."
        query &[], body Some("NewIncident"), 200 Some("IncidentTaken");
    GET "/api/v1/incidents/{incident}" showIncident "One incident. Honours If-None-Match." query &[], body None, 200 Some("Incident");
    PATCH "/api/v1/incidents/{incident}" decideIncident "Confirm, dismiss or suppress. Honours If-Match."
        query &[], body Some("IncidentDecision"), 200 Some("Incident");
    POST "/api/v1/incidents/{incident}/replay" replayIncident "What other thresholds would find in the same visit; nothing is changed."
        query &[], body Some("ThresholdChange"), 200 Some("Replay");
    GET "/api/v1/deliveries" listDeliveries "Deliveries of incidents that were given up, the latest first; state=all shows every one."
        query &["state", "limit"], body None, 200 Some("DeliveryList");
    POST "/api/v1/deliveries/{delivery}/retry" retryDelivery "Try one again that was given up, skipped or only shown."
        query &[], body None, 200 Some("Delivery");
    GET "/api/v1/audit" audit "What administrators did, the newest first." query &[], body None, 200 Some("Audit");
    GET "/api/v1/openapi.json" openapi "This document." query &[], body None, 200 Some("Object");
};

/// `GET /api/v1/openapi.json`.
pub async fn show() -> Json<Value> {
    Json(document())
}

/// The document.
pub fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for call in CALLS {
        let path = paths.entry(call.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(call.method.to_lowercase(), operation(call));
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "issuetracker",
            "version": "1",
            "description": "Errors are application/problem+json (RFC 9457) with the same sentence under `error`. Every answer names its request in X-Request-Id. Unknown fields are refused with their pointer.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"session": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "An API token (itk_…) or the token of the Secret."},
                "session": {"type": "apiKey", "in": "cookie", "name": "__Host-issuetracker"},
            },
            "schemas": schemas::all(),
        },
    })
}

fn operation(call: &Call) -> Value {
    let (status, answer) = call.answer;
    let media = if answer == Some("EventStream") { "text/event-stream" } else { "application/json" };
    let mut good = json!({"description": call.summary});
    if let (Some(schema), Some(good)) = (answer, good.as_object_mut()) {
        good.insert("content".to_owned(), json!({media: {"schema": reference(schema)}}));
    }
    let mut responses = Map::new();
    responses.insert(status.to_string(), good);
    responses.insert(
        "default".to_owned(),
        json!({"description": "A refusal.", "content": {"application/problem+json": {"schema": reference("Problem")}}}),
    );
    let mut operation = json!({
        "operationId": call.id,
        "summary": call.summary,
        "description": format!("For {}.", who(call)),
        "parameters": parameters(call),
        "responses": responses,
    });
    if let (Some(schema), Some(operation)) = (call.body, operation.as_object_mut()) {
        let body = json!({"required": true, "content": {"application/json": {"schema": reference(schema)}}});
        operation.insert("requestBody".to_owned(), body);
    }
    operation
}

fn parameters(call: &Call) -> Vec<Value> {
    let in_path = call.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let in_path = in_path
        .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}));
    let in_query = call.query.iter().map(|name| {
        let schema = if *name == "limit" {
            json!({"type": "integer", "minimum": 1, "maximum": 100})
        } else {
            json!({"type": "string"})
        };
        json!({"name": name, "in": "query", "schema": schema})
    });
    in_path.chain(in_query).collect()
}

/// The roles that may, in words.
fn who(call: &Call) -> String {
    let is_it = |route: &&Route| route.method == call.method && route.path == call.path;
    let act = routes::API.iter().find(is_it).map_or(Act::Administer, |route| route.act);
    let may = Role::ALL.into_iter().filter_map(|role| match grant(role, act) {
        Grant::No => None,
        Grant::Own => Some(format!("{} (its own issues)", role.as_str())),
        Grant::Yes => Some(role.as_str().to_owned()),
    });
    may.collect::<Vec<_>>().join(", ")
}

fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_address_is_described_and_nothing_else() {
        let described: BTreeSet<_> = CALLS.iter().map(|call| (call.path, call.method)).collect();
        let known: BTreeSet<_> = routes::API.iter().map(|route| (route.path, route.method)).collect();
        assert_eq!(described, known);
        let ids: BTreeSet<_> = CALLS.iter().map(|call| call.id).collect();
        assert_eq!(ids.len(), CALLS.len());
    }

    #[test]
    fn every_schema_that_is_named_is_there_and_none_is_idle() {
        let document = document();
        let schemas = document["components"]["schemas"].as_object().expect("schemas");
        let text = document.to_string();
        for name in schemas.keys() {
            assert!(text.contains(&format!("#/components/schemas/{name}\"")), "{name} is idle");
        }
        for named in text.split("#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(schemas.contains_key(named), "{named} is not there");
        }
    }
}
