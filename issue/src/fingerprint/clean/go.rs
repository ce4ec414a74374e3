//! Go: closures, method values, wrappers and generics.

use crate::search;

/// A package path without a version of its checkout.
pub(super) fn package(name: &str, out: &mut String) {
    out.push_str(name.split('@').next().unwrap_or(name));
}

/// A function: `(*Server).handle.func1.2` → `(*Server).handle`, `Map[...].func1` → `Map`.
pub(super) fn function(name: &str, out: &mut String) {
    let mut plain = String::with_capacity(name.len());
    super::without_nested(arguments_off(name), '[', ']', |_| false, &mut plain);
    let mut kept = plain.as_str();
    while let Some((head, last)) = kept.rsplit_once('.') {
        if !is_made(last) {
            break;
        }
        kept = head.trim_end_matches('.');
    }
    out.push_str(kept.strip_suffix("-fm").unwrap_or(kept));
}

/// `main.run(0xc000010000, 0x2)` → `main.run`; the receiver of `(*T).m(…)` stays.
fn arguments_off(name: &str) -> &str {
    match name.rfind('(') {
        Some(at)
            if at > 0
                && name.ends_with(')')
                && !name.get(at..).is_some_and(|tail| tail.starts_with("(*")) =>
        {
            name.get(..at).unwrap_or(name)
        }
        _ => name,
    }
}

/// A part of a name that the compiler made: `func1`, `2`, `gowrap1`, `deferwrap2`, `func1-range1`, `init.0`.
fn is_made(part: &str) -> bool {
    let part = search::before(part, "-range");
    let part = part.strip_suffix("-fm").unwrap_or(part);
    let bare = part.trim_end_matches(|c: char| c.is_ascii_digit());
    let counted = bare.len() < part.len();
    (counted && matches!(bare, "" | "func" | "gowrap" | "deferwrap" | "dwrap")) || part.is_empty()
}
