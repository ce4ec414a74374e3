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
    /// UUIDs of labels.
    #[serde(default)]
    pub label_ids: Vec<String>,
}

/// The issue's id: made of what it is about and the team.
pub fn issue_id(ticket: &Ticket, target: &Target) -> String {
    delivery_key(&format!("linear:{}", target.team_id), ticket.about.word(), &ticket.id)
}

/// What is asked for the issue, and behind it for the link back to us, where our address is known: mutations of one request
/// run in their order (GraphQL, section 6.2.2). Linear makes one attachment for an address.
const ISSUE: &str = "issueCreate(input: $input) { success issue { id identifier url } }";
const LINK: &str = "attachmentCreate(input: $link) { success }";

/// `issueCreate`, with an attachment that leads back.
pub fn body(ticket: &Ticket, target: &Target) -> Value {
    let priority = PRIORITIES.get(ticket.priority.number()).copied().unwrap_or_default();
    let id = issue_id(ticket, target);
    let input = json!({
        "id": id,
        "teamId": target.team_id,
        "title": ticket.title,
        "description": description(ticket),
        "priority": priority,
        "labelIds": target.label_ids,
    });
    let Some(link) = &ticket.link else {
        let query = format!("mutation($input: IssueCreateInput!) {{ {ISSUE} }}");
        return json!({"query": query, "variables": {"input": input}});
    };
    let link = json!({"issueId": id, "title": ticket.about.title(), "subtitle": ticket.priority.name(), "url": link});
    let query =
        format!("mutation($input: IssueCreateInput!, $link: AttachmentCreateInput!) {{ {ISSUE} {LINK} }}");
    json!({"query": query, "variables": {"input": input, "link": link}})
}

/// The look-up after a delivery of unknown end.
pub fn look_up(ticket: &Ticket, target: &Target) -> Value {
    json!({
        "query": "query($id: String!) { issue(id: $id) { id identifier url } }",
        "variables": {"id": issue_id(ticket, target)},
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
