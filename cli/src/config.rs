//! What the environment tells `issuetracker` beside its flags.
#![expect(clippy::disallowed_methods, reason = "this is the one room that reads the environment")]

use std::{env, path::PathBuf};

use anyhow::Context;

/// Where issues are kept unless told otherwise: `$XDG_DATA_HOME/issuetracker`, else `~/.local/share/issuetracker`
/// (XDG Base Directory Specification 0.8); on macOS `~/Library/Application Support/issuetracker`.
pub fn default_data_dir() -> anyhow::Result<PathBuf> {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    if let Some(data) = absolute("XDG_DATA_HOME") {
        return Ok(data.join("issuetracker"));
    }
    let home = absolute("HOME").context("HOME is not set: say where to keep issues with --data-dir DIR")?;
    let data = if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/share" };
    Ok(home.join(data).join("issuetracker"))
}

/// The login name of whoever types.
pub fn person() -> Option<String> {
    let name = env::var("USER").or_else(|_| env::var("LOGNAME")).ok()?;
    let plain = name.len() <= 100 && name.bytes().all(|byte| byte.is_ascii_graphic());
    (plain && !name.is_empty()).then_some(name)
}

/// Whether people asked for no colour (<https://no-color.org>).
pub fn no_color() -> bool {
    env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}
