//! Jira Cloud and Server: `POST /rest/api/3/issue` with a description in the Atlassian Document Format, and the look-up
//! that settles whether a delivery of unknown end arrived.
//!
//! Source: <https://developer.atlassian.com/cloud/jira/platform/rest/v3/> and its `apis/document/structure`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Ticket;

/// Characters of a description, all of it as JSON.
const DESCRIPTION: usize = 32_000;
/// Characters of a summary.
const SUMMARY: usize = 250;

/// Where tickets go. How to log in is the worker's business.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Target {
    /// `SHOP`.
    pub project: String,
    /// `Bug`, `Task`.
    #[serde(default = "bug")]
    pub issue_type: String,
    /// The project's own names of P0 to P4.
    #[serde(default = "priorities")]
    pub priorities: [String; 5],
}

fn bug() -> String {
    "Bug".to_owned()
}

fn priorities() -> [String; 5] {
    ["Highest", "High", "Medium", "Low", "Lowest"].map(str::to_owned)
}

/// The body of the request: no field that is not in Jira's own schema.
pub fn body(ticket: &Ticket, target: &Target) -> Value {
    let mut labels = ticket.labels.clone();
    labels.push(ticket.marker());
    let priority = target.priorities.get(ticket.priority.number()).map_or("Medium", String::as_str);
    json!({"fields": {
        "project": {"key": target.project},
        "summary": super::markup::line(&ticket.title, SUMMARY),
        "description": description(ticket),
        "issuetype": {"name": target.issue_type},
        "priority": {"name": priority},
        "labels": labels,
    }})
}

/// Sections until the document would be too long; what is cut can be read on our page.
fn description(ticket: &Ticket) -> Value {
    let mut content = Vec::new();
    let mut length = 0;
    for (heading, text) in &ticket.sections {
        let nodes = [
            json!({"type": "heading", "attrs": {"level": 3}, "content": [text_node(heading)]}),
            json!({"type": "paragraph", "content": lines(text)}),
        ];
        length += nodes.iter().map(|node| node.to_string().len()).sum::<usize>();
        if length > DESCRIPTION - 1000 {
            content.push(json!({"type": "paragraph", "content": [text_node("The rest was cut.")]}));
            break;
        }
        content.extend(nodes);
    }
    if let Some(link) = &ticket.link {
        let mark = json!([{"type": "link", "attrs": {"href": link}}]);
        let node = json!({"type": "text", "text": ticket.about.page(), "marks": mark});
        content.push(json!({"type": "paragraph", "content": [node]}));
    }
    json!({"type": "doc", "version": 1, "content": content})
}

/// Text nodes may not be empty, and lines are apart by `hardBreak`.
fn lines(text: &str) -> Vec<Value> {
    let mut nodes = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        if !nodes.is_empty() {
            nodes.push(json!({"type": "hardBreak"}));
        }
        nodes.push(text_node(line));
    }
    if nodes.is_empty() { vec![text_node("-")] } else { nodes }
}

fn text_node(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

/// The search that finds the ticket of a delivery: `POST /rest/api/3/search/jql`, or `/rest/api/2/search` on a server.
pub fn look_up(ticket: &Ticket, target: &Target) -> Value {
    let quoted = |text: &str| text.replace(['"', '\\'], "");
    let jql = format!("project = \"{}\" AND labels = \"{}\"", quoted(&target.project), ticket.marker());
    json!({"jql": jql, "maxResults": 2, "fields": ["key", "status"]})
}
