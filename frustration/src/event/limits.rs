//! How large an event may be, and why one was refused.

use serde_json::{Map, Value};

/// Bytes of one event.
pub const EVENT: usize = 10 * 1024;
/// Bytes of one body.
pub const BODY: usize = 500 * 1024;
/// Events of one body.
pub const EVENTS: usize = 100;
/// Keys of all metadata, nested ones too.
pub const KEYS: usize = 100;
/// How deep metadata nests.
pub const DEPTH: usize = 10;
/// Characters of a text.
pub const STRING: usize = 10_000;
/// Characters of a name: of a session, of an environment.
pub const NAME: usize = 200;

/// Why an item was not taken. The text of [`Refused::reason`] is for metrics and does not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Not an object of the shape of an event.
    #[error("not an event: an object with eventType, timestamp, sessionId and route is expected")]
    NotAnEvent,
    /// A name that is none of ours.
    #[error("eventType is not known")]
    UnknownType,
    /// A field is missing.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A field is of the wrong kind.
    #[error("{0} is not of the expected kind")]
    Field(&'static str),
    /// A text is too long.
    #[error("{0} is too long")]
    TooLong(&'static str),
    /// The whole is too large.
    #[error("the event is larger than 10 KB")]
    TooLarge,
    /// Too many keys in metadata.
    #[error("metadata has more than 100 keys")]
    TooManyKeys,
    /// Metadata nests too deep.
    #[error("metadata nests deeper than 10")]
    TooDeep,
    /// Later than a clock can be wrong.
    #[error("timestamp lies more than 24 h ahead")]
    Future,
    /// Older than what is kept.
    #[error("timestamp is older than 30 days")]
    Old,
    /// It holds personal data.
    #[error("the event holds personal data ({0}) and was dropped")]
    Private(&'static str),
}

impl Refused {
    /// A word for metrics.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NotAnEvent => "not_an_event",
            Self::UnknownType => "unknown_type",
            Self::Missing(_) => "missing_field",
            Self::Field(_) => "wrong_field",
            Self::TooLong(_) => "too_long",
            Self::TooLarge => "too_large",
            Self::TooManyKeys => "too_many_keys",
            Self::TooDeep => "too_deep",
            Self::Future => "future",
            Self::Old => "too_old",
            Self::Private(_) => "private",
        }
    }
}

/// Refuses what is larger than an event may be, without writing it out.
pub(super) fn size(item: &Value) -> Result<(), Refused> {
    /// Counts what would be written and stops at the limit.
    struct Meter(usize);
    impl std::io::Write for Meter {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            if self.0 > EVENT { Err(std::io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes.len()) }
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    serde_json::to_writer(Meter(0), item).map_err(|_| Refused::TooLarge)
}

/// A text, empty where there is none. Numbers and truth values are no texts.
pub(super) fn text(name: &'static str, value: Option<Value>, longest: usize) -> Result<String, Refused> {
    match value {
        None | Some(Value::Null) => Ok(String::new()),
        // Bytes bound characters, so most texts are not counted.
        Some(Value::String(text)) if text.len() > longest && text.chars().count() > longest => {
            Err(Refused::TooLong(name))
        }
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(Refused::Field(name)),
    }
}

/// A text that has to be there.
pub(super) fn required(name: &'static str, value: Option<Value>, longest: usize) -> Result<String, Refused> {
    let text = text(name, value, longest)?;
    if text.trim().is_empty() { Err(Refused::Missing(name)) } else { Ok(text) }
}

/// Metadata within its bounds.
pub(super) fn metadata(value: Option<Value>) -> Result<Map<String, Value>, Refused> {
    match value {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(members)) => {
            let mut keys = 0;
            object(&members, 1, &mut keys)?;
            Ok(members)
        }
        Some(_) => Err(Refused::Field("metadata")),
    }
}

fn object(members: &Map<String, Value>, depth: usize, keys: &mut usize) -> Result<(), Refused> {
    *keys += members.len();
    if *keys > KEYS {
        return Err(Refused::TooManyKeys);
    }
    members.values().try_for_each(|member| nested(member, depth + 1, keys))
}

fn nested(value: &Value, depth: usize, keys: &mut usize) -> Result<(), Refused> {
    match value {
        Value::Array(_) | Value::Object(_) if depth > DEPTH => Err(Refused::TooDeep),
        Value::Array(items) => items.iter().try_for_each(|item| nested(item, depth + 1, keys)),
        Value::Object(members) => object(members, depth, keys),
        Value::String(text) if text.len() > STRING && text.chars().count() > STRING => {
            Err(Refused::TooLong("metadata"))
        }
        _ => Ok(()),
    }
}
