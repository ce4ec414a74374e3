//! Where the intake meets the engine: redaction, fingerprints, and reading raw text.

use issue::{
    assemble::{self, Assembler},
    finish::{Origin, Rules, finish},
    id::{IssueId, TrackerName},
    parse::parse,
    report::{Language, Level, Parsed, Redacted, Report},
};
use serde_json::Value;

/// Redacts every string of a request, and says what was cut.
pub fn redact(value: &mut Value, rules: &Rules) -> Redacted {
    let mut redacted = Redacted::new();
    rules.redact_value(value, &mut redacted);
    redacted
}

/// The finished report of an error, with what had been cut out of its request before it was read.
///
/// A request is redacted as a whole before its texts are shortened, since half a secret is no longer recognised as
/// one; [`finish`] redacts again, finds the same secrets' marks, and must not count them twice.
pub fn report(
    parsed: Parsed,
    component: Option<&str>,
    fingerprint: Option<&[String]>,
    before: &Redacted,
    rules: &Rules,
) -> Report {
    let origin = Origin { component, fingerprint };
    let mut report = finish(parsed, rules, &origin);
    for (kind, count) in before {
        let known = report.redacted.entry(kind.clone()).or_default();
        *known = (*known).max(*count);
    }
    report
}

/// An error that was told by its text alone, without frames, completed by what the engine reads in that text.
pub fn completed(parsed: Parsed) -> Parsed {
    if !parsed.frames.is_empty() || parsed.text.is_empty() {
        return parsed;
    }
    let Some(read) = read_text(&parsed.text, Level::Warning).into_iter().next() else { return parsed };
    let unknown = parsed.language == Language::Unknown;
    Parsed {
        language: if unknown { read.language } else { parsed.language },
        error_type: parsed.error_type.or(read.error_type),
        message: if parsed.message.is_empty() { read.message } else { parsed.message },
        frames: read.frames,
        causes: if parsed.causes.is_empty() { read.causes } else { parsed.causes },
        ..parsed
    }
}

/// The issue that reports with this fingerprint belong to.
pub fn issue_of(tracker: &TrackerName, report: &Report) -> IssueId {
    IssueId::of_fingerprint(tracker, &report.fingerprint)
}

/// Every error that raw text tells of, in the order of the text.
pub fn read_text(text: &str, min_level: Level) -> Vec<Parsed> {
    let mut blocks = Vec::new();
    let mut assembler = Assembler::new(assemble::Limits { min_level, ..assemble::Limits::default() });
    // The time only serves to close records that wait for more, which a whole text never does.
    assembler.push(text.as_bytes(), 0, &mut blocks);
    assembler.flush(&mut blocks);
    blocks.iter().filter_map(|block| parse(block, min_level)).collect()
}
