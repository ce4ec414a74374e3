//! The program that `dev` runs: what to call it, and running it under the shim.

use std::{
    ffi::{OsStr, OsString},
    path::Path,
};

/// A command line with the name that its issues carry as component and workload.
pub struct Program {
    command: Vec<OsString>,
    name: String,
}

/// Folder of the segments, within the data folder.
pub const SEGMENTS: &str = "segments";

/// Programs that run another one named by an argument: their names, flags whose next word is a value, words that are not it.
const RUNNERS: &[(&str, &[&str], &[&str])] = &[
    ("python", &["-X", "-W"], &[]),
    ("node", &["-r", "--require", "--import"], &[]),
    ("java", &["-cp", "-classpath", "--class-path", "--module-path", "-p"], &[]),
    ("ruby", &["-I", "-r"], &[]),
    ("perl", &["-I"], &[]),
    ("php", &["-d"], &[]),
    ("deno", &[], &["run"]),
    ("bun", &[], &["run"]),
    ("go", &[], &["run"]),
    ("env", &["-u", "-C"], &[]),
];

impl Program {
    /// `None` without a command.
    pub fn new(command: &[OsString]) -> Option<Self> {
        let first = command.first()?;
        let name = runner_target(command).unwrap_or_else(|| stem(first));
        Some(Self { command: command.to_vec(), name: label(&name) })
    }

    /// What its issues are filed under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How the shim is to run it.
    pub fn under_shim(&self, data_dir: &Path, url: &str) -> shim::Settings {
        shim::Settings {
            command: self.command.clone(),
            segments_dir: Some(data_dir.join(SEGMENTS)),
            container: self.name.clone(),
            url: Some(url.to_owned()),
        }
    }
}

/// For `python3 app.py` it is the script that has errors, not the interpreter.
fn runner_target(command: &[OsString]) -> Option<String> {
    let runner = stem(command.first()?);
    let runner = runner.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let (_, with_value, words) = RUNNERS.iter().find(|(name, ..)| *name == runner)?;
    let mut arguments = command.iter().skip(1);
    let target = loop {
        let argument = arguments.next()?;
        let text = argument.to_string_lossy();
        if with_value.contains(&text.as_ref()) {
            arguments.next();
        } else if !words.contains(&text.as_ref()) && !text.starts_with('-') {
            break argument;
        }
    };
    // Code on the command line (`python3 -c 'raise …'`) is no name.
    let is_name = target.to_string_lossy().chars().all(|c| c.is_alphanumeric() || "._-/\\".contains(c));
    is_name.then(|| stem(target))
}

/// Extensions that say what a file is written in, not what it is called.
const EXTENSIONS: &[&str] = &["py", "js", "mjs", "cjs", "ts", "jar", "rb", "pl", "php", "go", "sh", "exe"];

/// The last path segment, without such an extension.
fn stem(path: &OsStr) -> String {
    let path = Path::new(path);
    let is_known = path.extension().is_some_and(|end| EXTENSIONS.iter().any(|known| end == *known));
    let name = if is_known { path.file_stem() } else { path.file_name() };
    name.unwrap_or_default().to_string_lossy().into_owned()
}

/// A name that is a folder's name too: letters, digits, `.`, `_` and `-`, at most 63 of them.
fn label(name: &str) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let label: String = name.chars().map(keep).take(63).collect();
    let label = label.trim_start_matches(['.', '-']).to_owned();
    if label.is_empty() { "program".to_owned() } else { label }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issues_are_filed_under_the_script_rather_than_its_interpreter() {
        for (command, name) in [
            ("python3 app.py", "app"),
            ("python3.12 -u src/app.py --port 80", "app"),
            ("python3 -m http.server", "http.server"),
            ("python3 -c raise(Exception)", "python3"),
            ("java -jar target/shop-1.2.jar", "shop-1.2"),
            ("java -cp lib/a.jar:. com.acme.Shop", "com.acme.Shop"),
            ("./target/debug/server --verbose", "server"),
            ("sh -c exit", "sh"),
            ("go run ./cmd/api", "api"),
            ("/usr/bin/..", "program"),
        ] {
            let words: Vec<OsString> = command.split(' ').map(OsString::from).collect();
            let program = Program::new(&words).expect("there is a command");
            assert_eq!(program.name(), name, "{command}");
        }
    }
}
