//! The exam: programs that the reader's rules were not written against, run with their real runtimes.
//!
//! `exam/LANGUAGE/CASE.txt` is what a program wrote to stderr, `CASE.expect.json` what its author expects of
//! the reader. A case is right when it gives exactly the expected number of reports, in order, each with the
//! right type and the right function on top of the application's own frames. `exam/quiet/*.txt` is ordinary
//! log output that talks of errors and has none. The table is printed; the share of all cases is what counts,
//! so that one odd case does not force a rule that bends the others.
#![expect(clippy::unwrap_used, reason = "a broken exam file should stop the test loudly")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use issue::assemble::Limits;
use issue::finish::{Origin, Rules, RulesSettings, finish};
use issue::input::{Framing, Streams};
use issue::parse::parse;
use issue::report::{Frame, Level, Report};
use serde_json::Value;

/// The share of right cases below which the test fails: what is reached. It only rises; the aim is 0.98.
const PASS: f64 = 0.88;

/// Everything that the reader finds in a whole output, at the default level.
fn read(bytes: &[u8], rules: &Rules) -> Vec<Report> {
    let mut streams = Streams::new(Framing::Raw, Limits::default());
    let mut blocks = Vec::new();
    streams.push(bytes, 0, &mut blocks);
    streams.flush(&mut blocks);
    blocks
        .iter()
        .filter_map(|block| parse(block, Level::Error))
        .map(|parsed| finish(parsed, rules, &Origin::default()))
        .collect()
}

/// The names under which a frame's function may be expected: as it stands, or joined to its module the way
/// languages print it.
fn names(frame: &Frame) -> Vec<String> {
    let Some(function) = &frame.function else { return Vec::new() };
    let module = frame.module.as_deref().unwrap_or_default();
    let joined = [".", "::", "->"].map(|joint| format!("{module}{joint}{function}"));
    joined.iter().chain([function]).map(|name| without_parameters(name).to_owned()).collect()
}

/// `touch(Session*)` → `touch`: whether parameter types belong to a name is left open.
fn without_parameters(name: &str) -> &str {
    let name = name.strip_suffix(" const").unwrap_or(name);
    match name.rsplit_once('(') {
        Some((bare, rest)) if !bare.is_empty() && rest.find(')') == Some(rest.len() - 1) => bare.trim_end(),
        _ => name,
    }
}

/// Whether a report has the expected type and top function in the application.
fn is_right(report: &Report, expected: &Value) -> bool {
    let top = report.frames.iter().find(|frame| frame.in_app);
    let function = match expected["function"].as_str() {
        None => top.is_none_or(|frame| frame.function.is_none()),
        Some(name) => {
            top.is_some_and(|frame| names(frame).iter().any(|known| known == without_parameters(name)))
        }
    };
    report.error_type.as_deref() == expected["type"].as_str() && function
}

/// One line for the list of failures.
fn summary(reports: &[Report]) -> String {
    let one = |report: &Report| {
        let top = report.frames.iter().find(|frame| frame.in_app).and_then(|frame| frame.function.clone());
        format!("{:?} in {:?}: {:?}", report.error_type, top, report.message.lines().next())
    };
    reports.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// Files below `folder` with the given ending, in order.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.to_string_lossy().ends_with(ending));
    found.sort();
    found
}

fn exam() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("exam")
}

fn rules() -> Rules {
    Rules::new(&RulesSettings::default()).unwrap()
}

#[test]
fn unseen_programs_are_read_right() {
    let rules = rules();
    let mut table: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut failures = Vec::new();
    for folder in files(&exam(), "").iter().filter(|path| path.is_dir()) {
        for expectation in files(folder, ".expect.json") {
            let language = folder.file_name().unwrap().to_string_lossy().into_owned();
            let expected: Vec<Value> = serde_json::from_slice(&fs::read(&expectation).unwrap()).unwrap();
            let output = expectation.to_string_lossy().replace(".expect.json", ".txt");
            let reports = read(&fs::read(&output).unwrap(), &rules);
            let right = reports.len() == expected.len()
                && reports.iter().zip(&expected).all(|(report, value)| is_right(report, value));
            let (passed, all) = table.entry(language).or_default();
            *passed += usize::from(right);
            *all += 1;
            if !right {
                failures.push(format!(
                    "{output}\n  expected {}\n  got      {}",
                    Value::from(expected),
                    summary(&reports)
                ));
            }
        }
    }
    let (passed, all) = table.values().fold((0, 0), |sum, row| (sum.0 + row.0, sum.1 + row.1));
    for (language, (passed, all)) in
        table.iter().map(|(name, row)| (name.as_str(), *row)).chain([("all", (passed, all))])
    {
        println!("{language:<12} {passed:>4}/{all:<4} {:.3}", share(passed, all));
    }
    assert!(all >= 100, "only {all} cases were found");
    assert!(share(passed, all) >= PASS, "{passed} of {all} cases are right\n{}", failures.join("\n"));
}

#[expect(clippy::cast_precision_loss, reason = "counts of cases are small")]
fn share(passed: usize, all: usize) -> f64 {
    passed as f64 / all as f64
}

#[test]
fn ordinary_output_gives_no_report() {
    let rules = rules();
    let outputs = files(&exam().join("quiet"), ".txt");
    let mut lines = 0;
    for path in &outputs {
        let bytes = fs::read(path).unwrap();
        lines += bytes.iter().filter(|byte| **byte == b'\n').count();
        let reports = read(&bytes, &rules);
        assert!(reports.is_empty(), "{}: {}", path.display(), summary(&reports));
    }
    assert!(lines >= 300, "only {lines} lines of ordinary output were found");
}
