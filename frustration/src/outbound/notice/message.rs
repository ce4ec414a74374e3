//! One message of one or many issues, and its form for each medium: bounded, and with nothing in it that is markup there.

use std::collections::BTreeSet;

use issue::{
    document::{Issue, Occurrence},
    id::IssueId,
    report::{Frame, Priority},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Cause;
use crate::outbound::{About, Priority as Urgency, Ticket, email::Letter, markup};

/// Issues that a message names; the others are counted.
pub const LISTED: usize = 20;

/// Frames of a stack.
const FRAMES: usize = 5;

/// Characters of each text.
const LINE: usize = 300;

/// An issue as it was when something happened to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "each is the field of its name in Issue")]
pub struct Told {
    pub issue_id: IssueId,
    /// What happened.
    pub cause: Cause,
    /// When.
    pub at: Timestamp,
    pub title: String,
    #[serde(rename = "type")]
    pub error_type: Option<String>,
    pub message: String,
    /// The innermost frames, those of the application where there are any.
    pub frames: Vec<String>,
    pub culprit: Option<String>,
    pub workload: Option<String>,
    pub release: Option<String>,
    pub count: u64,
    pub priority: Priority,
}

impl Told {
    /// Of an issue and the samples that came with what happened.
    pub fn of(issue: &Issue, cause: Cause, samples: &[Occurrence], at: Timestamp) -> Self {
        let line = |text: &str| markup::line(text, LINE);
        let place = issue.source.as_ref();
        let report = samples.iter().rev().find_map(|sample| sample.report.as_ref());
        let all = report.map(|report| report.frames.as_slice()).unwrap_or_default();
        let own: Vec<&Frame> = all.iter().filter(|frame| frame.in_app).collect();
        let shown = if own.is_empty() { all.iter().collect() } else { own };
        Self {
            issue_id: issue.id,
            cause,
            at,
            title: line(&issue.title),
            error_type: issue.reported.as_ref().and_then(|told| told.error_type.as_deref()).map(line),
            message: line(report.map_or(&issue.description, |report| &report.message)),
            frames: shown.into_iter().take(FRAMES).map(frame).collect(),
            culprit: issue.reported.as_ref().and_then(|told| told.culprit.as_deref()).map(line),
            workload: place.and_then(|place| place.workload.as_ref()).map(|w| line(&w.to_string())),
            release: place.and_then(|place| place.release.as_deref()).map(line),
            count: issue.count,
            priority: issue.priority,
        }
    }

    /// Where and how often, in a line.
    fn facts(&self) -> String {
        let times = if self.count == 1 { "once".to_owned() } else { format!("{} times", self.count) };
        let all = [
            Some(format!("{} priority", priority(self.priority))),
            self.workload.clone(),
            self.release.as_ref().map(|release| format!("release {release}")),
            Some(times),
        ];
        all.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }
}

fn frame(frame: &Frame) -> String {
    let name = match (&frame.module, &frame.function) {
        (Some(module), Some(function)) => format!("{module} in {function}"),
        (None, Some(name)) | (Some(name), None) => name.clone(),
        (None, None) => "?".to_owned(),
    };
    let place = frame.file.as_ref().map(|file| match frame.line {
        Some(line) => format!(" ({file}:{line})"),
        None => format!(" ({file})"),
    });
    markup::line(&(name + &place.unwrap_or_default()), LINE)
}

fn priority(priority: Priority) -> &'static str {
    match priority {
        Priority::Low => "low",
        Priority::Medium => "medium",
        Priority::High => "high",
        Priority::Critical => "critical",
    }
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The most urgent.
    first: Told,
    /// The others that it names, the more urgent first.
    others: Vec<Told>,
    /// How many there are, by cause.
    counts: Vec<(Cause, usize)>,
    /// How many issues: one may be told for two causes.
    issues: usize,
    /// The address of our pages.
    base: Option<String>,
}

impl Message {
    /// Of what is told together; `None`: of nothing. The order that they come in changes nothing.
    pub fn of(mut told: Vec<Told>, base: Option<&str>) -> Option<Self> {
        told.sort_by(|one, other| {
            let urgent = |told: &Told| (told.priority, told.cause, told.count);
            urgent(other).cmp(&urgent(one)).then_with(|| one.issue_id.cmp(&other.issue_id))
        });
        let count = |cause: Cause| (cause, told.iter().filter(|told| told.cause == cause).count());
        let issues = told.iter().map(|told| told.issue_id).collect::<BTreeSet<_>>().len();
        let counts: Vec<_> = Cause::ALL.map(count).into_iter().filter(|(_, count)| *count > 0).collect();
        let base = base.map(|base| base.trim_end_matches('/').to_owned());
        told.truncate(LISTED);
        let mut told = told.into_iter();
        Some(Self { first: told.next()?, others: told.collect(), counts, issues, base })
    }

    /// Those that it names.
    fn listed(&self) -> impl Iterator<Item = &Told> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The only one, where it is about one.
    fn only(&self) -> Option<&Told> {
        (self.others.is_empty() && self.more() == 0).then_some(&self.first)
    }

    /// How many it is about that it does not name.
    fn more(&self) -> usize {
        self.counts.iter().map(|(_, count)| count).sum::<usize>() - self.others.len() - 1
    }

    /// What it is about, in a line.
    pub fn subject(&self) -> String {
        if self.issues == 1 {
            let causes: Vec<&str> = self.counts.iter().map(|(cause, _)| cause.word()).collect();
            return markup::line(&format!("[{}] {}", causes.join(", "), self.first.title), 200);
        }
        let counts: Vec<String> =
            self.counts.iter().map(|(cause, count)| format!("{count} {}", cause.word())).collect();
        format!("{} issues: {}", self.issues, counts.join(", "))
    }

    /// The page of an issue.
    fn link(&self, id: IssueId) -> Option<String> {
        self.base.as_ref().map(|base| format!("{base}/issues/{id}"))
    }

    /// The page of all.
    fn all(&self) -> String {
        self.base.as_ref().map(|base| format!(" {base}/issues")).unwrap_or_default()
    }

    /// As a mail.
    pub fn letter(&self) -> Letter {
        let mut text = String::new();
        for told in self.listed() {
            text.push_str(&format!("{}: {}\n{}\n", told.cause.word(), told.title, told.facts()));
            if self.only().is_some() {
                text.push_str(&format!("\n{}\n\n", told.message));
                text.extend(told.frames.iter().map(|frame| format!("  at {frame}\n")));
            } else if let Some(culprit) = &told.culprit {
                text.push_str(&format!("in {culprit}\n"));
            }
            text.push_str(&self.link(told.issue_id).map(|link| link + "\n").unwrap_or_default());
            text.push('\n');
        }
        if self.more() > 0 {
            text.push_str(&format!("And {} more.{}\n", self.more(), self.all()));
        }
        Letter { subject: self.subject(), text }
    }

    /// As a message in Slack.
    pub fn slack(&self) -> Value {
        let section = |text: String| json!({"type": "section", "text": {"type": "mrkdwn", "text": markup::cut(&text, 2900)}});
        let header = markup::line(&self.subject(), 140);
        let mut blocks =
            vec![json!({"type": "header", "text": {"type": "plain_text", "text": header, "emoji": false}})];
        for told in self.listed() {
            let title = markup::slack(&told.title);
            // Our own address; what stands in it was made by us.
            let title = match self.link(told.issue_id) {
                Some(link) => format!("<{}|{}>", markup::slack(&link), title.replace('|', "\u{2223}")),
                None => title,
            };
            let mut lines = vec![format!("*{}* {title}", told.cause.word()), markup::slack(&told.facts())];
            if self.only().is_some() {
                lines.push(markup::slack(&told.message));
                lines.extend(told.frames.iter().map(|frame| format!("at {}", markup::slack(frame))));
            } else {
                lines.extend(told.culprit.as_deref().map(|culprit| format!("in {}", markup::slack(culprit))));
            }
            blocks.push(section(lines.join("\n")));
        }
        if self.more() > 0 {
            blocks.push(section(markup::slack(&format!("And {} more.{}", self.more(), self.all()))));
        }
        json!({"text": markup::slack(&header), "blocks": blocks, "unfurl_links": false, "unfurl_media": false})
    }

    /// As a ticket of the most urgent: what becomes a ticket is told alone.
    pub fn ticket(&self) -> Ticket {
        let told = &self.first;
        let place = [
            told.culprit.clone(),
            told.workload.clone(),
            told.release.as_ref().map(|release| format!("release {release}")),
        ];
        let place: Vec<String> = place.into_iter().flatten().collect();
        let times = if told.count == 1 { "once".to_owned() } else { format!("{} times", told.count) };
        let sections = [
            ("What happened", told.message.clone()),
            ("Where", place.join("\n")),
            ("Stack", told.frames.join("\n")),
            (
                "Notes",
                format!("Issue {}, {}, seen {times} by {}.", told.issue_id, told.cause.word(), told.at),
            ),
        ];
        Ticket {
            title: told.title.clone(),
            sections: sections.into_iter().filter(|(_, text)| !text.is_empty()).collect(),
            priority: Urgency::of_issue(told.priority),
            labels: vec!["issuetracker".to_owned(), told.cause.word().to_owned()],
            about: About::Issue,
            id: told.issue_id.to_string(),
            link: self.link(told.issue_id),
        }
    }

    /// As JSON for a webhook.
    pub fn json(&self) -> Value {
        let one = |told: &Told| {
            let mut value = json!(told);
            if let (Some(members), Some(link)) = (value.as_object_mut(), self.link(told.issue_id)) {
                members.insert("url".to_owned(), link.into());
            }
            value
        };
        let counts: serde_json::Map<String, Value> =
            self.counts.iter().map(|(cause, count)| (cause.word().to_owned(), json!(count))).collect();
        let issues: Vec<Value> = self.listed().map(one).collect();
        json!({"event": "issues", "issues": issues, "more": self.more(), "counts": counts, "version": 1})
    }
}

#[cfg(test)]
mod tests;
