//! Templates: cases, labelled logs, and that every line ends well.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use issue::template::{key, template};
use proptest::prelude::*;

#[path = "time/busy.rs"]
mod busy;

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/template").join(name)
}

#[test]
fn every_case_comes_out_as_written() {
    let text = fs::read_to_string(testdata("cases.txt")).expect("cases");
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert!(lines.len() >= 80 && lines.len().is_multiple_of(2), "{} lines", lines.len());
    let wrong: Vec<String> = lines
        .chunks(2)
        .filter(|case| template(case[0]) != case[1])
        .map(|case| format!("{}\n  is  {}\n  not {}", case[0], template(case[0]), case[1]))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Grouping accuracy (share of lines whose group holds exactly the lines of one label) and F1 over groups.
fn score(rows: &[(String, String)]) -> (f64, f64) {
    let mut labels: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    let mut groups: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (index, (label, key)) in rows.iter().enumerate() {
        labels.entry(label).or_default().insert(index);
        groups.entry(key).or_default().insert(index);
    }
    let wanted: BTreeSet<&BTreeSet<usize>> = labels.values().collect();
    let right: Vec<_> = groups.values().filter(|group| wanted.contains(group)).collect();
    let lines: usize = right.iter().map(|group| group.len()).sum();
    let f1 = 2.0 * right.len() as f64 / (groups.len() + labels.len()) as f64;
    (lines as f64 / rows.len() as f64, f1)
}

/// Scores a set, each line behind what `header` makes of its number.
fn measured(set: &str, header: impl Fn(usize) -> String) -> (usize, f64, f64) {
    let text = fs::read_to_string(testdata(&format!("{set}.tsv"))).expect("labelled lines");
    let rows: Vec<(String, String)> = text
        .lines()
        .filter_map(|row| row.split_once('\t'))
        .enumerate()
        .map(|(number, (label, line))| (label.into(), key(&format!("{}{line}", header(number)))))
        .collect();
    let (accuracy, f1) = score(&rows);
    (rows.len(), accuracy, f1)
}

/// What `floors.tsv` says of one set: its half, its name, the least accuracy and F1.
struct Floor {
    half: String,
    set: String,
    accuracy: f64,
    f1: f64,
}

fn floors() -> Vec<Floor> {
    let text = fs::read_to_string(testdata("floors.tsv")).expect("floors");
    text.lines()
        .filter(|row| !row.starts_with('#'))
        .map(|row| {
            let cells: Vec<&str> = row.split('\t').collect();
            Floor {
                half: cells[0].to_owned(),
                set: cells[1].to_owned(),
                accuracy: cells[2].parse().expect("accuracy"),
                f1: cells[3].parse().expect("F1"),
            }
        })
        .collect()
}

/// Lines labelled by the format strings and call sites of the programs. The rules were written with the sets in view
/// that are `seen`; nobody looked at the failures of those that are `held-out`, and one rule was made after those of the
/// sets that are `opened`.
#[test]
fn labelled_logs_are_grouped_no_worse_than_before() {
    let mut means: BTreeMap<String, Vec<(f64, f64)>> = BTreeMap::new();
    let mut low = Vec::new();
    for floor in floors() {
        let (lines, accuracy, f1) = match floor.set.as_str() {
            "mean" => {
                let scores = &means[&floor.half];
                let count = scores.len() as f64;
                let sum = scores.iter().fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
                (scores.len(), sum.0 / count, sum.1 / count)
            }
            set => measured(set, |_| String::new()),
        };
        println!(
            "{:<8} {:<30} {lines:>5} lines, grouping accuracy {accuracy:.3}, F1 {f1:.3}",
            floor.half, floor.set
        );
        means.entry(floor.half.clone()).or_default().push((accuracy, f1));
        if accuracy < floor.accuracy || f1 < floor.f1 {
            low.push(format!("{} {}", floor.half, floor.set));
        }
    }
    assert!(low.is_empty(), "grouped worse than before: {low:?}");
}

/// A whole line with its header is grouped nearly as well as the message alone.
#[test]
fn headers_do_not_disturb_the_grouping() {
    let clock = |number: usize| {
        format!("{:02}:{:02}:{:02}.{:03}", number % 24, number % 60, number % 59, number % 997)
    };
    let mut far = Vec::new();
    for floor in floors()
        .into_iter()
        .filter(|floor| matches!(floor.half.as_str(), "own" | "seen") && floor.set.starts_with("sites/"))
    {
        let (_, alone, _) = measured(&floor.set, |_| String::new());
        let (_, log4j, _) =
            measured(&floor.set, |number| format!("2026-11-21 {} ERROR [worker-{number}] ", clock(number)));
        let (_, klog, _) = measured(&floor.set, |number| {
            format!("E1121 {} {:>7} cart.go:{number}] ", clock(number), number + 1)
        });
        println!("{:<30} alone {alone:.3}, with headers {log4j:.3} and {klog:.3}", floor.set);
        // The quoted message of a structured line is known by the place before it, which only the second has.
        if alone - log4j.max(klog) > 0.05 {
            far.push(floor.set);
        }
    }
    assert!(far.is_empty(), "worse behind a header: {far:?}");
}

proptest! {
    #[test]
    fn any_line_has_one_template_of_bounded_length(line in "\\PC{0,200}|[ -~]{0,200}|.{0,200}") {
        for form in [template(&line), key(&line)] {
            prop_assert!(!form.contains('\n') || line.contains('\n'));
            prop_assert!(form.len() <= issue::template::v1::MAX_BYTES + 8);
            prop_assert_eq!(form.trim_end(), form.as_str());
        }
    }

    #[test]
    fn any_pieces_in_any_order_are_survived(pieces in prop::collection::vec(piece(), 0..40)) {
        let line = pieces.concat();
        template(&line);
        key(&line);
    }

    #[test]
    fn two_numbers_make_one_key(a in any::<u32>(), b in -1e6f64..1e6, word in "[a-z]{3,8}") {
        prop_assert_eq!(key(&format!("{word} took {a} steps")), key(&format!("{word} took {b} steps")));
    }
}

/// What a recogniser looks for, and what may confuse it.
fn piece() -> impl Strategy<Value = String> {
    let pieces = [
        "'",
        "\"",
        "`",
        "[",
        "]",
        "{",
        "}",
        "(",
        ")",
        ":",
        "::",
        "=",
        "==",
        "=>",
        "-",
        "--",
        "/",
        "//",
        "\\",
        "@",
        ".",
        "..",
        ",",
        " ",
        "\t",
        "\u{1b}[31m",
        "\u{1b}",
        "0x",
        "é",
        "«",
        "2026-01-02",
        "03:04:05",
        "Jan 2 ",
        "Mon, ",
        "datetime(",
        "user ",
        "table: ",
        "a@b.c",
        "http://",
        "10.0.0.1",
        "fe80::",
        "1e5",
        "1,234",
        "5ms",
        "5 MB",
        "blk_-1",
        "web-7d9",
        "key=",
        "C:\\",
        "9f86d081884c7d65",
        "true",
        "HTTP/2",
        "\0",
        "\r",
        "x:y",
        "a.b.c",
    ];
    prop::sample::select(pieces.to_vec()).prop_map(str::to_owned)
}

#[test]
fn hostile_lines_cost_no_more_than_their_length() {
    let repeats = [
        "[", "{", "(", "'", "\"", "`", "\\\"", "a/", "1/", "a:", "a=", "a.b.", "1.", "1:", "x@", "a-1-",
        "http://", "key: v, ", "0x", "::", "[a,", "user ", "1h", "é", "\u{1b}[", "' ", "\"a' ", "a\\", "../",
        "eyJ", "Jan 1 ", "1,000,",
    ];
    for repeat in repeats {
        // The best of three: other programs share the processor's caches.
        let time = |bytes: usize| {
            let line = repeat.repeat(bytes / repeat.len());
            let once =
                || busy::seconds(|| assert!(template(&line).len() <= issue::template::v1::MAX_BYTES + 8));
            once().min(once()).min(once())
        };
        let (short, long) = (time(100_000).max(0.002), time(1_600_000));
        // Sixteen times the length; a quadratic step would take 256 times as long.
        assert!(long < short * 100.0, "{repeat:?}: {short:.4} s, then {long:.4} s");
    }
}
