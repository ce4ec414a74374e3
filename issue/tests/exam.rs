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
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};

use issue::assemble::Limits;
use issue::finish::{Origin, Rules, RulesSettings, finish};
use issue::input::{Framing, Streams};
use issue::parse::parse;
use issue::report::{Frame, Level, Redacted, Report};
use serde_json::Value;

/// Forms of languages and tools that no grammar knows: what is found of them is found by chance.
const OUTSIDE: (&str, usize, f64) = ("unseen/outside", 14, 0.0);

/// Each round with the number of its cases and the share of them that has to be right.
const ROUNDS: [(&str, usize, f64); 9] = [
    ("unseen/round1", 270, 0.98),
    ("unseen/round2", 79, 0.96),
    ("unseen/round3", 264, 0.975),
    ("unseen/round4", 136, 0.94),
    ("unseen/round5", 180, 0.92),
    ("unseen/round6", 143, 0.94),
    ("unseen/round7", 65, 0.90),
    ("unseen/round8", 134, 0.98),
    OUTSIDE,
];

/// Stands in an expectation for what the design leaves open.
const ANY: &str = "any";

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

/// Whether this is the function on top of the application's own frames.
fn has_top(report: &Report, function: Option<&str>) -> bool {
    let top = report.frames.iter().find(|frame| frame.in_app);
    match function {
        None => top.is_none_or(|frame| frame.function.is_none()),
        Some(name) => {
            top.is_some_and(|frame| names(frame).iter().any(|known| known == without_parameters(name)))
        }
    }
}

/// Whether a report has the expected type and top function in the application.
fn is_right(report: &Report, expected: &Value) -> bool {
    report.error_type.as_deref() == expected["type"].as_str()
        && has_top(report, expected["function"].as_str())
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
    let mut outputs = files(&exam().join("quiet"), ".txt");
    outputs.extend(files(&exam().join("quiet/systems"), ".txt"));
    let mut lines = 0;
    let mut wrong = Vec::new();
    for path in &outputs {
        let bytes = fs::read(path).unwrap();
        lines += bytes.iter().filter(|byte| **byte == b'\n').count();
        let reports = read(&bytes, &rules);
        let told = reports.iter().map(|report| report.text.lines().next().unwrap_or_default().to_owned());
        wrong.extend(told.map(|line| format!("{}: {line}", path.display())));
    }
    assert!(wrong.is_empty(), "{} reports\n{}", wrong.len(), wrong.join("\n"));
    assert!(lines >= 5700, "only {lines} lines of ordinary output were found");
}

/// `exam/loud.txt`: lines of the same systems that state level error or above, each a report of its own.
#[test]
fn lines_that_state_an_error_are_found_alone() {
    let rules = rules();
    let text = fs::read_to_string(exam().join("loud.txt")).unwrap();
    let missed: Vec<&str> = text.lines().filter(|line| read_lines(line, &rules).len() != 1).collect();
    assert!(text.lines().count() >= 75);
    assert!(missed.is_empty(), "{} lines\n{}", missed.len(), missed.join("\n"));
}

/// `exam/redact`: secrets in odd places, marked `<<…>>`, of which nothing may be left, and lines that only resemble
/// them and stay as they are.
#[test]
fn secrets_go_and_what_resembles_them_stays() {
    let rules = rules();
    let redact = |text: &str| rules.redact_text(text, &mut Redacted::new()).into_owned();
    let secrets = fs::read_to_string(exam().join("redact/secrets.txt")).unwrap();
    let mut wrong = Vec::new();
    for line in secrets.lines().map(|line| line.replace("\\n", "\n")) {
        let (before, rest) = line.split_once("<<").unwrap();
        let (secret, after) = rest.split_once(">>").unwrap();
        let redacted = redact(&format!("{before}{secret}{after}"));
        if secret.lines().any(|part| redacted.contains(part)) {
            wrong.push(format!("stayed: {line:?}\n     is {redacted:?}"));
        }
    }
    let harmless = fs::read_to_string(exam().join("redact/harmless.txt")).unwrap();
    let cut = harmless.lines().filter(|line| redact(line) != *line);
    wrong.extend(cut.map(|line| format!("cut: {line}\n  is {}", redact(line))));
    assert!(secrets.lines().count() >= 200 && harmless.lines().count() >= 300);
    assert!(wrong.is_empty(), "{} lines\n{}", wrong.len(), wrong.join("\n"));
}

/// A text that nobody's program printed here, written after what is publicly known of a runtime's forms.
struct Case {
    name: String,
    text: String,
    /// `type | top function in the application | kind | first line,last line | message | causes`, `-` for what there is
    /// not and `any` for what the design leaves open; the message and the types of the causes may be left out.
    expected: Vec<String>,
}

/// `FOLDER/LANGUAGE.cases`: `=== name`, the text, then a line `--- …` for each expected report or `--- none`.
fn cases(folder: &str) -> Vec<Case> {
    let mut found: Vec<Case> = Vec::new();
    for path in files(&exam().join(folder), ".cases") {
        let folder = path.file_stem().unwrap().to_string_lossy().into_owned();
        for line in fs::read_to_string(&path).unwrap().lines() {
            // A name is one word: `=== RUN   TestCart` is a line of Go's.
            if let Some(name) = line.strip_prefix("=== ").filter(|name| !name.contains(' ')) {
                let name = format!("{folder}/{name}");
                found.push(Case { name, text: String::new(), expected: Vec::new() });
                continue;
            }
            let case = found.last_mut().unwrap();
            match line.strip_prefix("--- ").filter(|rest| rest.contains(" | ") || *rest == "none") {
                Some("none") => {}
                Some(expected) => case.expected.push(expected.to_owned()),
                None => case.text += &format!("{}\n", line.replace("<ESC>", "\u{1b}").replace("<CR>", "\r")),
            }
        }
    }
    found
}

/// Whether a report that begins `shift` lines further down is what a case expects.
fn is_expected(report: &Report, lines: (u64, u64), expected: &str, shift: u64) -> bool {
    let parts: Vec<&str> = expected.splitn(6, " | ").collect();
    let [class, function, kind, span] = parts[..4].try_into().unwrap();
    let message = parts.get(4).map(|text| text.replace("\\n", "\n").replace("\\t", "\t"));
    let causes = parts.get(5).filter(|causes| **causes != ANY);
    let value = |text: &str| (text != "-").then(|| text.to_owned());
    let told = serde_json::to_value(report.kind).unwrap();
    let span_fits = span.split_once(',').is_none_or(|(first, last)| {
        lines == (first.parse::<u64>().unwrap() + shift, last.parse::<u64>().unwrap() + shift)
    });
    (class == ANY || report.error_type == value(class))
        && (function == ANY || has_top(report, value(function).as_deref()))
        && (kind == ANY || told == kind)
        && span_fits
        && message.is_none_or(|message| message == ANY || message == report.message)
        && causes.is_none_or(|causes| *causes == cause_types(report))
}

/// The types of what caused a report, then of its members, joined by commas.
fn cause_types(report: &Report) -> String {
    let types = report.causes.iter().map(|cause| cause.error_type.as_deref().unwrap_or("-"));
    types.collect::<Vec<_>>().join(",")
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
    let cases = cases("written");
    assert!(cases.len() >= 240, "only {} cases were found", cases.len());
    let wrong = wrong_ones(&cases, &rules);
    assert!(wrong.is_empty(), "{} of {} cases\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// The cases whose reports are not the expected ones, told in words.
fn wrong_ones(cases: &[Case], rules: &Rules) -> Vec<String> {
    let mut wrong = Vec::new();
    for case in cases {
        let reports = read_lines(&case.text, rules);
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
    wrong
}

/// Rounds of cases that were written, with their expectations, before the rules were tried on them.
#[test]
fn rounds_written_without_the_rules_are_read_right() {
    let rules = rules();
    let mut short = Vec::new();
    for (round, count, least) in ROUNDS {
        let cases = cases(round);
        assert!(cases.len() >= count, "only {} cases were found in {round}", cases.len());
        let wrong = wrong_ones(&cases, &rules);
        let right = cases.len() - wrong.len();
        println!("{round:<16} {right:>4}/{:<4} {:.3}", cases.len(), share(right, cases.len()));
        if share(right, cases.len()) < least {
            short.push(format!("{round}: {right} of {}\n{}", cases.len(), wrong.join("\n")));
        }
    }
    assert!(short.is_empty(), "{}", short.join("\n"));
}

#[test]
fn written_forms_stay_apart_in_any_order() {
    const BETWEEN: [&str; 3] = [
        "2026-11-21 10:45:31,781 INFO app.orders: started in 12 ms",
        "{\"level\":\"info\",\"msg\":\"0 errors so far\",\"time\":\"2026-11-21T10:45:31Z\"}",
        "I1121 10:45:31.781000       1 server.go:12] listening on :8080",
    ];
    let rules = rules();
    let cases = cases("written");
    // New orders on every run; a seed that failed is put into the list.
    let fresh = (0..4).map(|_| RandomState::new().hash_one("order"));
    for seed in [1, 2].into_iter().chain(fresh) {
        let mut text = String::new();
        let mut expected = Vec::new();
        let mut line = 0;
        for (number, case) in shuffled(&cases, seed).into_iter().enumerate() {
            expected.extend(case.expected.iter().map(|report| (case, report, line)));
            text += &case.text;
            text += BETWEEN[number % BETWEEN.len()];
            text.push('\n');
            line += case.text.lines().count() as u64 + 1;
        }
        let found = read_lines(&text, &rules);
        for ((report, lines), (case, expected, shift)) in found.iter().zip(&expected) {
            let right = is_expected(report, *lines, expected, *shift);
            assert!(right, "seed {seed}, {}: {expected}\n  {lines:?} {:?}", case.name, report.error_type);
        }
        assert_eq!(found.len(), expected.len(), "seed {seed}");
    }
}

/// The cases in an order that the seed decides (Fisher and Yates, with the numbers of SplitMix64).
fn shuffled(cases: &[Case], seed: u64) -> Vec<&Case> {
    let mut order: Vec<&Case> = cases.iter().collect();
    let mut state = seed;
    for last in (1..order.len()).rev() {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        order.swap(last, ((mixed ^ (mixed >> 31)) % (last as u64 + 1)) as usize);
    }
    order
}
