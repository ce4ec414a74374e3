//! Exception chains and stacks: Sentry's orders turned round, and names put as the runtime itself prints them.
//!
//! The last matters for counting: a crash that an SDK reports is also printed on stderr, and only equal names give
//! equal fingerprints, by which the two are known as one.

use issue::report::{Cause, Frame, Kind, Relation};
use serde_json::{Map, Value};

use crate::{
    lenient::{list_of, number_at, text_at},
    reports::{CAUSES, FRAME, FRAMES, MESSAGE, TYPE},
};

/// What differs between Sentry's names and those that a runtime prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Platform {
    /// The event's `platform`.
    name: &'static str,
    /// The word for [`crate::vocabulary::LANGUAGES`].
    language: &'static str,
    /// The type is printed with its module before it.
    qualified: bool,
    /// Frames are printed with their module rather than with a file alone.
    modules: bool,
    /// Functions are printed without the class or function that they are defined in.
    bare_functions: bool,
}

const PLATFORMS: &[Platform] = &[
    Platform { name: "python", language: "python", qualified: true, modules: false, bare_functions: true },
    Platform { name: "java", language: "jvm", qualified: true, modules: true, bare_functions: false },
    Platform {
        name: "javascript",
        language: "javascript",
        qualified: false,
        modules: false,
        bare_functions: false,
    },
    Platform {
        name: "node",
        language: "javascript",
        qualified: false,
        modules: false,
        bare_functions: false,
    },
    Platform { name: "go", language: "go", qualified: false, modules: true, bare_functions: false },
    Platform { name: "csharp", language: "dotnet", qualified: false, modules: true, bare_functions: false },
    Platform { name: "ruby", language: "ruby", qualified: false, modules: false, bare_functions: false },
    Platform { name: "php", language: "php", qualified: false, modules: false, bare_functions: false },
    Platform { name: "rust", language: "rust", qualified: false, modules: false, bare_functions: false },
    Platform { name: "elixir", language: "elixir", qualified: false, modules: true, bare_functions: false },
    Platform { name: "perl", language: "perl", qualified: false, modules: true, bare_functions: false },
    Platform { name: "dart", language: "dart", qualified: false, modules: false, bare_functions: false },
    Platform { name: "cocoa", language: "swift", qualified: false, modules: false, bare_functions: false },
    Platform { name: "native", language: "native", qualified: false, modules: false, bare_functions: false },
];

const OTHER: Platform =
    Platform { name: "other", language: "unknown", qualified: false, modules: true, bare_functions: false };

/// Modules that Python leaves away when it prints a type.
const UNPRINTED: &[&str] = &["builtins", "__main__", "exceptions", "__builtin__"];

impl Platform {
    pub(super) fn of(name: Option<&str>) -> Self {
        PLATFORMS.iter().find(|platform| Some(platform.name) == name).copied().unwrap_or(OTHER)
    }

    pub(super) fn language(self) -> &'static str {
        self.language
    }
}

/// The exceptions of one event in the order of a report.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chain {
    /// The one that escaped.
    pub(super) primary: Option<Cause>,
    /// Nearest cause first, root last; then suppressed ones and members.
    pub(super) causes: Vec<Cause>,
    /// Panics and signals come as exceptions, too.
    pub(super) kind: Kind,
    /// How the primary one was caught, for people.
    pub(super) mechanism: Option<Value>,
}

impl Chain {
    /// `values` as Sentry lists them: root cause first.
    pub(super) fn of(values: &[&Map<String, Value>], platform: Platform) -> Self {
        // SDKs that know of groups give each exception a number, 0 for the one that escaped, and its parent's.
        let mut ordered: Vec<&Map<String, Value>> = values.iter().rev().copied().collect();
        if ordered.iter().all(|value| of_mechanism(value, "exception_id").is_some()) {
            ordered.sort_by_key(|value| of_mechanism(value, "exception_id").and_then(Value::as_u64));
        }
        let mut read = ordered.iter().map(|value| cause(value, platform));
        let primary = read.next();
        let (mut causes, others): (Vec<Cause>, Vec<Cause>) = ordered
            .iter()
            .skip(1)
            .zip(read)
            .map(|(value, cause)| Cause { relation: relation(value, &ordered), ..cause })
            .partition(|cause| cause.relation.is_none());
        causes.extend(others);
        causes.truncate(CAUSES);
        let mechanism = ordered.first().and_then(|value| value.get("mechanism")).cloned();
        Self { kind: kind(primary.as_ref(), mechanism.as_ref(), platform), primary, causes, mechanism }
    }
}

fn of_mechanism<'v>(value: &'v Map<String, Value>, key: &str) -> Option<&'v Value> {
    value.get("mechanism")?.get(key).filter(|value| !value.is_null())
}

/// What stands in a group, or under a member of one, is no cause of the primary. `source` names the attribute that
/// held it: `__cause__`, `exceptions[0]`, `errors[1]`, `InnerExceptions[0]`, `suppressed[0]`.
fn relation(value: &Map<String, Value>, all: &[&Map<String, Value>]) -> Option<Relation> {
    let mut value = value;
    // As many steps as there are exceptions: a chain that bites its tail must end, too.
    for _ in all {
        let source = of_mechanism(value, "source").and_then(Value::as_str).unwrap_or_default();
        if source.to_ascii_lowercase().contains("suppressed") {
            return Some(Relation::Suppressed);
        }
        let parent_id = of_mechanism(value, "parent_id")?;
        let parent = all.iter().find(|other| of_mechanism(other, "exception_id") == Some(parent_id))?;
        let in_group = of_mechanism(parent, "is_exception_group") == Some(&Value::Bool(true));
        if source.ends_with(']') || (in_group && source.is_empty()) {
            return Some(Relation::Member);
        }
        value = parent;
    }
    None
}

fn kind(primary: Option<&Cause>, mechanism: Option<&Value>, platform: Platform) -> Kind {
    let mechanism = mechanism.and_then(|mechanism| mechanism.get("type")).and_then(Value::as_str);
    let error_type = primary.and_then(|primary| primary.error_type.as_deref());
    match (mechanism, platform.language, error_type) {
        (Some("signalhandler" | "minidump" | "mach"), ..) => Kind::Fatal,
        (Some("panic"), _, Some("panic")) | (_, "rust", Some("panic")) => Kind::Panic,
        (_, "go", Some("panic" | "runtime error")) => Kind::Panic,
        // Node's SDK puts the stack of a message into an exception without a type.
        (_, _, None) => Kind::Log,
        _ => Kind::Exception,
    }
}

/// What Go's runtime throws has types of its own, which it does not print.
fn as_go_prints(cause: Cause) -> Cause {
    if !cause.error_type.as_deref().is_some_and(|name| name.starts_with("runtime.")) {
        return cause;
    }
    match cause.message.strip_prefix("runtime error: ") {
        Some(text) => {
            Cause { error_type: Some("runtime error".to_owned()), message: text.to_owned(), ..cause }
        }
        None => Cause { error_type: Some("panic".to_owned()), ..cause },
    }
}

fn cause(value: &Map<String, Value>, platform: Platform) -> Cause {
    let frames = value.get("stacktrace").map(|stack| frames(stack, platform));
    let cause = Cause {
        error_type: error_type(value, platform),
        message: text_at(value, &["value"], &MESSAGE).unwrap_or_default(),
        frames: frames.unwrap_or_default(),
        relation: None,
    };
    if platform.language == "go" { as_go_prints(cause) } else { cause }
}

fn error_type(value: &Map<String, Value>, platform: Platform) -> Option<String> {
    let name = text_at(value, &["type"], &TYPE)?;
    let module = text_at(value, &["module"], &TYPE).filter(|module| !UNPRINTED.contains(&module.as_str()));
    match module {
        Some(module) if platform.qualified && !name.starts_with(&module) => Some(format!("{module}.{name}")),
        _ => Some(name),
    }
}

/// The frames of a Sentry stack trace, innermost first; the outer ones of a deep recursion are cut.
pub(super) fn frames(stack: &Value, platform: Platform) -> Vec<Frame> {
    let frames = list_of(stack.get("frames"));
    frames.into_iter().rev().take(FRAMES).map(|one| frame(one, platform)).collect()
}

fn frame(frame: &Map<String, Value>, platform: Platform) -> Frame {
    Frame {
        function: text_at(frame, &["function"], &FRAME).and_then(|name| function(name, platform)),
        module: text_at(frame, &["module"], &FRAME).filter(|_| platform.modules),
        // Java's `abs_path` is the same as its `filename`; everywhere else it is what the runtime prints.
        file: text_at(frame, &["abs_path", "filename"], &FRAME),
        line: number_at(frame, "lineno"),
        column: number_at(frame, "colno"),
        in_app: frame.get("in_app") == Some(&Value::Bool(true)),
    }
}

/// A function's name as the runtime prints it. SDKs write `?` for a name that they do not know.
fn function(name: String, platform: Platform) -> Option<String> {
    if name == "?" || name == "<unknown>" {
        return None;
    }
    if platform.language == "javascript" && name.ends_with(".?") {
        return Some(name.replace(".?", ".<anonymous>"));
    }
    match name.rsplit_once('.') {
        Some((_, bare)) if platform.bare_functions => Some(bare.to_owned()),
        _ => Some(name),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn chain(values: &Value, platform: &str) -> Chain {
        Chain::of(&list_of(Some(values)), Platform::of(Some(platform)))
    }

    fn types(causes: &[Cause]) -> Vec<&str> {
        causes.iter().filter_map(|cause| cause.error_type.as_deref()).collect()
    }

    #[test]
    fn both_orders_are_turned_round() {
        let values = json!({"values": [
            {"type": "KeyError", "value": "'a'", "module": "builtins"},
            {"type": "OSError", "value": "b"},
            {"type": "AppError", "value": "c", "module": "app.errors", "stacktrace": {"frames": [
                {"function": "main", "module": "app", "abs_path": "/srv/app.py", "filename": "app.py", "lineno": 9},
                {"function": "Core.run.<locals>.parse", "abs_path": "/srv/core.py", "lineno": 3, "in_app": true},
            ]}},
        ]});
        let chain = chain(&values, "python");
        let primary = chain.primary.expect("one escaped");
        assert_eq!(primary.error_type.as_deref(), Some("app.errors.AppError"));
        assert_eq!(types(&chain.causes), ["OSError", "KeyError"]);
        let innermost = &primary.frames[0];
        assert_eq!((innermost.function.as_deref(), innermost.line), (Some("parse"), Some(3)));
        assert_eq!((innermost.module.as_deref(), innermost.in_app), (None, true));
        assert_eq!(primary.frames[1].file.as_deref(), Some("/srv/app.py"));
    }

    #[test]
    fn names_are_those_that_the_runtime_prints() {
        for (platform, value, expect) in [
            (
                "java",
                json!({"type": "IllegalStateException", "module": "java.lang"}),
                "java.lang.IllegalStateException",
            ),
            ("python", json!({"type": "E", "module": "__main__"}), "E"),
            ("ruby", json!({"type": "Foo::Bar", "module": "Foo"}), "Foo::Bar"),
            (
                "csharp",
                json!({"type": "System.Exception", "module": "System.Private.CoreLib, Version=8"}),
                "System.Exception",
            ),
            ("node", json!({"type": "TypeError"}), "TypeError"),
        ] {
            assert_eq!(types(chain(&json!([value]), platform).primary.as_slice()), [expect], "{platform}");
        }
    }

    #[test]
    fn members_of_groups_are_no_causes() {
        let one = |name: &str, id: u64, parent: Option<u64>, source: &str, group: bool| {
            json!({"type": name, "mechanism": {"type": "chained", "exception_id": id, "parent_id": parent,
                "source": source, "is_exception_group": group}})
        };
        let values = json!([
            one("Root", 4, Some(3), "__context__", false),
            one("Cause", 3, Some(0), "__cause__", false),
            one("UnderMember", 2, Some(1), "__cause__", false),
            one("Member", 1, Some(0), "exceptions[0]", false),
            one("Hidden", 5, Some(0), "suppressed[0]", false),
            one("ExceptionGroup", 0, None, "", true),
        ]);
        let chain = chain(&values, "python");
        assert_eq!(types(chain.primary.as_slice()), ["ExceptionGroup"]);
        assert_eq!(types(&chain.causes), ["Cause", "Root", "Member", "UnderMember", "Hidden"]);
        let relations: Vec<_> = chain.causes.iter().map(|cause| cause.relation).collect();
        let (member, hidden) = (Some(Relation::Member), Some(Relation::Suppressed));
        assert_eq!(relations, [None, None, member, member, hidden]);
    }

    #[test]
    fn a_chain_that_bites_its_tail_ends() {
        let values = json!([{"type": "A", "mechanism": {"exception_id": 0, "parent_id": 1, "source": "x"}},
            {"type": "B", "mechanism": {"exception_id": 1, "parent_id": 0, "source": "y"}}]);
        assert_eq!(types(&chain(&values, "python").causes), ["B"]);
    }

    #[test]
    fn signals_and_panics_keep_their_kind() {
        let of = |mechanism: &str, name: &str, platform: &str| {
            chain(&json!({"type": name, "mechanism": {"type": mechanism}}), platform).kind
        };
        assert_eq!(of("signalhandler", "SIGSEGV", "native"), Kind::Fatal);
        assert_eq!(of("panic", "panic", "native"), Kind::Panic);
        assert_eq!(of("generic", "Error", "node"), Kind::Exception);
    }

    #[test]
    fn what_go_s_runtime_throws_is_named_as_it_is_printed() {
        for (name, value, expect, message) in [
            (
                "runtime.plainError",
                "assignment to entry in nil map",
                "panic",
                "assignment to entry in nil map",
            ),
            (
                "runtime.boundsError",
                "runtime error: index out of range [5]",
                "runtime error",
                "index out of range [5]",
            ),
            ("*main.OrderError", "no stock", "*main.OrderError", "no stock"),
        ] {
            let primary = chain(&json!([{"type": name, "value": value}]), "go").primary.expect("one");
            assert_eq!((primary.error_type.as_deref(), primary.message.as_str()), (Some(expect), message));
        }
    }

    #[test]
    fn nameless_functions_are_written_as_printed() {
        let of = |name: &str, platform: &str| function(name.to_owned(), Platform::of(Some(platform)));
        assert_eq!(of("?", "node"), None);
        assert_eq!(of("Object.?", "node").as_deref(), Some("Object.<anonymous>"));
        assert_eq!(of("Shop.handle", "python").as_deref(), Some("handle"));
        assert_eq!(of("Shop.handle", "ruby").as_deref(), Some("Shop.handle"));
    }

    #[test]
    fn deep_recursion_keeps_its_inner_frames() {
        let frames_of: Vec<Value> = (0..1000).map(|n| json!({"function": format!("f{n}")})).collect();
        let read = frames(&json!({ "frames": frames_of }), OTHER);
        assert_eq!((read.len(), read[0].function.as_deref()), (FRAMES, Some("f999")));
    }
}
