//! What is known of one error: [`Parsed`] as a parser or a client gave it, [`Report`] once redacted and fingerprinted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What sort of end a program or a request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A type with frames, or a runtime's header for an uncaught error.
    Exception,
    /// A panic of Go, Rust or a kernel.
    Panic,
    /// A runtime that gave up without an exception: V8 out of memory, glibc abort, a sanitizer, a fatal signal.
    Fatal,
    /// A log line at level warning or above without a trace.
    Log,
}

/// How bad the program itself says it is. Ordered: `Warning < Error < Fatal`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Worth a look; below the default threshold.
    Warning,
    /// A failure.
    Error,
    /// The process ended of it.
    Fatal,
}

/// The runtime that printed the error, as far as its text tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "each variant is the language of its name")]
pub enum Language {
    Python,
    Jvm,
    Javascript,
    Dotnet,
    Go,
    Rust,
    Ruby,
    Php,
    Dart,
    Elixir,
    Perl,
    Swift,
    Native,
    #[default]
    Unknown,
}

/// One frame of a stack, names as the runtime printed them; what it did not print is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Frame {
    /// Function or method.
    pub function: Option<String>,
    /// JVM class, Go package path, or what else the runtime calls the function's home.
    pub module: Option<String>,
    /// File as printed.
    pub file: Option<String>,
    /// 1-based line.
    pub line: Option<u32>,
    /// 1-based column.
    pub column: Option<u32>,
    /// Whether the frame belongs to the application rather than to a library or the runtime.
    pub in_app: bool,
}

/// How a further exception stands to the primary one. Absent means: it caused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Relation {
    /// Raised while the primary was being handled, and put aside (Java's `Suppressed:`).
    Suppressed,
    /// One of several errors that the primary groups (`ExceptionGroup`, `AggregateException`, `AggregateError`).
    Member,
}

/// A further exception of the same crash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cause {
    /// Exception class as printed.
    #[serde(rename = "type")]
    pub error_type: Option<String>,
    /// Its text, `""` when it has none.
    pub message: String,
    /// Innermost first.
    pub frames: Vec<Frame>,
    /// `None`: it caused the exception before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relation: Option<Relation>,
}

/// One error as a parser or a client gave it: not redacted, not judged, not hashed. It must not leave the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// Sort of end.
    pub kind: Kind,
    /// Severity.
    pub level: Level,
    /// Runtime.
    pub language: Language,
    /// Exception class as printed, fully qualified where it is.
    pub error_type: Option<String>,
    /// Text after the type; multi-line kept with `\n`; never holds frames.
    pub message: String,
    /// Innermost (where it was thrown) first, in every language. `in_app` is not judged yet.
    pub frames: Vec<Frame>,
    /// Nearest cause first, root last; then suppressed ones and members.
    pub causes: Vec<Cause>,
    /// The text of the log line that stood above the trace.
    pub log: Option<String>,
    /// The whole record as it was read.
    pub text: String,
}

impl Parsed {
    /// A report with nothing but its text: what is recognised and not understood.
    pub fn of_text(kind: Kind, level: Level, language: Language, text: String) -> Self {
        let message = text.lines().next().unwrap_or_default().to_owned();
        Self {
            kind,
            level,
            language,
            error_type: None,
            message,
            frames: Vec::new(),
            causes: Vec::new(),
            log: None,
            text,
        }
    }
}

/// What was cut out of a report, by kind of secret: `{"jwt": 1, "password": 2}`.
pub type Redacted = BTreeMap<String, u32>;

/// One finished report: redacted, judged, fingerprinted. The JSON form is the contract of `issuetracker scan`
/// and the inner part of a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Sort of end.
    pub kind: Kind,
    /// Severity.
    pub level: Level,
    /// Runtime.
    #[serde(default)]
    pub language: Language,
    /// Exception class; `None` where there is none.
    #[serde(rename = "type")]
    pub error_type: Option<String>,
    /// Text after the type.
    #[serde(default)]
    pub message: String,
    /// Innermost first; left out of a record that carries no full sample.
    #[serde(default)]
    pub frames: Vec<Frame>,
    /// Nearest cause first.
    #[serde(default)]
    pub causes: Vec<Cause>,
    /// The message's first line, normalised, for people.
    #[serde(default)]
    pub template: String,
    /// `<module or file> in <function>` of the frame that most likely is to blame.
    pub culprit: Option<String>,
    /// The text of the log line above the trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// What redaction cut, by kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub redacted: Redacted,
    /// `v1:` and 64 hex digits.
    pub fingerprint: String,
    /// What the error is about.
    #[serde(default)]
    pub category: Category,
    /// Where in the queue it belongs before anybody has looked.
    #[serde(default)]
    pub priority: Priority,
    /// The record as it was printed, redacted; empty in a record that carries no full sample.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

impl Report {
    /// One line for a list: `type: message`, whichever of them there is, cut at 200 characters.
    pub fn title(&self) -> String {
        let message = self.message.lines().next().unwrap_or_default().trim();
        let title = match (&self.error_type, message.is_empty()) {
            (Some(error_type), true) => error_type.clone(),
            (Some(error_type), false) => format!("{error_type}: {message}"),
            (None, false) => message.to_owned(),
            (None, true) => "error without a message".to_owned(),
        };
        match title.char_indices().nth(200) {
            Some((end, _)) => title.get(..end).unwrap_or_default().to_owned() + "…",
            None => title,
        }
    }
}

/// What an error is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the table in category.rs defines each by its rules")]
pub enum Category {
    Resource,
    Crash,
    Security,
    Data,
    Dependency,
    Configuration,
    Code,
    Validation,
    #[default]
    Unknown,
}

/// How soon somebody should look. Ordered: `Low < Medium < High < Critical`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the four steps of the tracker's scale")]
pub enum Priority {
    Low,
    #[default]
    Medium,
    High,
    Critical,
}
