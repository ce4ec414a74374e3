//! What an error is about and how soon somebody should look, by an ordered table of rules.
//!
//! The first rule whose words stand in the type or the first line of the message decides; the settings' own rules
//! come before the table. A category has a priority, and a warning's is one step lower.

use std::sync::LazyLock;

use regex::Regex;

use crate::{
    report::{Category, Kind, Level, Parsed, Priority},
    search::Words,
};

mod rules;

/// A rule of the settings.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    /// Searched for in `<type>: <first line of the message>`.
    pub(crate) pattern: Regex,
    /// The verdict.
    pub(crate) category: Category,
    /// In place of the category's own.
    pub(crate) priority: Option<Priority>,
}

/// The verdict, and what it rests on: `setting 0`, `level`, or the words of the rule.
pub(crate) struct Verdict {
    pub(crate) category: Category,
    pub(crate) priority: Priority,
    pub(crate) because: &'static str,
    pub(crate) rule: Option<usize>,
}

/// Judges one report. `title` is `<type>: <first line of the message>`, redacted.
pub(crate) fn judge(parsed: &Parsed, title: &str, settings: &[Rule]) -> Verdict {
    if let Some((index, rule)) = settings.iter().enumerate().find(|(_, rule)| rule.pattern.is_match(title)) {
        let priority = rule.priority.unwrap_or_else(|| priority(rule.category, parsed.level));
        return Verdict {
            category: rule.category,
            priority,
            because: "a rule of the settings",
            rule: Some(index),
        };
    }
    let (category, because) = by_table(parsed, title);
    Verdict { category, priority: priority(category, parsed.level), because, rule: None }
}

/// A process that has ended is a crash, unless its text says that a resource was missing.
fn by_table(parsed: &Parsed, title: &str) -> (Category, &'static str) {
    let root = parsed.causes.iter().rev().find(|cause| cause.relation.is_none());
    let words = best(title).into_iter().chain(root.and_then(|root| {
        let named = root.error_type.as_deref().and_then(best);
        named.or_else(|| root.message.lines().next().and_then(best))
    }));
    let words = words.min_by_key(|(category, _)| rank(*category));
    let ended = parsed.kind == Kind::Fatal || (parsed.level == Level::Fatal && parsed.kind != Kind::Log);
    match words {
        Some((Category::Resource, because)) => (Category::Resource, because),
        _ if ended => (Category::Crash, "the process ended"),
        Some(found) => found,
        None if parsed.level == Level::Fatal => (Category::Crash, "the level"),
        None if parsed.kind == Kind::Panic => (Category::Code, "a panic"),
        None => (Category::Unknown, "no rule"),
    }
}

/// The priority of a category at a level.
fn priority(category: Category, level: Level) -> Priority {
    let usual = match category {
        Category::Resource | Category::Crash => Priority::Critical,
        Category::Security | Category::Data | Category::Configuration | Category::Code => Priority::High,
        Category::Dependency | Category::Unknown => Priority::Medium,
        Category::Validation => Priority::Low,
    };
    match (level, usual) {
        (Level::Warning, Priority::Critical) => Priority::High,
        (Level::Warning, Priority::High) => Priority::Medium,
        (Level::Warning, _) => Priority::Low,
        _ => usual,
    }
}

/// The place of a category in the order of the table.
fn rank(category: Category) -> usize {
    rules::TABLE.iter().position(|rule| rule.category == category).unwrap_or(usize::MAX)
}

/// The words of the table, and for each its rule and whether it must stand alone.
static WORDS: LazyLock<(Words, Vec<(usize, bool)>)> = LazyLock::new(|| {
    let mut words = Vec::new();
    let mut rules = Vec::new();
    for (index, rule) in rules::TABLE.iter().enumerate() {
        for word in rule.words {
            // `=oom` must stand alone; others may be part of a type's name.
            words.push(word.strip_prefix('=').unwrap_or(word));
            rules.push((index, word.starts_with('=')));
        }
    }
    (Words::of_any_case(words), rules)
});

/// The first rule of the table that has a word in `text`, and that word.
fn best(text: &str) -> Option<(Category, &'static str)> {
    let (words, rules) = &*WORDS;
    let bytes = text.as_bytes();
    let is_letter = |index: Option<usize>| {
        index.and_then(|index| bytes.get(index)).is_some_and(u8::is_ascii_alphanumeric)
    };
    let mut best: Option<(usize, usize, &'static str)> = None;
    words.each(bytes, |index, start| {
        let Some(&(rule, alone)) = rules.get(index) else { return };
        let word = words.get(index);
        let end = start + word.len();
        if alone && (is_letter(start.checked_sub(1)) || is_letter(Some(end))) {
            return;
        }
        // Of the words of one rule the one that ends first is told, the longest of these.
        if best.is_none_or(|(known, until, _)| (rule, end) < (known, until)) {
            best = Some((rule, end, word));
        }
    });
    let (rule, _, word) = best?;
    rules::TABLE.get(rule).map(|rule| (rule.category, word))
}

#[cfg(test)]
mod tests;
