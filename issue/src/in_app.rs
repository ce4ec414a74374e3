//! Whether a frame belongs to the application, or to a library or the runtime.
//!
//! Judged by where its file lies and by the beginning of its module or function; a settings entry decides before the
//! built-in tables, `include` before `exclude`. The tables name places and packages that are never an application's
//! own; whatever they do not name is the application's, since hiding a frame costs more than showing one too many.

use serde::Serialize;

use crate::{
    report::{Frame, Language},
    search,
};

mod tables;

use self::tables::{Lists, Table};

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
    let lists = tables::lists(language);
    let path = frame.file.as_deref().zip(lists);
    if let Some(entry) = path.and_then(|(file, lists)| library_path(file, language, lists)) {
        return (false, Because::LibraryPath, Some(entry));
    }
    if let Some(entry) = lists.and_then(|lists| library_name(frame, lists, table)) {
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
fn library_path(name: &str, language: Language, lists: &Lists) -> Option<&'static str> {
    let turned;
    let file = if memchr::memchr(b'\\', name.as_bytes()).is_some() {
        turned = name.replace('\\', "/");
        turned.as_bytes()
    } else {
        name.as_bytes()
    };
    // Rails writes `actionpack (7.1.2) lib/action_dispatch/…` for a file of a gem.
    let gem = |(_, rest): (&str, &str)| {
        rest.starts_with(|first: char| first.is_ascii_digit()) && rest.contains(") ")
    };
    if language == Language::Ruby && search::split_once(name, " (").is_some_and(gem) {
        return Some("gem");
    }
    let below = |slash: usize| lists.within.of(file.get(slash + 1..)?);
    memchr::memchr_iter(b'/', file)
        .find_map(below)
        // A relative file begins with what follows the slash.
        .or_else(|| lists.within.of(file))
        .or_else(|| lists.file_begins.of(file))
        .or_else(|| lists.files.whole(file))
}

/// The entry for a package of a library that the frame's module, or its function where it has none, begins with.
fn library_name(frame: &Frame, lists: &Lists, table: &Table) -> Option<&'static str> {
    let whole = frame.module.as_deref().or(frame.function.as_deref())?;
    let name = whole.as_bytes();
    let class = || memchr::memrchr(b'/', name).and_then(|slash| name.get(slash + 1..));
    let name = if table.loaders { class().unwrap_or(name) } else { name };
    // A first segment of a Go package: `net/http` and `net`, not `network`.
    let root = || name.split(|byte| matches!(byte, b'/' | b'.')).next();
    lists.names.of(name).or_else(|| of_crate(whole, table)).or_else(|| lists.roots.whole(root()?))
}

/// The entry for the crate of a Rust name: `core[c1f1a4ba]::fmt::write` carries the crate's hash, and in
/// `<<std::fs::File as …>::drop` the type that the function belongs to stands in front.
fn of_crate(name: &str, table: &Table) -> Option<&'static str> {
    if !table.crates {
        return None;
    }
    let name = name.trim_start_matches(['<', '&']);
    let end = name.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')?;
    let (first, rest) = name.split_at_checked(end)?;
    let qualified = rest.starts_with("::") || rest.starts_with('[');
    table.names.iter().copied().find(|entry| qualified && entry.strip_suffix("::") == Some(first))
}

#[cfg(test)]
mod tests;
