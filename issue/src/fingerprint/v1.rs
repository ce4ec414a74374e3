//! Fingerprint version 1. `docs/error-reading.md` defines it exactly enough to write it anew.
//!
//! Four parts are hashed, in this order: component, type, location, and the message's template key or nothing.

use crate::{
    fingerprint::clean,
    report::{Cause, Frame, Kind, Language, Parsed},
};

mod file;
mod generic;
mod throwers;

/// So many frames make a location.
pub(crate) const FRAMES: usize = 5;

/// What is hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Inputs {
    /// The workload, or the caller's word.
    pub(crate) component: Option<String>,
    /// The primary's type, and the root cause's on a line of its own.
    pub(crate) error_type: Option<String>,
    /// One line for each frame, innermost first.
    pub(crate) location: Option<String>,
    /// The template key, where it has to join.
    pub(crate) template: Option<String>,
}

impl Inputs {
    /// Gathers what version 1 hashes of a redacted and judged report. `key` gives the template key when it is needed.
    pub(crate) fn of(parsed: &Parsed, component: Option<&str>, key: impl FnOnce() -> String) -> Self {
        let location = location(&parsed.frames, parsed.language);
        let joins = location.is_empty() || says_nothing(parsed);
        Self {
            component: component.map(str::to_owned),
            error_type: type_part(parsed),
            location: (!location.is_empty()).then_some(location),
            template: joins.then(key),
        }
    }

    /// `v1:` and 64 hex digits.
    pub(crate) fn hash(&self) -> String {
        let parts = [&self.component, &self.error_type, &self.location, &self.template];
        super::hash(parts.map(Option::as_deref))
    }
}

/// The primary's type; where something caused it, a line break and the root cause's type. An unknown type is empty
/// there; no type at all is no part.
fn type_part(parsed: &Parsed) -> Option<String> {
    let root = parsed.causes.iter().rev().find(|cause| is_cause(cause));
    let clean = |error_type: &Option<String>| {
        error_type.as_deref().map(|name| clean::type_name(name, parsed.language))
    };
    match root {
        None => clean(&parsed.error_type),
        Some(root) => {
            let mut part = clean(&parsed.error_type).unwrap_or_default();
            part.push('\n');
            part.push_str(&clean(&root.error_type).unwrap_or_default());
            Some(part)
        }
    }
}

/// Suppressed ones and members of a group caused nothing.
fn is_cause(cause: &Cause) -> bool {
    cause.relation.is_none()
}

/// Whether the type alone cannot tell two errors of one place apart.
fn says_nothing(parsed: &Parsed) -> bool {
    parsed.kind == Kind::Fatal
        || match parsed.error_type.as_deref() {
            None | Some("") => true,
            Some(name) => generic::is_generic(name, parsed.language),
        }
}

/// The lines of at most five frames, repeats collapsed: the in-app ones, or without any all but throw helpers.
fn location(frames: &[Frame], language: Language) -> String {
    let in_app = lines(frames.iter().filter(|frame| frame.in_app), language);
    in_app
        .or_else(|| lines(frames.iter().filter(|frame| throwers::of(frame, language).is_none()), language))
        .unwrap_or_default()
}

/// `None` where nothing is left of any of the frames.
fn lines<'f>(frames: impl Iterator<Item = &'f Frame>, language: Language) -> Option<String> {
    let mut out = String::with_capacity(256);
    // Where the last line that stays begins.
    let mut last = 0;
    let mut taken = 0;
    for frame in frames {
        let end = out.len();
        if taken > 0 {
            out.push('\n');
        }
        let start = out.len();
        if !line(frame, language, &mut out) || taken > 0 && out.get(start..) == out.get(last..end) {
            out.truncate(end);
            continue;
        }
        if taken == FRAMES {
            out.truncate(end);
            break;
        }
        taken += 1;
        last = start;
    }
    (taken > 0).then_some(out)
}

/// Appends `<module or file>|<function>`, cleaned. `false` where nothing is left of the frame; then what was appended
/// means nothing.
fn line(frame: &Frame, language: Language, out: &mut String) -> bool {
    let start = out.len();
    match frame.module.as_deref().filter(|module| !module.is_empty()) {
        Some(module) => clean::module(module, language, out),
        None => file::tail(frame.file.as_deref().unwrap_or_default(), language, out),
    }
    out.push('|');
    let before = out.len();
    clean::function(frame.function.as_deref().unwrap_or_default(), language, out);
    let comprehension =
        language == Language::Python && throwers::is_comprehension(out.get(before..).unwrap_or_default());
    !comprehension && out.len() > start + 1
}

/// What became of one frame, for `--explain`.
pub(crate) fn fate(frame: &Frame, language: Language, any_in_app: bool) -> Result<String, &'static str> {
    if any_in_app && !frame.in_app {
        return Err("not in-app, and others are");
    }
    if !any_in_app && let Some(reason) = throwers::of(frame, language) {
        return Err(reason);
    }
    let mut out = String::new();
    if line(frame, language, &mut out) { Ok(out) } else { Err("nothing is left of its name") }
}

/// Whether any frame that is in-app can make a line.
pub(crate) fn any_in_app(frames: &[Frame], language: Language) -> bool {
    frames.iter().any(|frame| frame.in_app && line(frame, language, &mut String::new()))
}

#[cfg(test)]
mod tests;
