//! What the engine keeps of an event: forty bytes and three references into the session's own table of texts.
//!
//! Metadata is written by many hands; [`Told::of`] reads the names that are known, once, when the event arrives. What a
//! detector needs to know has to be read here.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::event::{Event, Kind};

/// Yes-or-no facts of an event, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Flags(u32);

impl Flags {
    /// A click after which the page did not change.
    pub const UNCHANGED: Self = Self(1);
    /// A click after which the page changed.
    pub const CHANGED: Self = Self(1 << 1);
    /// The pointer promised something.
    pub const POINTER: Self = Self(1 << 2);
    /// It looks like a button.
    pub const LOOKS_LIKE_BUTTON: Self = Self(1 << 3);
    /// It was made to deceive.
    pub const DECEPTIVE: Self = Self(1 << 4);
    /// It distracts.
    pub const DISTRACTING: Self = Self(1 << 5);
    /// Nothing listens to clicks on it.
    pub const NO_HANDLER: Self = Self(1 << 6);
    /// The target said that it is not ready.
    pub const NOT_READY: Self = Self(1 << 7);
    /// What was typed was not accepted, as it should not be.
    pub const VALIDATION: Self = Self(1 << 8);
    /// The visitor left by a link to elsewhere, by sharing, by a bookmark.
    pub const LEFT: Self = Self(1 << 9);
    /// The session ends here.
    pub const RESET: Self = Self(1 << 10);
    /// The request failed without a status.
    pub const FAILED: Self = Self(1 << 11);
    /// A machine, or a tool that clicks for people.
    pub const ASSISTED: Self = Self(1 << 12);

    /// The traits of a bait.
    pub const TRAITS: [Self; 5] =
        [Self::POINTER, Self::LOOKS_LIKE_BUTTON, Self::DECEPTIVE, Self::DISTRACTING, Self::NO_HANDLER];

    /// Whether all of `other` are set.
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    fn set(&mut self, other: Self, when: bool) {
        self.0 |= if when { other.0 } else { 0 };
    }
}

/// An event as a session keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Row", from = "Row")]
pub struct Fact {
    /// Unix milliseconds.
    pub at: i64,
    /// Equal keys are one event.
    pub key: u64,
    /// How many of the session's events arrived before.
    pub arrival: u32,
    /// Milliseconds that something took, or changes of direction.
    pub amount: u32,
    /// Yes or no.
    pub flags: Flags,
    /// HTTP status, 0 where there is none.
    pub status: u16,
    /// Place of the route in the session's texts.
    pub route: u16,
    /// Place of the target.
    pub target: u16,
    /// Place of what was said, 0 for nothing.
    pub said: u16,
    /// What happened.
    pub kind: Kind,
}

/// As it is written: a list without names, because there are many of them.
type Row = (i64, u64, u32, u32, Flags, u16, u16, u16, u16, Kind);

impl From<Fact> for Row {
    fn from(f: Fact) -> Self {
        (f.at, f.key, f.arrival, f.amount, f.flags, f.status, f.route, f.target, f.said, f.kind)
    }
}

impl From<Row> for Fact {
    fn from((at, key, arrival, amount, flags, status, route, target, said, kind): Row) -> Self {
        Self { at, key, arrival, amount, flags, status, route, target, said, kind }
    }
}

impl Fact {
    /// The order of judgement: time, cause before effect, and something fixed on ties, so that the order of arrival
    /// decides nothing.
    pub fn order(&self) -> (i64, Kind, u64) {
        (self.at, self.kind, self.key)
    }

    /// The page refused something: an error, or a request that failed.
    pub fn rejects(&self) -> bool {
        match self.kind {
            Kind::Error => true,
            Kind::Network => self.status >= 400 || self.flags.has(Flags::FAILED),
            _ => false,
        }
    }

    /// A request that was answered well.
    pub fn is_answered(&self) -> bool {
        self.kind == Kind::Network && (200..300).contains(&self.status) && !self.flags.has(Flags::FAILED)
    }
}

/// What metadata tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Yes or no.
    pub flags: Flags,
    /// HTTP status.
    pub status: u16,
    /// Duration in milliseconds, or changes of direction.
    pub amount: u32,
    /// The message of an error, bounded.
    pub said: String,
    /// The address of a request, where the target does not tell it.
    pub address: Option<String>,
}

/// Characters of a message that are kept.
const SAID: usize = 200;

/// Parts of user agents whose clicks are not people's own.
const ASSISTED: &[&str] = &[
    "crawler",
    "spider",
    "slurp",
    "lighthouse",
    "pingdom",
    "uptimerobot",
    "nvda",
    "jaws",
    "voiceover",
    "talkback",
    "narrator",
    "zoomtext",
    "switchaccess",
    "dragon naturally",
];

/// Names of metadata that say `true` or `false`, and what that means.
const TRUTHS: &[(&str, bool, Flags)] = &[
    ("mutated", false, Flags::UNCHANGED),
    ("mutated", true, Flags::CHANGED),
    ("looksLikeButton", true, Flags::LOOKS_LIKE_BUTTON),
    ("isDeceptive", true, Flags::DECEPTIVE),
    ("isDistracting", true, Flags::DISTRACTING),
    ("hasClickHandler", false, Flags::NO_HANDLER),
    ("loading", true, Flags::NOT_READY),
    ("disabled", true, Flags::NOT_READY),
    ("validation", true, Flags::VALIDATION),
    ("external", true, Flags::LEFT),
    ("share", true, Flags::LEFT),
    ("bookmark", true, Flags::LEFT),
    ("reset", true, Flags::RESET),
    ("assistiveTechnology", true, Flags::ASSISTED),
];

impl Told {
    /// Reads an event's metadata.
    pub fn of(event: &Event) -> Self {
        let metadata = &event.metadata;
        let mut told = Self::default();
        if metadata.is_empty() {
            told.flags.set(Flags::NOT_READY, is_not_ready(event));
            return told;
        }
        for (name, truth, flag) in TRUTHS {
            told.flags.set(*flag, metadata.get(*name).and_then(Value::as_bool) == Some(*truth));
        }
        let text = |name: &str| metadata.get(name).and_then(Value::as_str).unwrap_or_default();
        told.flags.set(Flags::POINTER, text("cursor") == "pointer");
        told.flags.set(Flags::NOT_READY, is_not_ready(event));
        told.flags.set(Flags::ASSISTED, is_assisted(text("userAgent")));
        let validation = ["errorType", "category", "kind"].iter().any(|name| is_validation(text(name)));
        told.flags.set(Flags::VALIDATION, validation);
        let left = ["method", "via", "destination"]
            .iter()
            .any(|name| ["external", "share", "bookmark"].contains(&text(name)));
        told.flags.set(Flags::LEFT, event.event_type == Kind::Navigation && left);
        told.flags.set(Flags::FAILED, metadata.get("error").is_some_and(is_told));
        told.status = number(metadata, &["status", "statusCode"]).try_into().unwrap_or(u16::MAX);
        told.amount = number(
            metadata,
            match event.event_type {
                Kind::Cursor => &["directionChanges"],
                _ => &["duration", "durationMs"],
            },
        );
        if matches!(event.event_type, Kind::Error | Kind::Network) {
            told.said = [text("message"), text("error")].concat().chars().take(SAID).collect();
        }
        told.address = Some(text("url")).filter(|url| !url.is_empty()).map(str::to_owned);
        told
    }
}

/// The trace of a request, as tracing headers name it: `traceId`, or the middle of a W3C `traceparent`.
pub fn trace(event: &Event) -> Option<String> {
    let text = |name: &str| event.metadata.get(name).and_then(Value::as_str);
    let named = text("traceId").or_else(|| text("trace_id"));
    let trace = named.or_else(|| text("traceparent")?.split('-').nth(1))?;
    let fits =
        (8..=64).contains(&trace.len()) && trace.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    fits.then(|| trace.to_ascii_lowercase())
}

/// Whether a member says anything: `error: null`, `false` and `""` do not.
fn is_told(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false)) && value.as_str() != Some("")
}

fn is_not_ready(event: &Event) -> bool {
    matches!(event.target.kind.as_str(), "loading" | "disabled")
}

fn is_validation(text: &str) -> bool {
    text.get(..10).is_some_and(|start| start.eq_ignore_ascii_case("validation"))
}

/// `Googlebot/2.1` is a machine, the phone `CUBOT` is not.
fn is_assisted(agent: &str) -> bool {
    let agent = agent.to_ascii_lowercase();
    let bot = |word: &str| word.ends_with("bot") && word != "cubot";
    ASSISTED.iter().any(|part| agent.contains(part))
        || agent.split(|c: char| !c.is_ascii_alphanumeric()).any(bot)
}

fn number(metadata: &Map<String, Value>, names: &[&str]) -> u32 {
    let value = names.iter().find_map(|name| metadata.get(*name)?.as_f64()).unwrap_or_default();
    // The cast saturates, and turns what is no number into 0.
    value as u32
}
