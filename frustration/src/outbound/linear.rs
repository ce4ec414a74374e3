//! Linear: one GraphQL mutation with an id of our making, so that sending it twice makes one issue.
//!
//! Source: <https://developers.linear.app/docs/graphql/working-with-the-graphql-api> and its published schema
//! (`IssueCreateInput`, `AttachmentCreateInput`).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Ticket, delivery_key, markup};

/// Characters of a description.
const DESCRIPTION: usize = 30_000;

/// P0 to P4 in Linear's numbers, where 1 is urgent and 0 is none.
const PRIORITIES: [u8; 5] = [1, 2, 3, 4, 0];

/// Where tickets go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Target {
    /// UUID of the team.
    pub team_id: String,
    /// UUIDs of labels, which the worker finds by name.
    #[serde(default)]
    pub label_ids: Vec<String>,
}

/// The issue's id: made of incident and team.
pub fn issue_id(ticket: &Ticket, target: &Target) -> String {
    delivery_key(&format!("linear:{}", target.team_id), "incident", &ticket.incident_id)
}

/// `issueCreate`.
pub fn body(ticket: &Ticket, target: &Target) -> Value {
    let priority = PRIORITIES.get(ticket.priority.number()).copied().unwrap_or_default();
    json!({
        "query": "mutation($input: IssueCreateInput!) { issueCreate(input: $input) { success issue { id identifier url } } }",
        "variables": {"input": {
            "id": issue_id(ticket, target),
            "teamId": target.team_id,
            "title": ticket.title,
            "description": description(ticket),
            "priority": priority,
            "labelIds": target.label_ids,
        }},
    })
}

/// The link back to us; `None` where our address is not known. Linear makes one attachment for an address.
pub fn attachment(ticket: &Ticket, target: &Target) -> Option<Value> {
    let link = ticket.link.as_ref()?;
    Some(json!({
        "query": "mutation($input: AttachmentCreateInput!) { attachmentCreate(input: $input) { success } }",
        "variables": {"input": {
            "issueId": issue_id(ticket, target),
            "title": "Incident",
            "subtitle": ticket.priority.name(),
            "url": link,
        }},
    }))
}

/// The look-up after a delivery of unknown end.
pub fn look_up(ticket: &Ticket, target: &Target) -> Value {
    json!({
        "query": "query($id: String!) { issue(id: $id) { id identifier url } }",
        "variables": {"id": issue_id(ticket, target)},
    })
}

/// The label names that the worker looks up once: `{name → id}`.
pub fn label_look_up(names: &[String]) -> Value {
    json!({
        "query": "query($names: [String!]!) { issueLabels(filter: {name: {in: $names}}) { nodes { id name } } }",
        "variables": {"names": names},
    })
}

fn description(ticket: &Ticket) -> String {
    let mut out = String::new();
    for (heading, text) in &ticket.sections {
        let lines: Vec<String> = text.lines().map(markup::markdown).collect();
        out.push_str(&format!("### {heading}\n\n{}\n\n", lines.join("  \n")));
    }
    markup::cut(&out, DESCRIPTION)
}
