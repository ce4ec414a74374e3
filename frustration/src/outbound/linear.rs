//! Linear: one GraphQL mutation with an id of our making, so that sending it twice makes one issue.
//!
//! Source: <https://developers.linear.app/docs/graphql/working-with-the-graphql-api> and its published schema
//! (`IssueCreateInput`, `AttachmentCreateInput`).

use std::collections::BTreeSet;

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
    /// Names of labels, of the team or of all teams, as they are written there.
    #[serde(default)]
    pub labels: Vec<String>,
}

/// Labels of one name that Linear may have: each of some teams can have one.
const FOUND: usize = 250;

/// What asks for the labels that are named; `None`: none is.
pub fn ask_labels(target: &Target) -> Option<Value> {
    let query = "query($names: [String!]!, $first: Int!) { issueLabels(filter: { name: { in: $names } }, first: $first) \
                 { nodes { id name team { id } } } }";
    let variables = json!({"names": target.labels, "first": FOUND});
    (!target.labels.is_empty()).then(|| json!({"query": query, "variables": variables}))
}

/// The UUIDs of what was asked for, and the names that nothing has here; `None`: that is no answer. The team's own label goes
/// before that of all teams.
pub fn found_labels(target: &Target, answer: &Value) -> Option<(Vec<String>, Vec<String>)> {
    let nodes = answer["data"]["issueLabels"]["nodes"].as_array()?;
    let of = |name: &String, is_fit: &dyn Fn(&Value) -> bool| {
        let fit = nodes.iter().find(|node| node["name"] == *name.as_str() && is_fit(&node["team"]));
        fit.and_then(|node| node["id"].as_str()).map(str::to_owned)
    };
    let (mut ids, mut missing) = (Vec::new(), Vec::new());
    for name in &target.labels {
        let own = of(name, &|team| team["id"] == *target.team_id.as_str());
        match own.or_else(|| of(name, &Value::is_null)) {
            Some(id) => ids.push(id),
            None => missing.push(name.clone()),
        }
    }
    Some((ids, missing))
}

/// The issue's id: made of what it is about and the team.
pub fn issue_id(ticket: &Ticket, target: &Target) -> String {
    delivery_key(&format!("linear:{}", target.team_id), ticket.about.word(), &ticket.id)
}

/// What is asked for the issue, and behind it for the link back to us, where our address is known: mutations of one request
/// run in their order (GraphQL, section 6.2.2). Linear makes one attachment for an address.
const ISSUE: &str = "issueCreate(input: $input) { success issue { id identifier url } }";
const LINK: &str = "attachmentCreate(input: $link) { success }";

/// `issueCreate`, with an attachment that leads back. `labels` are those of [`found_labels`].
pub fn body(ticket: &Ticket, target: &Target, labels: &[String]) -> Value {
    let priority = PRIORITIES.get(ticket.priority.number()).copied().unwrap_or_default();
    let id = issue_id(ticket, target);
    let input = json!({
        "id": id,
        "teamId": target.team_id,
        "title": ticket.title,
        "description": description(ticket),
        "priority": priority,
        "labelIds": target.label_ids.iter().chain(labels).collect::<BTreeSet<_>>(),
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
