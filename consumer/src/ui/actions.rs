//! What a person does to an issue on its page: read from a form, and carried out by compare-and-set. What it then means
//! is `issue::lifecycle`'s to say.

use issue::{
    document::{Issue, Mute, Status},
    id::IssueId,
    lifecycle::{Cause, Changes, Event, Resolution},
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::{failure::Failure, text::Shown, vocabulary};
use crate::{edit, store::IssueStore};

/// The API's limit on a comment, in characters.
const MAX_COMMENT: usize = 5_000;
/// The API's limit on a name, in characters.
const MAX_NAME: usize = 100;

/// The forms of an issue's page, by the end of their addresses.
pub const ACTS: [&str; 5] = ["status", "priority", "assignee", "mute", "comments"];

/// One change.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Of fields.
    Change(Box<Changes>),
    /// What somebody says.
    Comment(String),
}

impl Action {
    /// Reads the form at `/issues/{id}/{act}`. `None`: there is no such form.
    pub fn parse(act: &str, value: &str, now: Timestamp) -> Option<Result<Self, Failure>> {
        Some(match act {
            "status" => status(value),
            "priority" => priority(value),
            "assignee" => assignee(value.trim()),
            "mute" => mute(value, now),
            "comments" => return Some(comment(value)),
            _ => return None,
        })
        .map(|changes| changes.map(|changes| Self::Change(Box::new(changes))))
    }

    /// Where on the page its effect is seen.
    pub fn anchor(&self) -> &'static str {
        match self {
            Self::Comment(_) => "#activity",
            Self::Change(_) => "",
        }
    }

    /// What the field that this changes holds now, in the words of the page.
    fn stands(&self, issue: &Issue) -> Option<String> {
        match self {
            Self::Change(changes) if changes.status.is_some() => Some(vocabulary::word(issue.status)),
            Self::Change(changes) if changes.priority.is_some() => Some(vocabulary::word(issue.priority)),
            Self::Change(changes) if changes.assignee_id.is_some() => Some(name_seen(issue)),
            _ => None,
        }
    }

    fn event(&self) -> Event {
        match self {
            Self::Change(changes) => Event::Changed(changes.clone()),
            Self::Comment(content) => Event::Commented { content: content.clone() },
        }
    }
}

/// The assignee as a form carries it to and fro: as it is shown, so bounded, and nothing that a browser would change.
pub fn name_seen(issue: &Issue) -> String {
    let name = issue.assignee_id.as_deref().unwrap_or_default();
    Shown::line(name, 500).to_string()
}

fn status(value: &str) -> Result<Changes, Failure> {
    let (status, resolution) = match value {
        "resolved-in-next-release" => (Some(Status::Resolved), Resolution::NextRelease),
        other => (vocabulary::parse(other), Resolution::Now),
    };
    match status {
        None => Err(Failure::Form("This status is not known.")),
        status => Ok(Changes { status, resolution, ..Changes::default() }),
    }
}

fn priority(value: &str) -> Result<Changes, Failure> {
    match vocabulary::parse(value) {
        None => Err(Failure::Form("This priority is not known.")),
        priority => Ok(Changes { priority, ..Changes::default() }),
    }
}

fn assignee(name: &str) -> Result<Changes, Failure> {
    if name.chars().count() > MAX_NAME {
        return Err(Failure::Form("A name has at most 100 characters."));
    }
    if name.contains(char::is_control) {
        return Err(Failure::Form("A name has no control characters."));
    }
    let assignee = (!name.is_empty()).then(|| name.to_owned());
    Ok(Changes { assignee_id: Some(assignee), ..Changes::default() })
}

fn mute(value: &str, now: Timestamp) -> Result<Changes, Failure> {
    let until = |hours| now.checked_add(SignedDuration::from_hours(hours)).map(Mute::Until).ok();
    let mute = match value {
        "off" => None,
        // The lifecycle fills in the present release, and the count so far.
        "next-release" => Some(Mute::NextRelease(String::new())),
        "day" => until(24),
        "week" => until(7 * 24),
        "hundred" => Some(Mute::Count(100)),
        _ => return Err(Failure::Form("This way to mute is not known.")),
    };
    Ok(Changes { mute: Some(mute), ..Changes::default() })
}

fn comment(content: &str) -> Result<Action, Failure> {
    // Browsers send line breaks of a text area as CR LF (HTML, section 4.10.21).
    let content = content.replace("\r\n", "\n");
    let content = content.trim();
    match content.chars().count() {
        0 => Err(Failure::Form("A comment needs a text.")),
        1..=MAX_COMMENT => Ok(Action::Comment(content.to_owned())),
        _ => Err(Failure::Form("A comment has at most 5,000 characters.")),
    }
}

/// Carries a change out; one that changes nothing writes nothing. `seen` is what the field showed on the page that the form
/// stood on: where somebody else has set it meanwhile, theirs stays.
pub async fn perform(
    store: &dyn IssueStore,
    id: IssueId,
    person: &str,
    action: &Action,
    seen: Option<&str>,
    now: Timestamp,
) -> Result<(), Failure> {
    let cause = Cause { id: Uuid::now_v7(), at: now, actor: person.to_owned() };
    for _ in 0..edit::TRIES {
        let loaded = edit::load(store, id, Vec::new()).await?;
        let stands = loaded.issue.as_ref().and_then(|issue| action.stands(issue));
        if seen.is_some_and(|seen| stands.is_some_and(|stands| stands != seen)) {
            return Err(Failure::Stale);
        }
        if edit::once(store, id, &action.event(), &cause, loaded, Vec::new()).await?.is_some() {
            return Ok(());
        }
    }
    Err(Failure::Busy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(act: &str, value: &str) -> Option<Option<Action>> {
        Action::parse(act, value, Timestamp::UNIX_EPOCH).map(Result::ok)
    }

    #[test]
    fn a_form_holds_one_change_or_none() {
        let long = "x".repeat(101);
        let essay = "x".repeat(5_001);
        for (act, value, is_taken) in [
            ("status", "resolved", true),
            ("status", "resolved-in-next-release", true),
            ("status", "Resolved", false),
            ("status", "", false),
            ("priority", "low", true),
            ("priority", "lowest", false),
            ("assignee", " ada ", true),
            ("assignee", "", true),
            ("assignee", "a\0b", false),
            ("assignee", &long, false),
            ("mute", "off", true),
            ("mute", "week", true),
            ("mute", "forever", false),
            ("comments", "x\r\ny", true),
            ("comments", " \r\n ", false),
            ("comments", &essay, false),
        ] {
            assert_eq!(parse(act, value).map(|action| action.is_some()), Some(is_taken), "{act} {value:?}");
        }
        assert_eq!(parse("delete", ""), None);
    }

    #[test]
    fn names_and_comments_are_trimmed() {
        assert_eq!(parse("comments", " a\r\nb\n"), Some(Some(Action::Comment("a\nb".to_owned()))));
        let changes = Changes { assignee_id: Some(Some("ada".to_owned())), ..Changes::default() };
        assert_eq!(parse("assignee", " ada "), Some(Some(Action::Change(Box::new(changes)))));
        let nobody = Changes { assignee_id: Some(None), ..Changes::default() };
        assert_eq!(parse("assignee", ""), Some(Some(Action::Change(Box::new(nobody)))));
    }
}
