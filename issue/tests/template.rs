//! Templates: cases, labelled logs, and that every line ends well.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use issue::template::{key, template};
use proptest::prelude::*;

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

#[test]
fn labelled_logs_are_grouped_no_worse_than_before() {
    // Floors just under what the rules reach; raise them with the rules.
    let floors = BTreeMap::from([
        ("dpkg", (0.66, 0.48)),
        ("java", (0.18, 0.42)),
        ("nginx", (1.0, 1.0)),
        ("postgres", (0.86, 0.78)),
        ("redis", (0.89, 0.95)),
        ("sshd", (0.61, 0.57)),
    ]);
    let mut low = Vec::new();
    for (name, (least_accuracy, least_f1)) in floors {
        let (lines, accuracy, f1) = measured(&format!("labelled/{name}.tsv"));
        println!("{name}: {lines} lines, grouping accuracy {accuracy:.3}, F1 {f1:.3}");
        if accuracy < least_accuracy || f1 < least_f1 {
            low.push(name);
        }
    }
    assert!(low.is_empty(), "grouped worse than before: {low:?}");
}

fn measured(path: &str) -> (usize, f64, f64) {
    let text = fs::read_to_string(testdata(path)).expect("labelled lines");
    let rows: Vec<(String, String)> = text
        .lines()
        .filter_map(|row| row.split_once('\t'))
        .map(|(label, line)| (label.into(), key(line)))
        .collect();
    let (accuracy, f1) = score(&rows);
    (rows.len(), accuracy, f1)
}

/// Lines labelled by the format strings in the programs' own files. The rules were written with the first half in view;
/// nobody looked at the other half's failures.
#[test]
fn logs_labelled_from_sources_are_grouped_no_worse_than_before() {
    let halves = [
        ("seen", ["kafka", "pip", "redis"].as_slice(), (0.78, 0.70)),
        ("held out", ["nginx", "npm", "postgres", "sshd"].as_slice(), (0.68, 0.60)),
    ];
    for (half, programs, (least_accuracy, least_f1)) in halves {
        let (mut accuracies, mut f1s) = (0.0, 0.0);
        for program in programs {
            let (lines, accuracy, f1) = measured(&format!("sources/{program}.tsv"));
            println!("{half:<8} {program:<8} {lines:>4} lines, grouping accuracy {accuracy:.3}, F1 {f1:.3}");
            accuracies += accuracy;
            f1s += f1;
        }
        let (accuracy, f1) = (accuracies / programs.len() as f64, f1s / programs.len() as f64);
        println!("{half:<8} mean: grouping accuracy {accuracy:.3}, F1 {f1:.3}");
        assert!(accuracy >= least_accuracy && f1 >= least_f1, "{half}: {accuracy:.3}, {f1:.3}");
    }
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
        // The best of three: other programs share the machine.
        let time = |bytes: usize| {
            let line = repeat.repeat(bytes / repeat.len());
            let once = || {
                let start = Instant::now();
                assert!(template(&line).len() <= issue::template::v1::MAX_BYTES + 8);
                start.elapsed().as_secs_f64()
            };
            once().min(once()).min(once())
        };
        let (short, long) = (time(100_000).max(0.002), time(1_600_000));
        // Sixteen times the length; a quadratic step would take 256 times as long.
        assert!(long < short * 100.0, "{repeat:?}: {short:.4} s, then {long:.4} s");
    }
}
