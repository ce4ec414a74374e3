//! From what a parser read to a report that may leave the process, and why it came out so.
//!
//! [`finish`] is the whole flow, a step a line: redact, judge frames, template, culprit, fingerprint, category.
//! [`Rules`] holds what settings add to the built-in tables; it is built once, at start and at each reload.

use serde_json::Value;
use std::borrow::Cow;

use crate::{
    category, fingerprint,
    fingerprint::{DecidedBy, v1::Inputs},
    in_app::{self, Prefixes},
    redact::Redactor,
    report::{Cause, Frame, Parsed, Redacted, Report},
    search,
    template::Template,
};

mod explain;
mod finisher;
mod settings;

pub use self::{
    explain::{Explanation, FrameExplanation, Input},
    finisher::Finisher,
    settings::{CategoryRule, GroupingRule, RulesError, RulesSettings, Words},
};

/// The built-in tables and what settings add to them, compiled.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    redactor: Redactor,
    prefixes: Prefixes,
    grouping: Vec<settings::Grouping>,
    categories: Vec<category::Rule>,
}

/// What is known of a report besides its text.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin<'a> {
    /// The workload's name, or the caller's word; never a pod's.
    pub component: Option<&'a str>,
    /// The caller's explicit fingerprint; `{{ default }}` stands for the built-in one.
    pub fingerprint: Option<&'a [String]>,
}

impl Rules {
    /// Compiles what settings add.
    pub fn new(settings: &RulesSettings) -> Result<Self, RulesError> {
        settings::compile(settings)
    }

    /// Cuts all secrets out of `text` and counts them by kind; borrows where there is none.
    pub fn redact_text<'t>(&self, text: &'t str, counts: &mut Redacted) -> Cow<'t, str> {
        self.redactor.text(text, counts)
    }

    /// Cuts all secrets out of a JSON value. Keys stay; the values of keys that tell a secret go as a whole.
    pub fn redact_value(&self, value: &mut Value, counts: &mut Redacted) {
        self.redactor.value(value, counts);
    }
}

/// Redacts, judges, hashes. Total: any content makes a report.
pub fn finish(parsed: Parsed, rules: &Rules, origin: &Origin) -> Report {
    finished(parsed, rules, origin).0
}

/// As [`finish`], with every reason.
pub fn finish_explained(parsed: Parsed, rules: &Rules, origin: &Origin) -> (Report, Explanation) {
    let redactions = explain::redactions(&parsed, rules);
    let (report, decision) = finished(parsed, rules, origin);
    let explanation = explain::explain(&report, rules, redactions, decision);
    (report, explanation)
}

/// What led to a fingerprint and a category.
struct Decision {
    inputs: Inputs,
    /// The built-in hash where somebody else decided.
    default: Option<String>,
    decided_by: DecidedBy,
    /// What the category rests on: the table's words, or which of the settings' rules.
    because: (&'static str, Option<usize>),
}

fn finished(mut parsed: Parsed, rules: &Rules, origin: &Origin) -> (Report, Decision) {
    let redacted = redact(&mut parsed, rules);
    judge_frames(&mut parsed, rules);
    let line = first_line(&parsed.message, parsed.error_type.is_some(), parsed.log.as_deref(), &parsed.text);
    let template = Template::of(line);
    let culprit = culprit(&parsed.frames);
    let inputs = Inputs::of(&parsed, origin.component, || template.key());
    let title = title(&parsed, line);
    let facts = settings::Facts {
        title: &title,
        error_type: parsed.error_type.as_deref(),
        component: origin.component,
        template: &template.typed,
        culprit: culprit.as_deref(),
        default: &inputs.hash(),
    };
    let (decided, decided_by) = decide(&facts, rules, origin);
    let default = facts.default.to_owned();
    let (fingerprint, default) = match decided {
        Some(decided) => (decided, Some(default)),
        None => (default, None),
    };
    let template = template.typed;
    let verdict = category::judge(&parsed, &title, &rules.categories);
    let report = Report {
        kind: parsed.kind,
        level: parsed.level,
        language: parsed.language,
        error_type: parsed.error_type,
        message: parsed.message,
        frames: parsed.frames,
        causes: parsed.causes,
        template,
        culprit,
        log: parsed.log,
        redacted,
        fingerprint,
        category: verdict.category,
        priority: verdict.priority,
        text: parsed.text,
    };
    (report, Decision { inputs, default, decided_by, because: (verdict.because, verdict.rule) })
}

/// The caller, then the settings' rules; `None` leaves it to the built-in hash.
fn decide(facts: &settings::Facts, rules: &Rules, origin: &Origin) -> (Option<String>, DecidedBy) {
    if let Some(items) = origin.fingerprint.filter(|items| items.iter().any(|item| !item.is_empty())) {
        let redacted: Vec<String> =
            items.iter().map(|item| rules.redactor.text(item, &mut Redacted::new()).into_owned()).collect();
        return (Some(fingerprint::explicit(&redacted, facts.default)), DecidedBy::Caller);
    }
    match rules.grouping.iter().enumerate().find(|(_, rule)| rule.pattern.is_match(facts.title)) {
        Some((index, rule)) => (Some(rule.fingerprint(facts)), DecidedBy::Rule(index)),
        None => (None, DecidedBy::Default),
    }
}

/// `<type>: <first line>`: what settings' patterns see.
fn title(parsed: &Parsed, line: &str) -> String {
    match parsed.error_type.as_deref() {
        Some(error_type) if line.is_empty() => error_type.to_owned(),
        Some(error_type) => [error_type, ": ", line].concat(),
        None => line.to_owned(),
    }
}

/// The line that the template is made of: the message's first that is not blank; where there is neither a message nor
/// a type, the log line's or the text's.
fn first_line<'t>(message: &'t str, typed: bool, log: Option<&'t str>, text: &'t str) -> &'t str {
    let first = |text: &'t str| search::lines(text).find(|line| !line.trim().is_empty());
    match first(message) {
        Some(line) => line,
        None if typed => "",
        None => log.and_then(first).or_else(|| first(text)).unwrap_or_default(),
    }
}

fn judge_frames(parsed: &mut Parsed, rules: &Rules) {
    let language = parsed.language;
    let causes = parsed.causes.iter_mut().flat_map(|cause| cause.frames.iter_mut());
    for frame in parsed.frames.iter_mut().chain(causes) {
        frame.in_app = in_app::judge(frame, language, &rules.prefixes).0;
    }
}

/// `<module or file> in <function>` of the top in-app frame, else of the top frame.
fn culprit(frames: &[Frame]) -> Option<String> {
    let frame = frames.iter().find(|frame| frame.in_app).or_else(|| frames.first())?;
    let home = frame.module.as_deref().filter(|module| !module.is_empty()).or(frame.file.as_deref());
    match (home, frame.function.as_deref()) {
        (Some(home), Some(function)) => Some([home, " in ", function].concat()),
        (Some(only), None) | (None, Some(only)) => Some(only.to_owned()),
        (None, None) => None,
    }
}

/// Redacts every text of the report. Most secrets stand in the whole text and in a part of it; they count once.
fn redact(parsed: &mut Parsed, rules: &Rules) -> Redacted {
    // Almost always there is nothing, which a first look tells.
    if rules.redactor.are_clean(std::iter::once(parsed.text.as_str()).chain(parts(parsed))) {
        return Redacted::new();
    }
    let mut whole = Redacted::new();
    replace(&mut parsed.text, rules, &mut whole);
    if rules.redactor.are_clean(parts(parsed)) {
        return whole;
    }
    let mut of_parts = Redacted::new();
    for text in parts_mut(parsed) {
        replace(text, rules, &mut of_parts);
    }
    for (kind, count) in of_parts {
        let known = whole.entry(kind).or_default();
        *known = (*known).max(count);
    }
    whole
}

/// Every text of the report besides the whole one.
fn parts(parsed: &Parsed) -> impl Iterator<Item = &str> {
    let own = [Some(&parsed.message), parsed.error_type.as_ref(), parsed.log.as_ref()].into_iter().flatten();
    let causes = parsed.causes.iter();
    let told = causes.clone().flat_map(|cause| std::iter::once(&cause.message).chain(&cause.error_type));
    let frames = parsed.frames.iter().chain(causes.flat_map(|cause| &cause.frames));
    let names = frames.flat_map(|frame| [&frame.function, &frame.module, &frame.file].into_iter().flatten());
    own.chain(told).chain(names).map(String::as_str)
}

/// Every text of the report besides the whole one.
fn parts_mut(parsed: &mut Parsed) -> impl Iterator<Item = &mut String> {
    let own = [&mut parsed.error_type, &mut parsed.log].into_iter().flatten();
    let causes = parsed.causes.iter_mut().flat_map(|Cause { error_type, message, frames, .. }| {
        std::iter::once(message).chain(error_type).chain(frames.iter_mut().flat_map(names_mut))
    });
    std::iter::once(&mut parsed.message)
        .chain(own)
        .chain(parsed.frames.iter_mut().flat_map(names_mut))
        .chain(causes)
}

fn names_mut(frame: &mut Frame) -> impl Iterator<Item = &mut String> {
    [&mut frame.function, &mut frame.module, &mut frame.file].into_iter().flatten()
}

fn replace(text: &mut String, rules: &Rules, counts: &mut Redacted) {
    if let Cow::Owned(redacted) = rules.redactor.text(text, counts) {
        *text = redacted;
    }
}

#[cfg(test)]
mod tests;
