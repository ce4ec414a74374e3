//! One event: what happened, and what stood around it.

use issue::report::{Kind, Language, Level, Parsed};
use serde_json::{Map, Value};

use super::exceptions::{Chain, Platform, frames};
use crate::{
    context,
    fields::Text,
    lenient::{is_empty, list_of, text_at, text_of, time_of},
    problem::{Fault, Problem},
    reports::{Around, FINGERPRINT, Item, MESSAGE, TAG, TAGS, What, label},
    vocabulary::{LANGUAGES, Words, meaning},
};

/// One event, read.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The SDK's name for it: 32 hex digits.
    pub id: Option<String>,
    /// The report.
    pub item: Item,
}

const WORD: Text = Text::line(200);
/// Breadcrumbs that are kept: the latest.
const BREADCRUMBS: usize = 30;

/// Sentry's levels. A message that somebody captured at `info` was meant to be seen, so it is no less than a warning.
const LEVELS: Words<Level> = &[
    ("fatal", Level::Fatal),
    ("critical", Level::Fatal),
    ("error", Level::Error),
    ("warning", Level::Warning),
    ("info", Level::Warning),
    ("log", Level::Warning),
    ("debug", Level::Warning),
];

/// Reads an event that has been redacted already.
pub fn read(event: Value) -> Result<Event, Problem> {
    let Value::Object(event) = event else {
        return Err(Problem::new(Fault::Malformed, "an event must be a JSON object"));
    };
    let platform = Platform::of(text_at(&event, &["platform"], &WORD).as_deref());
    let chain = Chain::of(&list_of(event.get("exception")), platform);
    let parsed = error(&event, platform, &chain);
    if parsed.error_type.is_none() && parsed.message.is_empty() && parsed.frames.is_empty() {
        return Err(Problem::new(Fault::Malformed, "an event must have an exception or a message"));
    }
    let around = Around {
        component: None,
        tags: tags(&event),
        context: Some(context_of(&event, &chain)),
        fingerprint: fingerprint(&event),
        at: event.get("timestamp").and_then(time_of),
        release: text_at(&event, &["release"], &WORD),
    };
    let item = Item { what: What::Error(Box::new(parsed)), around };
    Ok(Event { id: text_at(&event, &["event_id"], &Text::line(36)), item })
}

fn error(event: &Map<String, Value>, platform: Platform, chain: &Chain) -> Parsed {
    let message = message(event);
    let level =
        text_at(event, &["level"], &WORD).and_then(|word| meaning(LEVELS, &word.to_ascii_lowercase()));
    let language = meaning(LANGUAGES, platform.language()).unwrap_or(Language::Unknown);
    let stack = stack_of_thread(event, platform);
    let Some(primary) = chain.primary.clone() else {
        let parsed = Parsed::of_text(Kind::Log, level.unwrap_or(Level::Error), language, String::new());
        return Parsed { message: message.unwrap_or_default(), frames: stack, ..parsed };
    };
    Parsed {
        kind: chain.kind,
        level: level.unwrap_or(Level::Error),
        language,
        error_type: primary.error_type,
        frames: if primary.frames.is_empty() { stack } else { primary.frames },
        causes: chain.causes.clone(),
        log: message.filter(|message| *message != primary.message),
        message: primary.message,
        text: String::new(),
    }
}

/// The text of a message event, with its parameters put in where the SDK did so.
fn message(event: &Map<String, Value>) -> Option<String> {
    ["logentry", "message"].into_iter().find_map(|key| match event.get(key)? {
        Value::Object(entry) => text_at(entry, &["formatted", "message"], &MESSAGE),
        other => text_of(other, &MESSAGE),
    })
}

/// The stack that stands beside the exception: of the event itself, or of the thread that crashed or was running.
fn stack_of_thread(event: &Map<String, Value>, platform: Platform) -> Vec<issue::report::Frame> {
    let threads = list_of(event.get("threads"));
    let marked = |mark: &str| threads.iter().find(|thread| thread.get(mark) == Some(&Value::Bool(true)));
    let thread = marked("crashed").or_else(|| marked("current")).and_then(|thread| thread.get("stacktrace"));
    event.get("stacktrace").or(thread).map(|stack| frames(stack, platform)).unwrap_or_default()
}

/// Tags as an object or as pairs, and the environment, which is one in all but name.
fn tags(event: &Map<String, Value>) -> Vec<String> {
    let environment = event.get("environment").and_then(|value| label("environment", value));
    let tags: Vec<String> = match event.get("tags") {
        Some(Value::Object(tags)) => tags.iter().filter_map(|(key, value)| label(key, value)).collect(),
        Some(Value::Array(pairs)) => pairs.iter().filter_map(pair).collect(),
        _ => Vec::new(),
    };
    let mut tags: Vec<String> = environment.into_iter().chain(tags).take(TAGS).collect();
    tags.dedup();
    tags
}

fn pair(pair: &Value) -> Option<String> {
    match pair.as_array()?.as_slice() {
        [key, value] => label(&text_of(key, &TAG)?, value),
        _ => None,
    }
}

/// An explicit fingerprint; `["{{ default }}"]` says only that there is none.
fn fingerprint(event: &Map<String, Value>) -> Option<Vec<String>> {
    let parts: Vec<String> =
        event.get("fingerprint")?.as_array()?.iter().filter_map(|part| text_of(part, &FINGERPRINT)).collect();
    let says_nothing = parts.iter().all(|part| part.trim_matches(['{', '}', ' ']) == "default");
    (!says_nothing).then(|| parts.into_iter().take(20).collect())
}

/// What is kept for people to read, under Sentry's names.
const KEPT: &[&str] = &[
    "event_id",
    "logger",
    "transaction",
    "server_name",
    "environment",
    "dist",
    "culprit",
    "user",
    "request",
    "extra",
    "contexts",
];

fn context_of(event: &Map<String, Value>, chain: &Chain) -> Value {
    let kept = KEPT.iter().filter_map(|key| Some(((*key).to_owned(), event.get(*key)?.clone())));
    let mut context: Map<String, Value> = kept.filter(|(_, value)| !is_empty(value)).collect();
    let mut crumbs: Vec<Value> =
        list_of(event.get("breadcrumbs")).into_iter().cloned().map(Value::Object).collect();
    if !crumbs.is_empty() {
        let latest = crumbs.split_off(crumbs.len().saturating_sub(BREADCRUMBS));
        context.insert("breadcrumbs".to_owned(), Value::Array(latest));
    }
    if let Some(mechanism) = &chain.mechanism {
        context.insert("mechanism".to_owned(), mechanism.clone());
    }
    if let Some(sdk) = event.get("sdk").and_then(Value::as_object) {
        let sdk = ["name", "version"].iter().filter_map(|key| text_at(sdk, &[key], &WORD));
        context.insert("sdk".to_owned(), Value::String(sdk.collect::<Vec<_>>().join(" ")));
    }
    context::bounded(Value::Object(context))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_error(event: Value) -> (Parsed, Around) {
        let item = read(event).expect("an event").item;
        match item.what {
            What::Error(parsed) => (*parsed, item.around),
            What::Text { .. } => panic!("an error was sent"),
        }
    }

    #[test]
    fn a_message_is_a_log_line() {
        for (event, text) in [
            (json!({"message": "plain"}), "plain"),
            (json!({"message": {"message": "a %s", "formatted": "a b"}}), "a b"),
            (json!({"logentry": {"message": "a %s", "params": ["b"]}}), "a %s"),
            (json!({"logentry": {"formatted": "x"}, "message": "y"}), "x"),
        ] {
            let (parsed, _) = read_error(event);
            assert_eq!((parsed.kind, parsed.message.as_str()), (Kind::Log, text));
        }
        for event in [json!({}), json!({"message": " "}), json!([]), json!({"exception": {"values": []}})] {
            assert_eq!(read(event).expect_err("nothing").fault, Fault::Malformed);
        }
    }

    #[test]
    fn what_stands_around_is_kept() {
        let crumbs: Vec<Value> = (0..100).map(|n| json!({"message": n.to_string()})).collect();
        let event = json!({
            "event_id": "ab", "message": "m", "level": "WARNING", "platform": "node", "release": "api@1.2",
            "environment": "prod", "timestamp": 1_700_000_000.5, "tags": [["a", "b"], ["c"], ["n", 1]],
            "user": {"id": "7"}, "request": {"url": "http://x/"}, "extra": {}, "contexts": {"os": {"name": "Linux"}},
            "breadcrumbs": {"values": crumbs}, "sdk": {"name": "sentry.python", "version": "2"},
            "modules": {"a": "1"}, "fingerprint": ["{{ default }}", "x"],
        });
        let (parsed, around) = read_error(event);
        assert_eq!((parsed.level, parsed.language), (Level::Warning, Language::Javascript));
        assert_eq!(around.tags, ["environment:prod", "a:b", "n:1"]);
        assert_eq!(around.release.as_deref(), Some("api@1.2"));
        assert_eq!(around.at.map(|at| at.to_string()).as_deref(), Some("2023-11-14T22:13:20.5Z"));
        assert_eq!(around.fingerprint, Some(vec!["{{ default }}".to_owned(), "x".to_owned()]));
        let context = around.context.expect("kept");
        let keys: Vec<&String> = context.as_object().expect("an object").keys().collect();
        let expect = ["event_id", "environment", "user", "request", "contexts", "breadcrumbs", "sdk"];
        assert_eq!(keys, expect);
        assert_eq!(context["breadcrumbs"].as_array().map(Vec::len), Some(BREADCRUMBS));
        assert_eq!(context["breadcrumbs"][29]["message"], "99");
    }

    #[test]
    fn the_default_fingerprint_is_none() {
        for default in ["{{ default }}", "{{default}}"] {
            assert_eq!(read_error(json!({"message": "m", "fingerprint": [default]})).1.fingerprint, None);
        }
    }

    #[test]
    fn the_crashed_thread_gives_the_frames_that_the_exception_lacks() {
        let threads = json!([{"id": 1, "stacktrace": {"frames": [{"function": "idle"}]}},
            {"id": 2, "crashed": true, "stacktrace": {"frames": [{"function": "main"}, {"function": "boom"}]}}]);
        let (parsed, _) =
            read_error(json!({"exception": [{"type": "SIGSEGV"}], "threads": {"values": threads}}));
        assert_eq!(parsed.frames[0].function.as_deref(), Some("boom"));
    }

    #[test]
    fn fields_of_another_shape_are_left_out() {
        let (parsed, around) = read_error(json!({
            "message": "m", "level": 5, "tags": 7, "timestamp": [], "release": {}, "fingerprint": "x",
            "breadcrumbs": 1, "threads": "t", "sdk": [], "platform": null, "stacktrace": {"frames": 1}, "exception": 3,
        }));
        assert_eq!((parsed.level, parsed.frames.len()), (Level::Error, 0));
        assert_eq!((around.tags.len(), around.at, around.release), (0, None, None));
    }
}
