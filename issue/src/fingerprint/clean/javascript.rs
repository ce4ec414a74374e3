//! JavaScript: receivers that only the engine chose, anonymous functions, bundlers' wrappers.

use crate::search;

/// Receivers that say nothing: which of them an engine prints changes with its version.
const RECEIVERS: &[&str] = &[
    "Object.",
    "Function.",
    "Module.",
    "exports.",
    "module.exports.",
    "Proxy.",
    "global.",
    "window.",
    "self.",
    "globalThis.",
];

/// A function: `async Foo.bar [as baz]` → `Foo.bar`, `Object.<anonymous>` → nothing, `Foo.<anonymous>` → `Foo`.
pub(super) fn function(name: &str, out: &mut String) {
    let name = name.trim();
    let name = ["async ", "new ", "get ", "set ", "bound "]
        .iter()
        .fold(name, |name, word| name.strip_prefix(word).unwrap_or(name));
    let name = search::before(name, " [as ");
    let name = search::before(name, " (");
    // `eval at compile (file:///…)` and `eval`.
    let name = if name.starts_with("eval") && !name.chars().nth(4).is_some_and(|c| c.is_alphanumeric()) {
        "eval"
    } else {
        name
    };
    let name = RECEIVERS.iter().find_map(|receiver| name.strip_prefix(receiver)).unwrap_or(name);
    // Firefox: `outer/<`, `outer/inner</<`.
    let name = name
        .split('/')
        .filter(|part| !part.is_empty())
        .map(|part| part.trim_end_matches('<'))
        .filter(|part| !part.is_empty());
    let start = out.len();
    for part in name {
        if out.len() > start {
            out.push('/');
        }
        out.push_str(part);
    }
    for wrapper in
        ["<anonymous>", "anonymous", "__webpack_require__", "__webpack_exec__", "__WEBPACK_DEFAULT_EXPORT__"]
    {
        if let Some(head) = out.get(start..).and_then(|name| name.strip_suffix(wrapper)) {
            let kept = head.trim_end_matches('.').len();
            if kept == 0 || head.ends_with('.') {
                out.truncate(start + kept);
            }
        }
    }
    numbers(start, out);
}

/// A bundle's module number is no name: `12345`, `r.12345`.
fn numbers(start: usize, out: &mut String) {
    let name = out.get(start..).unwrap_or_default();
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit());
    if bare.len() < name.len() && (bare.is_empty() || bare.ends_with('.')) {
        let kept = bare.trim_end_matches('.').len();
        out.truncate(start + kept);
    }
}
