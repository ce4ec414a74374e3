//! A Linear as its published GraphQL schema has it, as far as a ticket needs it: what it would refuse is refused.
//!
//! Source: <https://github.com/linear/linear/blob/master/packages/sdk/src/schema.graphql> (`IssueCreateInput`,
//! `IssuePayload`, `AttachmentCreateInput`) and <https://linear.app/developers/graphql>.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use parking_lot::Mutex;
use serde_json::{Value, json};
use uuid::Uuid;

/// The only team.
pub const TEAM: &str = "4a2f5ab0-6d53-4d8b-8f39-0a5c0b1a7c11";

/// Members of `IssueCreateInput` that are not about one person's view of things.
const INPUT: &[&str] = &[
    "assigneeId",
    "createAsUser",
    "description",
    "displayIconUrl",
    "dueDate",
    "estimate",
    "id",
    "labelIds",
    "parentId",
    "priority",
    "projectId",
    "stateId",
    "subscriberIds",
    "teamId",
    "title",
];

/// Its issues by id, its attachments, and what it refused.
#[derive(Default)]
pub struct Linear {
    pub issues: Mutex<BTreeMap<String, Value>>,
    pub attachments: Mutex<Vec<Value>>,
    pub refused: Mutex<Vec<String>>,
}

pub fn routes(linear: &Arc<Linear>) -> Router {
    Router::new().route("/graphql", post(answer)).with_state(Arc::clone(linear))
}

async fn answer(State(linear): State<Arc<Linear>>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    // An API key stands alone; `Bearer` is for tokens of OAuth.
    if headers.get("authorization").is_none_or(|key| key != "token") {
        linear.refused.lock().push("who are you?".to_owned());
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let query: String = body["query"].as_str().unwrap_or_default().split_whitespace().collect();
    let input = &body["variables"]["input"];
    let answered = if query.starts_with("mutation($input:IssueCreateInput!){issueCreate(input:$input){") {
        linear.create(input)
    } else if query.starts_with(
        "mutation($input:IssueCreateInput!,$link:AttachmentCreateInput!){issueCreate(input:$input){",
    ) && query.contains("attachmentCreate(input:$link){")
    {
        linear.create(input).and_then(|created| linear.attach(created, &body["variables"]["link"]))
    } else if query.starts_with("query($id:String!){issue(id:$id){") {
        linear.find(body["variables"]["id"].as_str().unwrap_or_default())
    } else {
        Err(format!("Cannot query: {query}"))
    };
    match answered {
        Ok(data) => Json(json!({ "data": data })).into_response(),
        Err(why) => {
            linear.refused.lock().push(why.clone());
            let error =
                json!({"message": why, "extensions": {"code": "INPUT_ERROR", "type": "invalid input"}});
            (StatusCode::BAD_REQUEST, Json(json!({"errors": [error], "data": null}))).into_response()
        }
    }
}

impl Linear {
    fn create(&self, input: &Value) -> Result<Value, String> {
        let members = input.as_object().ok_or("input is missing")?;
        if let Some(name) = members.keys().find(|name| !INPUT.contains(&name.as_str())) {
            return Err(format!("Field \"{name}\" is not defined by type \"IssueCreateInput\""));
        }
        let text = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default();
        let id = Uuid::try_parse(text("id")).map_err(|error| error.to_string())?;
        if id.get_version_num() != 4 {
            return Err("id must be a UUID of version 4".to_owned());
        }
        if text("teamId") != TEAM || text("title").is_empty() || text("title").chars().count() > 255 {
            return Err("the team or the title is missing".to_owned());
        }
        if members.get("priority").and_then(Value::as_u64).is_none_or(|priority| priority > 4) {
            return Err("priority is 0 to 4".to_owned());
        }
        let labels = members.get("labelIds").and_then(Value::as_array).cloned().unwrap_or_default();
        if labels.iter().any(|label| Uuid::try_parse(label.as_str().unwrap_or_default()).is_err()) {
            return Err("each of labelIds must be a UUID".to_owned());
        }
        let mut issues = self.issues.lock();
        if issues.contains_key(text("id")) {
            return Err("id must be unique".to_owned());
        }
        issues.insert(text("id").to_owned(), input.clone());
        let issue = json!({"id": text("id"), "identifier": format!("SHO-{}", issues.len()), "url": "https://linear.app/x"});
        Ok(json!({"issueCreate": {"success": true, "issue": issue}}))
    }

    fn attach(&self, mut answer: Value, link: &Value) -> Result<Value, String> {
        let text = |name: &str| link[name].as_str().unwrap_or_default();
        if !self.issues.lock().contains_key(text("issueId")) {
            return Err("Entity not found: Issue".to_owned());
        }
        if text("title").is_empty() || !text("url").starts_with("http") {
            return Err("an attachment needs a title and an address".to_owned());
        }
        self.attachments.lock().push(link.clone());
        answer["attachmentCreate"] = json!({"success": true});
        Ok(answer)
    }

    fn find(&self, id: &str) -> Result<Value, String> {
        match self.issues.lock().contains_key(id) {
            true => {
                Ok(json!({"issue": {"id": id, "identifier": "SHO-found", "url": "https://linear.app/x"}}))
            }
            false => Err("Entity not found: Issue".to_owned()),
        }
    }
}
