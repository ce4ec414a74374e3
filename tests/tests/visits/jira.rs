//! A Jira Cloud as its published REST API has it, version 3: what it would refuse is refused.
//!
//! Source: <https://developer.atlassian.com/cloud/jira/platform/rest/v3/> (`POST /issue`, `POST /search/jql`) and the
//! Atlassian Document Format.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use parking_lot::Mutex;
use serde_json::{Value, json};

/// The fields of an issue that its create screen has.
const FIELDS: &[&str] = &["project", "summary", "description", "issuetype", "priority", "labels"];
const PRIORITIES: &[&str] = &["Highest", "High", "Medium", "Low", "Lowest"];
/// `ada@shop.example:token`, in base64.
const LOGIN: &str = "Basic YWRhQHNob3AuZXhhbXBsZTp0b2tlbg==";

/// Its issues, and what it refused.
#[derive(Default)]
pub struct Jira {
    pub issues: Mutex<Vec<Value>>,
    pub refused: Mutex<Vec<String>>,
}

pub fn routes(jira: &Arc<Jira>) -> Router {
    Router::new()
        .route("/rest/api/3/issue", post(create))
        .route("/rest/api/3/search/jql", post(search))
        .with_state(Arc::clone(jira))
}

fn known(headers: &HeaderMap) -> bool {
    headers.get("authorization").is_some_and(|login| login == LOGIN)
}

async fn create(State(jira): State<Arc<Jira>>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    if !known(&headers) {
        jira.refused.lock().push("who are you?".to_owned());
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if let Err((field, why)) = checked(&body) {
        jira.refused.lock().push(format!("{field}: {why}"));
        let errors = json!({"errorMessages": [], "errors": {field: why}});
        return (StatusCode::BAD_REQUEST, Json(errors)).into_response();
    }
    let mut issues = jira.issues.lock();
    issues.push(body["fields"].clone());
    let made = json!({"id": format!("{}", 10_000 + issues.len()), "key": format!("SHOP-{}", issues.len()),
        "self": "https://shop.example/rest/api/3/issue/1"});
    (StatusCode::CREATED, Json(made)).into_response()
}

async fn search(State(jira): State<Arc<Jira>>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    let asked = body["jql"].as_str().and_then(|jql| jql.strip_prefix("project = \"SHOP\" AND labels = \""));
    let Some(label) = asked.and_then(|rest| rest.strip_suffix('"')).filter(|_| known(&headers)) else {
        jira.refused.lock().push(format!("not a search: {body}"));
        return StatusCode::BAD_REQUEST.into_response();
    };
    let issues = jira.issues.lock();
    let has = |issue: &&Value| {
        issue["labels"].as_array().is_some_and(|labels| labels.iter().any(|one| one == label))
    };
    let found: Vec<Value> =
        issues.iter().filter(has).map(|_| json!({"id": "1", "key": "SHOP-found"})).collect();
    Json(json!({"issues": found, "isLast": true})).into_response()
}

fn checked(body: &Value) -> Result<(), (&'static str, String)> {
    let wrong = |field: &'static str, why: &str| Err((field, why.to_owned()));
    let members = body.as_object().filter(|members| members.len() == 1);
    let Some(fields) = members.and_then(|members| members.get("fields")?.as_object()) else {
        return wrong("fields", "are missing, or not alone");
    };
    if let Some(field) = fields.keys().find(|field| !FIELDS.contains(&field.as_str())) {
        return Err(("fields", format!("{field} cannot be set")));
    }
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let summary = text("/fields/summary");
    if summary.is_empty() || summary.chars().count() > 255 || summary.contains(['\n', '\r']) {
        return wrong("summary", "is empty, too long, or of several lines");
    }
    if text("/fields/project/key") != "SHOP" || text("/fields/issuetype/name") != "Bug" {
        return wrong("project", "or type of issue is not known");
    }
    if !PRIORITIES.contains(&text("/fields/priority/name")) {
        return wrong("priority", "is not one of the project's");
    }
    let labels = fields.get("labels").and_then(Value::as_array).cloned().unwrap_or_default();
    let fine = |label: &Value| {
        label.as_str().is_some_and(|label| {
            !label.is_empty() && label.len() <= 255 && !label.contains(char::is_whitespace)
        })
    };
    if !labels.iter().all(fine) {
        return wrong("labels", "are texts without spaces");
    }
    let description = body.pointer("/fields/description").cloned().unwrap_or_default();
    if description.to_string().chars().count() >= 32_767 {
        return wrong("description", "is too long");
    }
    if description["type"] != "doc" || description["version"] != 1 || !children(&description) {
        return wrong("description", "is no document of the Atlassian Document Format");
    }
    Ok(())
}

/// Whether all that is inside may be inside.
fn children(node: &Value) -> bool {
    let inside = node["content"].as_array().map(Vec::as_slice).unwrap_or_default();
    let may = |parent: &str, child: &str| match parent {
        "doc" => ["paragraph", "heading", "bulletList", "codeBlock", "rule"].contains(&child),
        "paragraph" | "heading" => ["text", "hardBreak"].contains(&child),
        _ => false,
    };
    let parent = node["type"].as_str().unwrap_or_default();
    inside.iter().all(|child| {
        let name = child["type"].as_str().unwrap_or_default();
        let sound = match name {
            "text" => child["text"].as_str().is_some_and(|text| !text.is_empty()),
            "heading" => child["attrs"]["level"].as_u64().is_some_and(|level| (1..=6).contains(&level)),
            _ => true,
        };
        sound && may(parent, name) && children(child)
    })
}
