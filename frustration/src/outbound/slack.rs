//! Slack: a message of blocks for `chat.postMessage` or an incoming webhook.
//!
//! Source: <https://docs.slack.dev/reference/block-kit/blocks> (texts of a section up to 3,000, of a header up to 150
//! characters).

use serde_json::{Value, json};

use super::{Ticket, markup};

/// The message; `text` is what a notification shows.
pub fn body(ticket: &Ticket) -> Value {
    let title = markup::line(&ticket.title, 140);
    let section = |text: String| json!({"type": "section", "text": {"type": "mrkdwn", "text": markup::cut(&text, 2900)}});
    let wanted = ["Summary", "What went wrong", "Confidence"];
    let told = ticket.sections.iter().filter(|(heading, _)| wanted.contains(heading));
    let mut blocks =
        vec![json!({"type": "header", "text": {"type": "plain_text", "text": title, "emoji": false}})];
    blocks.extend(told.map(|(heading, text)| section(format!("*{heading}*\n{}", markup::slack(text)))));
    if let Some(link) = &ticket.link {
        // Our own address; what stands in it was made by us.
        blocks.push(section(format!("<{}|Open the incident>", markup::slack(link))));
    }
    let text = markup::slack(&format!("{} {title}", ticket.priority.name()));
    json!({"text": text, "blocks": blocks, "unfurl_links": false, "unfurl_media": false})
}
