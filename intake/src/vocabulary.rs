//! The words that requests choose from: one table each, so that an error can list them and an answer can say them.

use issue::{
    document::Status,
    record::IssueType,
    report::{Kind, Language, Level, Priority},
};

/// A closed set of words and what each means.
pub type Words<T> = &'static [(&'static str, T)];

/// What an issue is for.
pub const ISSUE_TYPES: Words<IssueType> = &[
    ("bug", IssueType::Bug),
    ("feature", IssueType::Feature),
    ("task", IssueType::Task),
    ("enhancement", IssueType::Enhancement),
];

/// How soon.
pub const PRIORITIES: Words<Priority> = &[
    ("low", Priority::Low),
    ("medium", Priority::Medium),
    ("high", Priority::High),
    ("critical", Priority::Critical),
];

/// Where an issue stands.
pub const STATUSES: Words<Status> = &[
    ("open", Status::Open),
    ("in-progress", Status::InProgress),
    ("resolved", Status::Resolved),
    ("closed", Status::Closed),
];

/// Severity of a hand-written issue; kept as the word itself.
pub const SEVERITIES: Words<Level> =
    &[("warning", Level::Warning), ("error", Level::Error), ("critical", Level::Fatal)];

/// Severity of a report. The second half are the words that loggers use for the same.
pub const LEVELS: Words<Level> = &[
    ("warning", Level::Warning),
    ("error", Level::Error),
    ("fatal", Level::Fatal),
    ("warn", Level::Warning),
    ("critical", Level::Fatal),
];

/// Sort of end.
pub const KINDS: Words<Kind> =
    &[("exception", Kind::Exception), ("panic", Kind::Panic), ("fatal", Kind::Fatal), ("log", Kind::Log)];

/// Runtimes. The second half are names that SDKs and people use for the same.
pub const LANGUAGES: Words<Language> = &[
    ("python", Language::Python),
    ("jvm", Language::Jvm),
    ("javascript", Language::Javascript),
    ("dotnet", Language::Dotnet),
    ("go", Language::Go),
    ("rust", Language::Rust),
    ("ruby", Language::Ruby),
    ("php", Language::Php),
    ("dart", Language::Dart),
    ("elixir", Language::Elixir),
    ("perl", Language::Perl),
    ("swift", Language::Swift),
    ("native", Language::Native),
    ("unknown", Language::Unknown),
    ("java", Language::Jvm),
    ("kotlin", Language::Jvm),
    ("scala", Language::Jvm),
    ("node", Language::Javascript),
    ("nodejs", Language::Javascript),
    ("webjs", Language::Javascript),
    ("typescript", Language::Javascript),
    ("csharp", Language::Dotnet),
    ("cpp", Language::Native),
    ("c", Language::Native),
    ("cocoa", Language::Swift),
    ("erlang", Language::Elixir),
];

/// The meaning of a word.
pub fn meaning<T: Copy>(words: Words<T>, word: &str) -> Option<T> {
    words.iter().find(|(known, _)| *known == word).map(|(_, meaning)| *meaning)
}

/// The word for a meaning: the first one listed.
pub fn word<T: Copy + PartialEq>(words: Words<T>, meaning: T) -> &'static str {
    words.iter().find(|(_, known)| *known == meaning).map_or("", |(word, _)| word)
}

/// The words as a sentence lists them.
pub fn listed<T>(words: Words<T>) -> String {
    words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_documents() {
        fn check<T: Copy + serde::Serialize + PartialEq>(words: Words<T>) {
            for (_, meaning) in words {
                let json = serde_json::to_value(meaning).expect("JSON");
                assert_eq!(json, word(words, *meaning));
            }
        }
        check(ISSUE_TYPES);
        check(PRIORITIES);
        check(STATUSES);
        check(LEVELS);
        check(KINDS);
        check(LANGUAGES);
    }
}
