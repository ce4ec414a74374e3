//! Rules about the text of the tree that no compiler checks: each test names one rule and lists every breach.

use std::{
    fs,
    path::{Path, PathBuf},
};

const CRATES: &[&str] =
    &["issue", "shim", "kafka", "intake", "sidecar", "consumer", "operator", "frustration", "cli", "tests"];

/// Files of more than this many production lines need a reason in [`LONG_FILES`].
const MAX_FILE_LINES: usize = 500;

/// Functions of more than this many lines need a reason in [`LONG_FUNCTIONS`].
const MAX_FUNCTION_LINES: usize = 60;

/// Files past the limit, each with its reason. This list only shrinks.
const LONG_FILES: &[(&str, &str)] = &[];

/// Functions past the limit as `file: name`, each with its reason. This list only shrinks.
const LONG_FUNCTIONS: &[(&str, &str)] = &[];

/// The only files that may hold `unsafe`.
const UNSAFE: &[&str] = &["shim/src/sys.rs", "kafka/src/sys.rs"];

#[test]
fn every_module_says_what_it_is_for() {
    check(|file, text, wrong| {
        if !text.starts_with("//!") && !is_test_file(file) {
            wrong.push(format!("{file} does not begin with //!"));
        }
    });
}

#[test]
fn no_module_is_named_after_nothing() {
    const NAMES: &[&str] = &["utils", "util", "helpers", "helper", "common", "misc", "mod"];
    check(|file, _, wrong| {
        if NAMES.iter().any(|name| file.ends_with(&format!("/{name}.rs"))) {
            wrong.push(format!("{file} says nothing about its contents"));
        }
    });
}

/// A rule that names a test which was renamed or taken away is held by nothing.
#[test]
fn the_tests_that_hold_the_rules_of_delivery_are_there() {
    let text = fs::read_to_string(root().join("docs/delivery.md")).unwrap();
    let (_, map) = text.split_once("## Which test holds which rule").expect("the map of rules");
    let is_test = |name: &&str| {
        name.len() > 14 && name.bytes().all(|c| c == b'_' || c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    let named: Vec<&str> = map.split('`').skip(1).step_by(2).filter(is_test).collect();
    let sources = sources();
    let is_there = |name: &str| {
        let needle = format!("fn {name}(");
        sources.iter().any(|(_, text)| text.contains(&needle))
    };
    let missing: Vec<&&str> = named.iter().filter(|name| !is_there(name)).collect();
    assert!(named.len() > 60 && missing.is_empty(), "of {} tests there are no {missing:?}", named.len());
}

/// `cargo xtest faults --broken all` takes a long time and is run seldom: that its patches fit is seen here.
#[test]
fn the_patches_of_broken_builds_fit_the_tree() {
    let patches: Vec<_> = tracked().into_iter().filter(|path| path.ends_with(".patch")).collect();
    let unfit = |patch: &&String| {
        let mut git = std::process::Command::new("git");
        let output = git.args(["apply", "--check", patch.as_str()]).current_dir(root()).output();
        !output.expect("git runs").status.success()
    };
    let wrong: Vec<_> = patches.iter().filter(unfit).collect();
    assert!(
        patches.len() >= 5 && wrong.is_empty(),
        "of {} patches these do not fit: {wrong:?}",
        patches.len()
    );
}

#[test]
fn unsafe_stays_in_its_rooms() {
    check(|file, text, wrong| {
        if !UNSAFE.contains(&file) && code_lines(text).any(|line| has_word(line, "unsafe")) {
            wrong.push(format!("{file} holds unsafe code"));
        }
    });
}

#[test]
fn no_file_is_orphaned() {
    let sources = sources();
    let mut wrong = Vec::new();
    for (file, _) in sources.iter().filter(|(file, _)| file.contains("/src/")) {
        let path = Path::new(file);
        let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
        let folder = path.parent().unwrap_or(Path::new(""));
        if ["lib", "main"].contains(&stem) || folder.ends_with("bin") {
            continue;
        }
        let beside = [folder.join("lib.rs"), folder.join("main.rs"), folder.with_extension("rs")];
        let declared =
            sources.iter().filter(|(other, _)| beside.contains(&PathBuf::from(other))).any(|(_, text)| {
                text.lines().any(|line| {
                    let line = line.trim_start().trim_start_matches("pub(crate) ").trim_start_matches("pub ");
                    line.strip_prefix("mod ")
                        .is_some_and(|rest| rest.trim_end_matches([';', ' ', '{']) == stem)
                })
            });
        if !declared {
            wrong.push(format!("{file} is declared nowhere"));
        }
    }
    report(&wrong);
}

#[test]
fn no_test_is_ignored_and_none_sleeps() {
    check(|file, text, wrong| {
        let production = production(text).len();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.contains("tidy: allow")) {
            if line.trim_start().starts_with("#[ignore") {
                wrong.push(format!("{file}:{} ignores a test", number + 1));
            }
            // A loop that asks for a condition says so on the line.
            let sleeps = ["thread::sleep(", "time::sleep("].iter().any(|call| line.contains(call));
            let in_test = is_test_file(file) || number >= production;
            if sleeps && in_test && !file.ends_with("tidy.rs") {
                wrong.push(format!("{file}:{} sleeps instead of waiting for a condition", number + 1));
            }
        }
    });
}

#[test]
fn files_and_functions_stay_short() {
    let mut wrong = Vec::new();
    let mut long_files = Vec::new();
    let mut long_functions = Vec::new();
    for (file, text) in sources().iter().filter(|(file, _)| file.contains("/src/") && !is_test_file(file)) {
        let lines = production(text);
        if lines.len() > MAX_FILE_LINES {
            long_files.push(file.clone());
            if !LONG_FILES.iter().any(|(known, _)| known == file) {
                wrong.push(format!("{file} has {} production lines", lines.len()));
            }
        }
        for (name, length) in functions(&lines).into_iter().filter(|(_, length)| *length > MAX_FUNCTION_LINES)
        {
            let key = format!("{file}: {name}");
            if !LONG_FUNCTIONS.iter().any(|(known, _)| *known == key) {
                wrong.push(format!("{key} has {length} lines"));
            }
            long_functions.push(key);
        }
    }
    let stale_files = LONG_FILES.iter().filter(|(known, _)| !long_files.iter().any(|file| file == known));
    let stale_functions =
        LONG_FUNCTIONS.iter().filter(|(known, _)| !long_functions.iter().any(|f| f == known));
    wrong.extend(
        stale_files.chain(stale_functions).map(|(known, _)| format!("{known} is listed as long and is not")),
    );
    report(&wrong);
}

#[test]
fn nothing_names_the_place_where_it_was_written() {
    // Split, so that this file does not find itself.
    let words = [["/wo", "rk/"].concat(), ["/ro", "ot/"].concat()];
    let mut wrong = Vec::new();
    for path in tracked() {
        let Ok(text) = fs::read_to_string(root().join(&path)) else { continue };
        for (number, line) in text.lines().enumerate() {
            if words.iter().any(|word| line.contains(word)) && !path.contains("testdata") {
                wrong.push(format!("{path}:{} names a machine's own path", number + 1));
            }
        }
    }
    report(&wrong);
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut wrong = Vec::new();
    for path in tracked().into_iter().filter(|path| path.ends_with(".md")) {
        let text = fs::read_to_string(root().join(&path)).expect("a tracked file can be read");
        let folder = Path::new(&path).parent().unwrap_or(Path::new(""));
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            let outside = file.contains("://") || file.starts_with("mailto:");
            if !file.is_empty() && !outside && !root().join(folder).join(file).exists() {
                wrong.push(format!("{path} links to {target}, which is not there"));
            }
        }
    }
    report(&wrong);
}

/// Runs a rule over every Rust file of the workspace and fails with all breaches.
fn check(rule: impl Fn(&str, &str, &mut Vec<String>)) {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        rule(&file, &text, &mut wrong);
    }
    report(&wrong);
}

fn report(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} breaches:\n{}", wrong.len(), wrong.join("\n"));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace").to_path_buf()
}

/// Every file under version control, relative to the root.
fn tracked() -> Vec<String> {
    let output = std::process::Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git runs");
    assert!(output.status.success(), "git ls-files failed");
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// Every Rust file of the crates' `src`, `tests`, `benches`, `examples` with its text; fixtures and the programs of
/// the exam are material, not code.
fn sources() -> Vec<(String, String)> {
    let rust = tracked().into_iter().filter(|path| {
        path.ends_with(".rs")
            && !path.contains("testdata/")
            && !path.starts_with("issue/exam/")
            && CRATES.iter().any(|name| path.starts_with(&format!("{name}/")))
    });
    let files: Vec<_> = rust
        .filter_map(|path| fs::read_to_string(root().join(&path)).ok().map(|text| (path, text)))
        .collect();
    assert!(files.len() > CRATES.len(), "the tree was not found");
    files
}

fn code_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).filter(|line| !line.contains('"'))
}

fn has_word(line: &str, word: &str) -> bool {
    line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == word)
}

/// Whether a file holds tests only.
fn is_test_file(file: &str) -> bool {
    file.contains("/tests/") || file.ends_with("/tests.rs") || file.ends_with("/suite.rs")
}

/// The lines above the first `#[cfg(test)]` that opens a module.
fn production(text: &str) -> Vec<&str> {
    let lines: Vec<_> = text.lines().collect();
    let end = lines
        .windows(2)
        .position(|pair| {
            pair[0].trim() == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].ends_with('{')
        })
        .unwrap_or(lines.len());
    lines[..end].to_vec()
}

/// Name and length of each function, found by indentation, which the formatter guarantees.
fn functions(lines: &[&str]) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let words: Vec<_> = line.split_whitespace().take_while(|word| !word.contains('"')).collect();
        let Some(at) = words.iter().position(|word| *word == "fn") else { continue };
        if line.trim_start().starts_with("//") || at > 4 {
            continue;
        }
        let name =
            words.get(at + 1).map(|w| w.split(['(', '<']).next().unwrap_or_default()).unwrap_or_default();
        let close = format!("{}}}", " ".repeat(indent));
        let end = lines[start..].iter().position(|l| *l == close);
        let no_body = lines[start..].iter().position(|l| l.trim_end().ends_with(';'));
        if let Some(end) = end
            && no_body != Some(0)
        {
            found.push((name.to_owned(), end + 1));
        }
    }
    found
}
