//! Names of types, modules and functions without what a compiler, a proxy or a new build puts into them.
//!
//! Part of fingerprint version 1: a released version never changes what these return.

use crate::{report::Language, search};

mod dotnet;
mod dynamic;
mod go;
mod javascript;
mod jvm;
mod native;
mod rust;

/// An exception's class, cleaned.
pub(crate) fn type_name(name: &str, language: Language) -> String {
    let mut out = String::with_capacity(name.len());
    match language {
        Language::Jvm => jvm::class(name, &mut out),
        Language::Dotnet => dotnet::without_arguments(name, &mut out),
        _ => without_addresses(name, &mut out),
    }
    out
}

/// A module or class, cleaned.
pub(crate) fn module(name: &str, language: Language, out: &mut String) {
    match language {
        Language::Jvm => jvm::class(name, out),
        Language::Go => go::package(name, out),
        Language::Dotnet => dotnet::function(name, out),
        Language::Native | Language::Swift => without_addresses(last_segment(name), out),
        Language::Rust => rust::function(name, out),
        Language::Php => dynamic::php(name, out),
        Language::Elixir => without_version(name, out),
        _ => without_addresses(name, out),
    }
}

/// A function or method, cleaned.
pub(crate) fn function(name: &str, language: Language, out: &mut String) {
    match language {
        Language::Jvm => jvm::method(name, out),
        Language::Javascript => javascript::function(name, out),
        Language::Dotnet => dotnet::function(name, out),
        Language::Go => go::function(name, out),
        Language::Rust => rust::function(name, out),
        Language::Native => native::function(name, out),
        Language::Swift => native::swift(name, out),
        Language::Ruby => dynamic::ruby(name, out),
        Language::Php => dynamic::php(name, out),
        Language::Python => dynamic::python(name, out),
        Language::Elixir => dynamic::elixir(name, out),
        Language::Perl => dynamic::perl(name, out),
        Language::Dart => dynamic::dart(name, out),
        Language::Unknown => without_addresses(name, out),
    }
}

/// A path's last segment.
fn last_segment(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// `phoenix 1.7.2` → `phoenix`.
fn without_version(name: &str, out: &mut String) {
    out.push_str(name.split(' ').next().unwrap_or(name));
}

/// Copies a name without `0x…` numbers.
fn without_addresses(name: &str, out: &mut String) {
    let mut rest = name;
    while let Some(at) = search::find(rest, "0x") {
        let (before, number) = (rest.get(..at).unwrap_or_default(), rest.get(at + 2..).unwrap_or_default());
        let digits = number.bytes().take_while(u8::is_ascii_hexdigit).count();
        out.push_str(before);
        if digits == 0 {
            out.push_str("0x");
        }
        rest = number.get(digits..).unwrap_or_default();
    }
    out.push_str(rest);
}

/// Copies a name without what stands between `open` and the `close` that belongs to it; what is never closed goes to
/// the end. `keep` says of what stands before an opening that it opens nothing (`operator<`).
fn without_nested(name: &str, open: char, close: char, keep: impl Fn(&str) -> bool, out: &mut String) {
    let mut depth = 0u32;
    let start = out.len();
    for c in name.chars() {
        if c == open && (depth > 0 || !keep(out.get(start..).unwrap_or_default())) {
            depth += 1;
        } else if c == close && depth > 0 {
            depth -= 1;
        } else if depth == 0 {
            out.push(c);
        }
    }
}

/// The name up to the arguments that a runtime printed: the first parenthesis that does not begin it.
fn before_arguments(name: &str) -> &str {
    let open = name.char_indices().find(|&(at, c)| c == '(' && at > 0);
    open.map_or(name, |(at, _)| name.get(..at).unwrap_or(name)).trim_end()
}

/// Drops digits, and one of `joiners` before them, from the end; as often as it can.
fn trim_counters<'n>(mut name: &'n str, joiners: &[char]) -> &'n str {
    loop {
        let without_digits = name.trim_end_matches(|c: char| c.is_ascii_digit());
        let trimmed = without_digits.trim_end_matches(joiners);
        if without_digits.len() == name.len() || trimmed.len() == without_digits.len() || trimmed.is_empty() {
            return name;
        }
        name = trimmed;
    }
}

#[cfg(test)]
mod tests;
