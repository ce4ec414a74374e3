//! The JSON form of a report: the keys of the contract, in its order.

use std::collections::BTreeMap;

use issue::{
    assemble::Block,
    finish::Explanation,
    report::{Category, Cause, Frame, Kind, Language, Level, Priority, Report},
};
use serde::Serialize;

/// One line of output. Scripts of users read it: a key never changes its name, its meaning or its place.
#[derive(Serialize)]
pub struct Line<'a> {
    kind: Kind,
    level: Level,
    language: Language,
    #[serde(rename = "type")]
    error_type: Option<&'a str>,
    message: &'a str,
    frames: &'a [Frame],
    causes: &'a [Cause],
    template: &'a str,
    culprit: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    redacted: &'a BTreeMap<String, u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    fingerprint: &'a str,
    lines: [u64; 2],
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    explain: Option<Explain<'a>>,
}

/// `--explain`.
#[derive(Serialize)]
struct Explain<'a> {
    opened_by: &'a str,
    closed_by: &'a str,
    /// Lines dropped from the middle of a record that was too long.
    truncated: u64,
    verdict: Verdict,
    #[serde(flatten)]
    finish: Explanation,
}

/// What the tracker makes of the report; `category` of the explanation says why.
#[derive(Serialize)]
struct Verdict {
    category: Category,
    priority: Priority,
}

impl<'a> Line<'a> {
    /// The line of a report that `block` held.
    pub fn new(
        block: &'a Block,
        report: &'a Report,
        file: Option<&'a str>,
        explanation: Option<Explanation>,
    ) -> Self {
        let explain = explanation.map(|finish| Explain {
            opened_by: block.opened_by(),
            closed_by: block.closed_by(),
            truncated: block.truncated,
            verdict: Verdict { category: report.category, priority: report.priority },
            finish,
        });
        Self {
            kind: report.kind,
            level: report.level,
            language: report.language,
            error_type: report.error_type.as_deref(),
            message: &report.message,
            frames: &report.frames,
            causes: &report.causes,
            template: &report.template,
            culprit: report.culprit.as_deref(),
            log: report.log.as_deref(),
            redacted: &report.redacted,
            file,
            fingerprint: &report.fingerprint,
            lines: [block.first_line, block.last_line],
            text: &report.text,
            explain,
        }
    }
}
