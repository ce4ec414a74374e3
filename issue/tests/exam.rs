//! The exam: programs that the reader's rules were not written against, run with their real runtimes.
//!
//! `exam/LANGUAGE/CASE.txt` is what a program wrote to stderr, `CASE.expect.json` what its author expects of
//! the reader. A case is right when it gives exactly the expected number of reports, in order, each with the
//! right type and the right function on top of the application's own frames. `exam/quiet/*.txt` is ordinary
//! log output that talks of errors and has none. `exam/written/*.cases` holds forms that no program printed here,
//! written after what is publicly known of them. The table is printed; the share of all cases is what counts,
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

/// The share of right cases below which the test fails: it only rises.
const PASS: f64 = 0.98;

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

/// A text that nobody's program printed here, written after what is publicly known of a runtime's forms.
struct Case {
    name: String,
    text: String,
    /// `type | top function in the application | kind | first line,last line`, `-` for what there is not.
    expected: Vec<String>,
}

/// `exam/written/LANGUAGE.cases`: `=== name`, the text, then a line `--- …` for each expected report or `--- none`.
fn cases() -> Vec<Case> {
    let mut found: Vec<Case> = Vec::new();
    for path in files(&exam().join("written"), ".cases") {
        let folder = path.file_stem().unwrap().to_string_lossy().into_owned();
        for line in fs::read_to_string(&path).unwrap().lines() {
            if let Some(name) = line.strip_prefix("=== ") {
                let name = format!("{folder}/{name}");
                found.push(Case { name, text: String::new(), expected: Vec::new() });
                continue;
            }
            let case = found.last_mut().unwrap();
            match line.strip_prefix("--- ").filter(|rest| rest.contains(" | ") || *rest == "none") {
                Some("none") => {}
                Some(expected) => case.expected.push(expected.to_owned()),
                None => case.text += &format!("{}\n", line.replace("<ESC>", "\u{1b}")),
            }
        }
    }
    found
}

/// Whether a report that begins `shift` lines further down is what a case expects.
fn is_expected(report: &Report, lines: (u64, u64), expected: &str, shift: u64) -> bool {
    let parts: Vec<&str> = expected.split(" | ").collect();
    let [class, function, kind, span] = parts.try_into().unwrap();
    let value = |text: &str| (text != "-").then(|| text.to_owned());
    let wanted = serde_json::json!({"type": value(class), "function": value(function)});
    let told = serde_json::to_value(report.kind).unwrap();
    let (first, last) = span.split_once(',').unwrap();
    let span = (first.parse::<u64>().unwrap() + shift, last.parse::<u64>().unwrap() + shift);
    is_right(report, &wanted) && told == kind && lines == span
}

/// The reports of a text with their lines.
fn read_lines(text: &str, rules: &Rules) -> Vec<(Report, (u64, u64))> {
    let mut streams = Streams::new(Framing::Raw, Limits::default());
    let mut blocks = Vec::new();
    streams.push(text.as_bytes(), 0, &mut blocks);
    streams.flush(&mut blocks);
    let parsed = blocks.iter().filter_map(|block| Some((parse(block, Level::Error)?, block)));
    parsed
        .map(|(parsed, block)| {
            (finish(parsed, rules, &Origin::default()), (block.first_line, block.last_line))
        })
        .collect()
}

#[test]
fn written_forms_are_read_right() {
    let rules = rules();
    let cases = cases();
    assert!(cases.len() >= 180, "only {} cases were found", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let reports = read_lines(&case.text, &rules);
        let right = reports.len() == case.expected.len()
            && reports
                .iter()
                .zip(&case.expected)
                .all(|((report, lines), expected)| is_expected(report, *lines, expected, 0));
        if !right {
            let lines: Vec<_> = reports.iter().map(|(_, lines)| lines).collect();
            let told: Vec<Report> = reports.iter().map(|(report, _)| report.clone()).collect();
            wrong.push(format!("{}: {:?}\n  {lines:?} {}", case.name, case.expected, summary(&told)));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn written_forms_stay_apart_in_any_order() {
    const BETWEEN: [&str; 3] = [
        "2026-11-21 10:45:31,781 INFO app.orders: started in 12 ms",
        "{\"level\":\"info\",\"msg\":\"0 errors so far\",\"time\":\"2026-11-21T10:45:31Z\"}",
        "I1121 10:45:31.781000       1 server.go:12] listening on :8080",
    ];
    let rules = rules();
    let cases = cases();
    // Steps that share no divisor with the number of cases visit each of them once.
    for step in (3..30).step_by(36).filter(|step| gcd(*step, cases.len()) == 1) {
        let mut text = String::new();
        let mut expected = Vec::new();
        let mut line = 0;
        for number in 0..cases.len() {
            let case = &cases[number * step % cases.len()];
            expected.extend(case.expected.iter().map(|report| (case, report, line)));
            text += &case.text;
            text += BETWEEN[number % BETWEEN.len()];
            text.push('\n');
            line += case.text.lines().count() as u64 + 1;
        }
        let found = read_lines(&text, &rules);
        for ((report, lines), (case, expected, shift)) in found.iter().zip(&expected) {
            let right = is_expected(report, *lines, expected, *shift);
            assert!(right, "step {step}, {}: {expected}\n  {lines:?} {:?}", case.name, report.error_type);
        }
        assert_eq!(found.len(), expected.len());
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
