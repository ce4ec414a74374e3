//! Reports: `POST /api/v1/reports`. Also the one form in which every protocol hands a report on: [`Item`].

use issue::report::{Cause, Frame, Kind, Language, Level, Parsed, Relation};
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    context,
    fields::{Errors, Fields, Text},
    problem::FieldError,
    text,
    vocabulary::{KINDS, LANGUAGES, LEVELS, Words},
};

/// How many reports one request may bring.
pub const BATCH: usize = 100;
/// Exception class.
pub const TYPE: Text = Text::line(300);
/// What the exception says.
pub const MESSAGE: Text = Text::block(10_000);
/// Raw text; the engine cuts each record further.
pub const TEXT: Text = Text::block(1024 * 1024);
/// The strings of a frame.
pub const FRAME: Text = Text::line(1_000);
/// Frames of one stack; the outer ones are cut.
pub const FRAMES: usize = 256;
/// Causes of one error.
pub const CAUSES: usize = 32;
/// A label.
pub const TAG: Text = Text::line(50);
/// How many labels.
pub const TAGS: usize = 50;
/// Workload or part of the product.
pub const COMPONENT: Text = Text::line(100);
/// One part of an explicit fingerprint.
pub const FINGERPRINT: Text = Text::line(500);

/// One report as it was sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The error itself.
    pub what: What,
    /// What its sender said besides.
    pub around: Around,
}

/// The error in one of two forms.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// Told field by field.
    Error(Box<Parsed>),
    /// Raw text, to be read by the engine; it may hold several reports, or none.
    Text {
        /// As it was printed.
        text: String,
        /// Below this nothing is reported.
        min_level: Level,
    },
}

/// What a sender says besides the error.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Around {
    /// Part of the fingerprint; the workload stands in for an absent one.
    pub component: Option<String>,
    /// Free labels.
    pub tags: Vec<String>,
    /// Request, user, breadcrumbs.
    pub context: Option<Value>,
    /// The sender's own fingerprint.
    pub fingerprint: Option<Vec<String>>,
    /// When it happened.
    pub at: Option<Timestamp>,
    /// What was running.
    pub release: Option<String>,
}

/// Takes a request body apart: 1–100 reports, each still to be read by [`read`].
pub fn split(body: Value) -> Result<Vec<Value>, Vec<FieldError>> {
    let mut errors = Errors::default();
    let mut fields = Fields::of(body, "", &mut errors);
    let reports = match fields.take("reports") {
        Some(Value::Array(reports)) if (1..=BATCH).contains(&reports.len()) => reports,
        Some(Value::Array(reports)) => {
            fields.refuse("reports", format!("must hold 1 to {BATCH} reports, not {}", reports.len()));
            Vec::new()
        }
        _ => {
            fields.refuse("reports", format!("is required: a list of 1 to {BATCH} reports"));
            Vec::new()
        }
    };
    errors.or(reports)
}

/// Reads one report, redacted already, that stood at `index`; or says everything that is wrong with it.
pub fn read(report: Value, index: usize) -> Result<Item, Vec<FieldError>> {
    let mut errors = Errors::default();
    let mut fields = Fields::of(report, format!("/reports/{index}"), &mut errors);
    let around = Around {
        component: fields.text("component", &COMPONENT),
        tags: labels(&mut fields),
        context: fields.object("context").map(context::bounded),
        fingerprint: fields.fingerprint("fingerprint", &FINGERPRINT),
        at: fields.time("at"),
        release: None,
    };
    let text = fields.text("text", &TEXT);
    let parsed = error(&mut fields);
    let what = match text {
        Some(text) if parsed.error_type.is_none() && parsed.message.is_empty() => {
            What::Text { text, min_level: parsed.level }
        }
        text => {
            if parsed.error_type.is_none() && parsed.message.is_empty() && fields.is_sound() {
                fields.refuse("message", "is required where there is neither type nor text");
            }
            What::Error(Box::new(Parsed { text: text.unwrap_or_default(), ..parsed }))
        }
    };
    errors.or(Item { what, around })
}

/// Tags as a list, or as the object that many SDKs send (`{"env": "prod"}` → `env:prod`).
fn labels(fields: &mut Fields<'_>) -> Vec<String> {
    match fields.take("tags") {
        Some(Value::Object(pairs)) => {
            pairs.iter().filter_map(|(key, value)| label(key, value)).take(TAGS).collect()
        }
        Some(other) => {
            fields.put("tags", other);
            fields.texts("tags", TAGS, &TAG)
        }
        None => Vec::new(),
    }
}

/// `key:value` of a plain value; lists and objects are no labels.
pub fn label(key: &str, value: &Value) -> Option<String> {
    let value = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        _ => return None,
    };
    Some(text::line(&format!("{key}:{value}"), TAG.max)).filter(|_| !value.is_empty())
}

fn error(fields: &mut Fields<'_>) -> Parsed {
    let error_type = fields.text("type", &TYPE);
    let frames = frames(fields);
    let causes = causes(fields);
    let told = error_type.is_some() || !frames.is_empty() || !causes.is_empty();
    let kind = if told { Kind::Exception } else { Kind::Log };
    Parsed {
        kind: fields.choice("kind", KINDS).unwrap_or(kind),
        level: fields.choice("level", LEVELS).unwrap_or(Level::Error),
        language: fields.choice("language", LANGUAGES).unwrap_or(Language::Unknown),
        error_type,
        message: fields.text("message", &MESSAGE).unwrap_or_default(),
        frames,
        causes,
        log: fields.text("log", &MESSAGE),
        text: String::new(),
    }
}

/// Innermost first, as the contract has them; the outer ones of a deep recursion are cut.
fn frames(fields: &mut Fields<'_>) -> Vec<Frame> {
    let list = fields.list("frames");
    let read = |(at, value)| {
        let mut frame = fields.inner(value, at);
        Frame {
            function: frame.text("function", &FRAME),
            module: frame.text("module", &FRAME),
            file: frame.text("file", &FRAME),
            line: frame.number("line"),
            column: frame.number("column"),
            in_app: frame.flag("in_app").unwrap_or_default(),
        }
    };
    list.into_iter().take(FRAMES).map(read).collect()
}

fn causes(fields: &mut Fields<'_>) -> Vec<Cause> {
    let list = fields.list("causes");
    let read = |(at, value)| {
        let mut cause = fields.inner(value, at);
        Cause {
            error_type: cause.text("type", &TYPE),
            message: cause.text("message", &MESSAGE).unwrap_or_default(),
            frames: frames(&mut cause),
            relation: cause.choice("relation", RELATIONS),
        }
    };
    list.into_iter().take(CAUSES).map(read).collect()
}

const RELATIONS: Words<Relation> = &[("suppressed", Relation::Suppressed), ("member", Relation::Member)];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn error_of(report: Value) -> Parsed {
        match read(report, 0).expect("a report").what {
            What::Error(parsed) => *parsed,
            What::Text { text, .. } => panic!("read as text: {text}"),
        }
    }

    #[test]
    fn a_batch_holds_one_to_a_hundred() {
        for (body, taken) in [
            (json!({"reports": [{}]}), true),
            (json!({"reports": vec![json!({}); 100]}), true),
            (json!({"reports": vec![json!({}); 101]}), false),
            (json!({"reports": []}), false),
            (json!({"reports": {}}), false),
            (json!({}), false),
            (json!([]), false),
        ] {
            assert_eq!(split(body.clone()).is_ok(), taken, "{body}");
        }
    }

    #[test]
    fn a_report_is_read_field_by_field() {
        let parsed = error_of(json!({
            "type": "ValueError", "message": "bad\nthing", "level": "FATAL", "language": "Java", "log": "boom",
            "frames": [{"function": "parse", "module": null, "file": "/app/a.py", "line": 42, "column": 7}],
            "causes": [{"type": "KeyError", "message": "'a'", "frames": [{}], "relation": "member"}, {}],
        }));
        assert_eq!(
            (parsed.kind, parsed.level, parsed.language),
            (Kind::Exception, Level::Fatal, Language::Jvm)
        );
        assert_eq!(
            (parsed.error_type.as_deref(), parsed.message.as_str()),
            (Some("ValueError"), "bad\nthing")
        );
        assert_eq!(parsed.frames[0].line, Some(42));
        assert_eq!(parsed.causes[0].relation, Some(Relation::Member));
        assert_eq!((parsed.causes[1].error_type.as_deref(), parsed.causes.len()), (None, 2));
        assert_eq!(parsed.log.as_deref(), Some("boom"));
    }

    #[test]
    fn a_message_alone_is_a_log_line() {
        assert_eq!(error_of(json!({"message": "disk full"})).kind, Kind::Log);
        assert_eq!(error_of(json!({"message": "x", "kind": "panic"})).kind, Kind::Panic);
        assert_eq!(error_of(json!({"type": "E", "text": "raw"})).text, "raw");
    }

    #[test]
    fn text_alone_is_for_the_engine() {
        let item =
            read(json!({"text": "Traceback…", "component": "api", "level": "warning"}), 0).expect("text");
        assert_eq!(item.what, What::Text { text: "Traceback…".into(), min_level: Level::Warning });
        assert_eq!(item.around.component.as_deref(), Some("api"));
    }

    #[test]
    fn wrong_fields_are_all_named() {
        for (report, places) in [
            (json!({}), vec!["/message"]),
            (json!({"message": "", "text": " "}), vec!["/message"]),
            (json!({"message": 1, "type": {}}), vec!["/type", "/message"]),
            (json!({"message": "m", "level": "bad", "language": "cobol"}), vec!["/level", "/language"]),
            (json!({"message": "m", "frames": {}}), vec!["/frames"]),
            (json!({"message": "m", "frames": [{}, 5, {"line": -1}]}), vec!["/frames/1", "/frames/2/line"]),
            (json!({"message": "m", "causes": [{"frames": [{"file": 1}]}]}), vec!["/causes/0/frames/0/file"]),
            (json!({"message": "m", "tags": "a", "context": 1, "at": 1}), vec!["/tags", "/context", "/at"]),
            (json!({"message": "m", "fingerprint": [1]}), vec!["/fingerprint/0"]),
            (json!("m"), vec![""]),
        ] {
            let errors = read(report.clone(), 3).expect_err("wrong");
            let found: Vec<_> = errors.iter().filter_map(|e| e.pointer.strip_prefix("/reports/3")).collect();
            assert_eq!(found, places, "{report}");
        }
    }

    #[test]
    fn nothing_is_too_long_for_a_report() {
        let long = "x".repeat(20_000);
        let item = read(
            json!({
                "type": long, "message": long, "component": long, "tags": [long], "fingerprint": long,
                "frames": vec![json!({"file": long}); 300], "causes": vec![json!({"message": long}); 40],
                "context": {"long": "x".repeat(100_000)},
            }),
            0,
        )
        .expect("cut, not refused");
        let What::Error(parsed) = item.what else { panic!("an error was sent") };
        assert_eq!(parsed.error_type.map(|t| t.chars().count()), Some(TYPE.max));
        assert_eq!(parsed.message.chars().count(), MESSAGE.max);
        assert_eq!((parsed.frames.len(), parsed.causes.len()), (FRAMES, CAUSES));
        assert_eq!(item.around.tags[0].chars().count(), TAG.max);
        assert_eq!(item.around.component.map(|c| c.chars().count()), Some(COMPONENT.max));
        assert!(item.around.context.expect("kept").to_string().len() < 2_000);
    }

    #[test]
    fn tags_come_as_a_list_or_as_pairs() {
        let tags = |tags| read(json!({"message": "m", "tags": tags}), 0).expect("sound").around.tags;
        assert_eq!(tags(json!(["a", " b ", "", "a"])), ["a", "b"]);
        assert_eq!(tags(json!({"env": "prod", "n": 1, "list": [], "no": null})), ["env:prod", "n:1"]);
    }
}
