//! Why a report came out as it did, for `scan --explain` and the page of an issue.

use serde::Serialize;

use super::{Decision, Rules, first_line};
use crate::{
    fingerprint::{DecidedBy, v1},
    in_app::Verdict,
    redact::Place,
    report::{Parsed, Report},
    template::{self, Hit},
};

/// Everything that led to the fingerprint, in the order in which it was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Who decided the fingerprint.
    pub decided_by: DecidedBy,
    /// What the built-in hash was taken of, in order.
    pub inputs: Vec<Input>,
    /// The built-in hash, also where a caller or a rule decided otherwise.
    pub default_fingerprint: String,
    /// The primary's frames, in the order of the report.
    pub frames: Vec<FrameExplanation>,
    /// What the template took out, from left to right.
    pub placeholders: Vec<Hit>,
    /// What was cut, and where.
    pub redacted: Vec<Place>,
    /// What the category rests on.
    pub category: String,
}

/// One part of the hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Input {
    /// `component`, `type`, `location` or `template`.
    pub name: &'static str,
    /// As hashed; absent: the part was hashed as absent.
    pub value: Option<String>,
}

/// What became of one frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FrameExplanation {
    /// Whether it was judged the application's, and why.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Its line in the location, cleaned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    /// Why it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropped: Option<&'static str>,
}

/// Where something will be cut; asked before it is.
pub(super) fn redactions(parsed: &Parsed, rules: &Rules) -> Vec<Place> {
    let mut places = rules.redactor.places("text", &parsed.text);
    places.extend(rules.redactor.places("message", &parsed.message));
    for (field, text) in [("type", &parsed.error_type), ("log", &parsed.log)] {
        places.extend(text.iter().flat_map(|text| rules.redactor.places(field, text)));
    }
    for (index, cause) in parsed.causes.iter().enumerate() {
        places.extend(rules.redactor.places(&format!("causes[{index}].message"), &cause.message));
    }
    for (index, frame) in parsed.frames.iter().enumerate() {
        let named = [("function", &frame.function), ("module", &frame.module), ("file", &frame.file)];
        for (name, text) in named {
            let field = format!("frames[{index}].{name}");
            places.extend(text.iter().flat_map(|text| rules.redactor.places(&field, text)));
        }
    }
    places
}

pub(super) fn explain(
    report: &Report,
    rules: &Rules,
    redacted: Vec<Place>,
    decision: Decision,
) -> Explanation {
    let Decision { inputs, default, decided_by, because } = decision;
    let line = first_line(&report.message, report.error_type.is_some(), report.log.as_deref(), &report.text);
    let inputs = [
        ("component", inputs.component),
        ("type", inputs.error_type),
        ("location", inputs.location),
        ("template", inputs.template),
    ];
    Explanation {
        decided_by,
        inputs: inputs.map(|(name, value)| Input { name, value }).into(),
        default_fingerprint: default.unwrap_or_else(|| report.fingerprint.clone()),
        frames: frames(report, rules),
        placeholders: template::hits(line),
        redacted,
        category: match because {
            (because, Some(index)) => format!("{because} ({index})"),
            (because, None) => because.to_owned(),
        },
    }
}

fn frames(report: &Report, rules: &Rules) -> Vec<FrameExplanation> {
    let any_in_app = v1::any_in_app(&report.frames, report.language);
    let mut taken: Vec<String> = Vec::new();
    let explain = |frame| {
        let verdict = Verdict::of(frame, report.language, &rules.prefixes);
        let (line, dropped) = match v1::fate(frame, report.language, any_in_app) {
            Err(reason) => (None, Some(reason)),
            Ok(line) if taken.last() == Some(&line) => (None, Some("repeats the frame before")),
            Ok(_) if taken.len() == v1::FRAMES => (None, Some("there are five already")),
            Ok(line) => {
                taken.push(line.clone());
                (Some(line), None)
            }
        };
        FrameExplanation { verdict, line, dropped }
    };
    report.frames.iter().map(explain).collect()
}
