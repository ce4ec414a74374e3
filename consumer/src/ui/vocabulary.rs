//! The closed sets of the tracker in the words and classes of its pages. Each value's own word comes from its JSON form,
//! so that it is spelled in one place.

use issue::{
    document::Status,
    record::IssueType,
    report::{Category, Kind, Language, Level, Priority},
};
use serde::Serialize;

pub use crate::asked::parse;

/// The word of a value, as the API and the query language write it.
pub fn word<T: Serialize>(value: T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        // All sets on these pages are enums without fields; an empty word shows nothing wrong.
        _ => String::new(),
    }
}

/// One value of a closed set on a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// As the API writes it; also the last part of CSS classes.
    pub word: String,
    /// As people read it.
    pub label: &'static str,
    /// Whether it is the current one.
    pub chosen: bool,
}

impl Choice {
    fn of<T: Serialize>(value: T, label: &'static str) -> Self {
        Self { word: word(value), label, chosen: true }
    }
}

/// A status.
pub fn status(status: Status) -> Choice {
    let label = match status {
        Status::Open => "Open",
        Status::InProgress => "In progress",
        Status::Resolved => "Resolved",
        Status::Closed => "Closed",
    };
    Choice::of(status, label)
}

/// A priority.
pub fn priority(priority: Priority) -> Choice {
    let label = match priority {
        Priority::Low => "Low",
        Priority::Medium => "Medium",
        Priority::High => "High",
        Priority::Critical => "Critical",
    };
    Choice::of(priority, label)
}

/// Every priority, the given one chosen.
pub fn priorities(current: Priority) -> Vec<Choice> {
    [Priority::Critical, Priority::High, Priority::Medium, Priority::Low]
        .into_iter()
        .map(|each| Choice { chosen: each == current, ..priority(each) })
        .collect()
}

/// A level; a hand-written issue has none.
pub fn level(level: Option<Level>) -> Choice {
    match level {
        Some(Level::Fatal) => Choice::of(Level::Fatal, "Fatal"),
        Some(Level::Error) => Choice::of(Level::Error, "Error"),
        Some(Level::Warning) => Choice::of(Level::Warning, "Warning"),
        None => Choice { word: "note".to_owned(), label: "Written by hand", chosen: true },
    }
}

/// What an issue is for.
pub fn issue_type(issue_type: IssueType) -> Choice {
    let label = match issue_type {
        IssueType::Bug => "Bug",
        IssueType::Feature => "Feature",
        IssueType::Task => "Task",
        IssueType::Enhancement => "Enhancement",
    };
    Choice::of(issue_type, label)
}

/// A runtime by its name; nothing where it is not known.
pub fn language(language: Language) -> &'static str {
    match language {
        Language::Python => "Python",
        Language::Jvm => "JVM",
        Language::Javascript => "JavaScript",
        Language::Dotnet => ".NET",
        Language::Go => "Go",
        Language::Rust => "Rust",
        Language::Ruby => "Ruby",
        Language::Php => "PHP",
        Language::Dart => "Dart",
        Language::Elixir => "Elixir",
        Language::Perl => "Perl",
        Language::Swift => "Swift",
        Language::Native => "Native",
        Language::Unknown => "",
    }
}

/// What an error is about; nothing where it is not known.
pub fn category(category: Category) -> &'static str {
    match category {
        Category::Resource => "Resource",
        Category::Crash => "Crash",
        Category::Security => "Security",
        Category::Data => "Data",
        Category::Dependency => "Dependency",
        Category::Configuration => "Configuration",
        Category::Code => "Code",
        Category::Validation => "Validation",
        Category::Unknown => "",
    }
}

/// Sort of end.
pub fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Exception => "Exception",
        Kind::Panic => "Panic",
        Kind::Fatal => "Runtime failure",
        Kind::Log => "Log line",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_reads_back_as_its_value() {
        for each in [Status::Open, Status::InProgress, Status::Resolved, Status::Closed] {
            assert_eq!(parse::<Status>(&word(each)), Some(each));
        }
        assert_eq!(word(Status::InProgress), "in-progress");
        assert_eq!(parse::<Status>("opne"), None);
    }
}
