//! Whether a frame belongs to the application, or to a library or the runtime.
//!
//! Judged by where its file lies and by the beginning of its module or function; a settings entry decides before the
//! built-in tables, `include` before `exclude`. The tables name places and packages that are never an application's
//! own; whatever they do not name is the application's, since hiding a frame costs more than showing one too many.

use serde::Serialize;

use crate::report::{Frame, Language};

mod tables;

use self::tables::{EVERYWHERE, Table};

/// Prefixes of modules, functions or files that settings add.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prefixes {
    /// In-app whatever the tables say.
    pub(crate) include: Vec<String>,
    /// Not in-app.
    pub(crate) exclude: Vec<String>,
}

/// The judgement of one frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Whether the frame is the application's.
    pub in_app: bool,
    /// Why.
    pub because: Because,
    /// The table's or setting's entry that decided, if one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
}

/// What decided. Closed: shown by `--explain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Because {
    /// An `include` prefix of the settings.
    Included,
    /// An `exclude` prefix of the settings.
    Excluded,
    /// The file lies where libraries or the runtime do.
    LibraryPath,
    /// The module or function is of a library or the runtime.
    LibraryName,
    /// Nothing is known of the frame.
    Nameless,
    /// No rule claims it.
    Application,
}

/// Judges one frame.
pub(crate) fn judge<'a>(
    frame: &Frame,
    language: Language,
    prefixes: &'a Prefixes,
) -> (bool, Because, Option<&'a str>) {
    let setting =
        |list: &'a [String]| list.iter().find(|prefix| begins_with(frame, prefix)).map(String::as_str);
    if let Some(entry) = setting(&prefixes.include) {
        return (true, Because::Included, Some(entry));
    }
    if let Some(entry) = setting(&prefixes.exclude) {
        return (false, Because::Excluded, Some(entry));
    }
    if frame.function.is_none() && frame.module.is_none() && frame.file.is_none() {
        return (false, Because::Nameless, None);
    }
    let table = tables::of(language);
    if let Some(entry) = frame.file.as_deref().and_then(|file| library_path(file, language)) {
        return (false, Because::LibraryPath, Some(entry));
    }
    if let Some(entry) = library_name(frame, table) {
        return (false, Because::LibraryName, Some(entry));
    }
    if table.fileless_is_library && frame.file.is_none() {
        return (false, Because::LibraryPath, None);
    }
    (true, Because::Application, None)
}

impl Verdict {
    /// The judgement of one frame with its reason, for `--explain`.
    pub(crate) fn of(frame: &Frame, language: Language, prefixes: &Prefixes) -> Self {
        let (in_app, because, entry) = judge(frame, language, prefixes);
        Self { in_app, because, entry: entry.map(str::to_owned) }
    }
}

fn begins_with(frame: &Frame, prefix: &str) -> bool {
    let parts = [&frame.module, &frame.function, &frame.file];
    !prefix.is_empty() && parts.into_iter().flatten().any(|part| part.starts_with(prefix))
}

/// The entry for a directory of libraries that `file` lies in. Windows writes the same paths the other way round.
fn library_path(file: &str, language: Language) -> Option<&'static str> {
    let table = tables::of(language);
    let turned;
    let file = if file.contains('\\') {
        turned = file.replace('\\', "/");
        turned.as_str()
    } else {
        file
    };
    let begins = |start: &&&str| file.starts_with(**start);
    let whole = |name: &&&str| file == **name;
    // An entry begins with a slash; a relative file begins with what follows it.
    let relative = |part: &&&str| part.strip_prefix('/').is_some_and(|relative| file.starts_with(relative));
    // Rails writes `actionpack (7.1.2) lib/action_dispatch/…` for a file of a gem.
    let gem = |(_, rest): (&str, &str)| {
        rest.starts_with(|first: char| first.is_ascii_digit()) && rest.contains(") ")
    };
    if language == Language::Ruby && file.split_once(" (").is_some_and(gem) {
        return Some("gem");
    }
    tables::within(language, file)
        .or_else(|| table.within.iter().chain(EVERYWHERE).find(relative).copied())
        .or_else(|| table.file_begins.iter().find(begins).copied())
        .or_else(|| table.files.iter().find(whole).copied())
}

/// The entry for a package of a library that the frame's module, or its function where it has none, begins with.
fn library_name(frame: &Frame, table: &Table) -> Option<&'static str> {
    let name = frame.module.as_deref().or(frame.function.as_deref())?;
    let name = name.rsplit_once('/').filter(|_| table.loaders).map_or(name, |(_, class)| class);
    // Comparing one byte first spares a call for almost every entry of a long table.
    let first = name.as_bytes().first();
    let begins = |prefix: &&&str| prefix.as_bytes().first() == first && name.starts_with(**prefix);
    if let Some(entry) = table.names.iter().find(begins).or_else(|| of_crate(name, table)) {
        return Some(entry);
    }
    // A first segment of a Go package: `net/http` and `net`, not `network`.
    let root = name.split(['/', '.']).next()?;
    table.roots.iter().find(|known| **known == root).copied()
}

/// The entry for the crate of a Rust name: `core[c1f1a4ba]::fmt::write` carries the crate's hash, and in
/// `<<std::fs::File as …>::drop` the type that the function belongs to stands in front.
fn of_crate<'a>(name: &str, table: &'a Table) -> Option<&'a &'static str> {
    if !table.crates {
        return None;
    }
    let name = name.trim_start_matches(['<', '&']);
    let end = name.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')?;
    let (first, rest) = name.split_at_checked(end)?;
    let qualified = rest.starts_with("::") || rest.starts_with('[');
    table.names.iter().find(|entry| qualified && entry.strip_suffix("::") == Some(first))
}

#[cfg(test)]
mod tests;
