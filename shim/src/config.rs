//! The command line and the environment: the only place that reads them.

use crate::sys;
use std::{
    env,
    ffi::{CString, OsString},
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

/// What `--help` prints.
pub const HELP: &str = "\
Runs a command and copies what it writes to stderr into segment files. Changes nothing else.

Usage: issuetracker-shim -- COMMAND [ARGUMENTS...]
       issuetracker-shim install PATH    copies this program to PATH
       issuetracker-shim --version | --help

Environment (none of it reaches the command):
  ISSUETRACKER_SEGMENTS_DIR  folder for the copies; without it the command runs plainly
  ISSUETRACKER_CONTAINER     name of the folder within it [default: app]
  ISSUETRACKER_SHIM_URL      where errors can be reported to, such as http://127.0.0.1:6001; tells the
                             command by ISSUETRACKER_URL, SENTRY_DSN and OTEL_EXPORTER_OTLP_LOGS_ENDPOINT,
                             each only where it has no setting of that kind
";

const SEGMENTS_DIR: &str = "ISSUETRACKER_SEGMENTS_DIR";
const CONTAINER: &str = "ISSUETRACKER_CONTAINER";
const URL: &str = "ISSUETRACKER_SHIM_URL";

/// What the command must not see: it is ours, and a shim further down would write to the same files.
const OURS: [&str; 3] = [SEGMENTS_DIR, CONTAINER, URL];

/// A variable that the command gets unless the environment has one whose name begins with `theirs`.
struct Addition {
    name: &'static str,
    theirs: &'static str,
    value: fn(&str) -> String,
}

/// Whoever configured a kit of his own in any way has a pipeline that is not ours to redirect.
const ADDITIONS: [Addition; 3] = [
    Addition { name: "ISSUETRACKER_URL", theirs: "ISSUETRACKER_URL=", value: str::to_owned },
    Addition { name: "SENTRY_DSN", theirs: "SENTRY_", value: dsn },
    Addition {
        name: "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
        theirs: "OTEL_",
        value: |url| format!("{url}/v1/logs"),
    },
];

/// The project and the key are there because the format asks for some; the reports need neither.
fn dsn(url: &str) -> String {
    format!("{}/1", url.replacen("://", "://x@", 1))
}

/// How to run a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The program, by path or by name, and its arguments.
    pub command: Vec<OsString>,
    /// Folder of the segment folders; none: the command runs plainly.
    pub segments_dir: Option<PathBuf>,
    /// Name of the folder within it.
    pub container: String,
    /// Where the command may report errors to; told to it by environment variables.
    pub url: Option<String>,
}

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Run a command.
    Run(Settings),
    /// Copy this program.
    Install(PathBuf),
    /// Print the version.
    Version,
    /// Print the help.
    Help,
    /// Print the help as an error.
    Misuse,
}

impl Request {
    /// From the arguments and the environment of this process.
    pub fn read() -> Self {
        Self::parse(env::args_os().skip(1).collect(), setting)
    }

    fn parse(mut arguments: Vec<OsString>, setting: impl Fn(&str) -> Option<OsString>) -> Self {
        let words: Vec<Option<&str>> = arguments.iter().map(|word| word.to_str()).collect();
        match words.as_slice() {
            [Some("--"), _, ..] => {
                arguments.remove(0);
                Self::Run(Settings::new(arguments, setting))
            }
            [Some("install"), _] => Self::Install(arguments.pop().unwrap_or_default().into()),
            [Some("--version" | "-V")] => Self::Version,
            [Some("--help" | "-h")] => Self::Help,
            _ => Self::Misuse,
        }
    }
}

impl Settings {
    fn new(command: Vec<OsString>, setting: impl Fn(&str) -> Option<OsString>) -> Self {
        let text = |name| setting(name).and_then(|value| value.into_string().ok());
        Self {
            command,
            segments_dir: setting(SEGMENTS_DIR).map(PathBuf::from),
            container: text(CONTAINER).unwrap_or_else(|| "app".to_owned()),
            url: text(URL),
        }
    }

    /// The container's folder, if one can be named: a name with `/` in it would lie elsewhere.
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        let name = Path::new(&self.container);
        let is_plain = name.file_name() == Some(name.as_os_str());
        self.segments_dir.as_ref().filter(|_| is_plain).map(|dir| dir.join(name))
    }

    /// The environment that the command gets.
    pub(crate) fn environment(&self) -> Vec<CString> {
        extend(sys::environment(), self.url.as_deref())
    }
}

/// Where commands without a `/` are looked for, in order; as a container runtime does where PATH is missing.
pub(crate) fn search_path() -> Vec<PathBuf> {
    const USUAL: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let path = setting("PATH").unwrap_or_else(|| USUAL.into());
    env::split_paths(&path)
        .map(|folder| if folder.as_os_str().is_empty() { ".".into() } else { folder })
        .collect()
}

#[expect(clippy::disallowed_methods, reason = "this is the config.rs of the crate")]
fn setting(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.as_bytes().is_empty())
}

fn extend(mut entries: Vec<CString>, url: Option<&str>) -> Vec<CString> {
    let begins = |entry: &CString, name: &str| entry.as_bytes().starts_with(name.as_bytes());
    let is_ours = |entry: &CString| {
        OURS.iter().any(|name| begins(entry, name) && entry.as_bytes().get(name.len()) == Some(&b'='))
    };
    entries.retain(|entry| !is_ours(entry));
    let missing =
        ADDITIONS.iter().filter(|addition| !entries.iter().any(|entry| begins(entry, addition.theirs)));
    let added = url.into_iter().flat_map(|url| {
        let url = url.trim_end_matches('/');
        missing.clone().map(move |addition| format!("{}={}", addition.name, (addition.value)(url)))
    });
    let added: Vec<CString> = added.filter_map(|entry| CString::new(entry).ok()).collect();
    entries.extend(added);
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str], environment: &[(&str, &str)]) -> Request {
        let setting = |name: &str| {
            environment.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
        };
        Request::parse(arguments.iter().map(OsString::from).collect(), setting)
    }

    #[test]
    fn command_lines_ask_for_one_thing() {
        assert_eq!(parse(&["--version"], &[]), Request::Version);
        assert_eq!(parse(&["--help"], &[]), Request::Help);
        assert_eq!(parse(&["install", "/bin/x"], &[]), Request::Install("/bin/x".into()));
        for misuse in [&[][..], &["--"], &["ls"], &["--version", "x"], &["install"]] {
            assert_eq!(parse(misuse, &[]), Request::Misuse, "{misuse:?}");
        }
    }

    #[test]
    fn what_follows_the_dashes_is_the_command_whatever_it_looks_like() {
        let Request::Run(settings) = parse(&["--", "--help", "--", "-x"], &[(SEGMENTS_DIR, "/s")]) else {
            panic!("not a command");
        };
        assert_eq!(settings.command, ["--help", "--", "-x"]);
        assert_eq!(settings.folder(), Some("/s/app".into()));
    }

    #[test]
    fn a_container_name_never_leads_out_of_the_folder() {
        for (name, folder) in
            [("web", Some("/s/web")), ("..", None), ("a/b", None), ("/", None), (".", None), ("a/", None)]
        {
            let environment = [(SEGMENTS_DIR, "/s"), (CONTAINER, name)];
            let Request::Run(settings) = parse(&["--", "ls"], &environment) else { panic!("not a command") };
            assert_eq!(settings.folder(), folder.map(PathBuf::from), "{name}");
        }
    }

    #[test]
    fn settings_are_added_only_where_theirs_are_missing_and_ours_removed() {
        let url = Some("http://127.0.0.1:6001/");
        let (tracker, dsn, logs) = (
            "ISSUETRACKER_URL=http://127.0.0.1:6001",
            "SENTRY_DSN=http://x@127.0.0.1:6001/1",
            "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=http://127.0.0.1:6001/v1/logs",
        );
        for (before, url, after) in [
            (&["A=1"][..], url, &["A=1", tracker, dsn, logs][..]),
            (&["SENTRY_DSN="], url, &["SENTRY_DSN=", tracker, logs]),
            (&["SENTRY_ENVIRONMENT=x"], url, &["SENTRY_ENVIRONMENT=x", tracker, logs]),
            (&["OTEL_SERVICE_NAME=x"], url, &["OTEL_SERVICE_NAME=x", tracker, dsn]),
            (&["ISSUETRACKER_URL=x", "odd"], url, &["ISSUETRACKER_URL=x", "odd", dsn, logs]),
            (
                &["ISSUETRACKER_CONTAINER=a", "ISSUETRACKER_CONTAINERS=b"],
                None,
                &["ISSUETRACKER_CONTAINERS=b"],
            ),
        ] {
            let entries =
                |list: &[&str]| -> Vec<CString> { list.iter().map(|e| CString::new(*e).unwrap()).collect() };
            assert_eq!(extend(entries(before), url), entries(after), "{before:?}");
        }
    }
}
