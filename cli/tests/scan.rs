//! The contract of `issuetracker scan` and `issuetracker normalize`, held against the program itself.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Output, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use serde_json::Value;

/// A crash that both ends of are sure: an empty line and a log line close it.
const TRACE: &str = "Traceback (most recent call last):\n  File \"/app/core.py\", line 42, in parse\n    int(text)\n    \
                     ~~~^^^^^^\nValueError: invalid literal for int() with base 10: 'x'\n";

/// Longer than anything takes here, so that only a real hang meets it.
const PATIENCE: Duration = Duration::from_secs(60);

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_issuetracker"));
    command.args(arguments).env_remove("NO_COLOR");
    command
}

fn start(arguments: &[&str]) -> Child {
    let pipes = |command: &mut Command| {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
    };
    pipes(&mut program(arguments)).expect("the program starts")
}

/// Runs to the end with this stdin.
fn run(arguments: &[&str], stdin: &[u8]) -> Output {
    let mut child = start(arguments);
    let mut pipe = child.stdin.take().expect("a pipe");
    let stdin = stdin.to_vec();
    // A program that refuses its flags does not read its input.
    let writer = thread::spawn(move || pipe.write_all(&stdin).is_ok());
    let output = child.wait_with_output().expect("the program ends");
    writer.join().expect("the writer ends");
    output
}

/// The reports of a run that went well.
fn scan(arguments: &[&str], stdin: &[u8]) -> Vec<Value> {
    let arguments: Vec<&str> = ["scan"].iter().chain(arguments).copied().collect();
    let output = run(&arguments, stdin);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    lines(&output.stdout)
}

fn lines(stdout: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(stdout).expect("UTF-8");
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).expect("one JSON object a line")).collect()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

/// First and last lines.
fn spans(reports: &[Value]) -> Vec<(u64, u64)> {
    let number = |report: &Value, index: usize| report["lines"][index].as_u64().expect("a number");
    reports.iter().map(|report| (number(report, 0), number(report, 1))).collect()
}

fn refused(arguments: &[&str]) -> String {
    let output = run(arguments, b"");
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    assert_eq!(output.stdout, b"", "{arguments:?}");
    let told = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(told.lines().count(), 1, "{arguments:?}: {told}");
    told
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn file(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.0.path().join(name);
        fs::write(&path, text).expect("a file");
        path.to_str().expect("UTF-8").to_owned()
    }
}

const KEYS: [&str; 12] = [
    "kind",
    "level",
    "language",
    "type",
    "message",
    "frames",
    "causes",
    "template",
    "culprit",
    "fingerprint",
    "lines",
    "text",
];

#[test]
fn a_report_has_the_contract_s_keys_in_its_order() {
    let text = format!("quiet\n{TRACE}\n2026-01-02 03:04:05 INFO app: done\n");
    let reports = scan(&[], text.as_bytes());
    assert_eq!(reports.len(), 1);
    let report = &reports[0];
    assert_eq!(keys(report), KEYS);
    assert_eq!(report["kind"], "exception");
    assert_eq!(report["level"], "error");
    assert_eq!(report["language"], "python");
    assert_eq!(report["type"], "ValueError");
    assert_eq!(report["message"], "invalid literal for int() with base 10: 'x'");
    assert_eq!(report["causes"], serde_json::json!([]));
    assert_eq!(report["template"], "invalid literal for int() with base <int>: <quoted>");
    assert_eq!(report["culprit"], "/app/core.py in parse");
    assert_eq!(report["lines"], serde_json::json!([2, 6]));
    assert_eq!(report["text"], TRACE.trim_end());
    let fingerprint = report["fingerprint"].as_str().expect("text");
    let hex = fingerprint.strip_prefix("v1:").expect("a version");
    assert!(hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));
    let frame = &report["frames"][0];
    assert_eq!(keys(frame), ["function", "module", "file", "line", "column", "in_app"]);
    assert_eq!(frame["module"], Value::Null);
    assert_eq!(frame["in_app"], true);
}

#[test]
fn what_is_not_known_is_null_and_present() {
    let reports = scan(&[], b"2026-01-02 03:04:05,678 ERROR app: disk is full\n");
    assert_eq!(keys(&reports[0]), KEYS);
    assert_eq!(reports[0]["kind"], "log");
    assert_eq!(reports[0]["language"], "unknown");
    assert_eq!(reports[0]["type"], Value::Null);
    assert_eq!(reports[0]["culprit"], Value::Null);
    assert_eq!(reports[0]["message"], "disk is full");
}

#[test]
fn causes_have_the_same_shape() {
    let chain = "java.lang.IllegalStateException: outer\n\tat a.B.c(B.java:1)\n\tSuppressed: java.io.IOException: close\n\
                 \t\tat a.B.d(B.java:2)\nCaused by: java.io.IOException: inner\n\tat a.B.e(B.java:3)\n";
    let reports = scan(&[], chain.as_bytes());
    let causes = reports[0]["causes"].as_array().expect("a list");
    assert_eq!(keys(&causes[0]), ["type", "message", "frames"]);
    assert_eq!(keys(&causes[1]), ["type", "message", "frames", "relation"]);
    assert_eq!(causes[1]["relation"], "suppressed");
}

#[test]
fn log_redacted_file_and_explain_come_only_when_due() {
    let folder = Folder::new();
    let text = format!("2026-01-02 03:04:05,678 ERROR app: password=hunter22 refused\n{TRACE}");
    let file = folder.file("app.log", &text);
    let report = &scan(&["--explain", &file], b"")[0];
    let due = [
        "kind",
        "level",
        "language",
        "type",
        "message",
        "frames",
        "causes",
        "template",
        "culprit",
        "log",
        "redacted",
        "file",
        "fingerprint",
        "lines",
        "text",
        "explain",
    ];
    assert_eq!(keys(report), due);
    assert_eq!(report["log"], "password=[redacted:password] refused");
    assert_eq!(report["redacted"], serde_json::json!({"password": 1}));
    assert_eq!(report["file"], file.as_str());
    for key in ["opened_by", "closed_by", "inputs", "frames", "placeholders", "redacted"] {
        assert!(report["explain"].get(key).is_some(), "{key} is not explained");
    }
    let plain = &scan(&[], text.as_bytes())[0];
    assert!(plain.get("file").is_none() && plain.get("explain").is_none());
    assert_eq!(plain["fingerprint"], report["fingerprint"], "an explanation changes nothing");
}

#[test]
fn stdin_is_read_when_no_file_is_named_and_for_a_dash() {
    let unnamed = scan(&[], TRACE.as_bytes());
    let named = scan(&["-"], TRACE.as_bytes());
    assert_eq!(named[0]["file"], "-");
    assert_eq!(unnamed[0]["fingerprint"], named[0]["fingerprint"]);
    assert_eq!(scan(&[], b""), Vec::<Value>::new());
}

#[test]
fn an_unreadable_file_is_told_and_the_others_are_read() {
    let folder = Folder::new();
    let good = folder.file("good.log", TRACE);
    let missing = folder.0.path().join("missing.log").to_str().expect("UTF-8").to_owned();
    let directory = folder.0.path().to_str().expect("UTF-8").to_owned();
    for jobs in ["1", "3"] {
        let output = run(&["scan", "--jobs", jobs, &missing, &good, &directory, &good], b"");
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(lines(&output.stdout).len(), 2);
        let told = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(told.lines().count(), 2, "{told}");
        assert!(told.contains("cannot open") && told.contains("missing.log"), "{told}");
        assert!(told.contains("cannot read") && told.contains(&directory), "{told}");
    }
}

#[test]
fn a_bad_flag_is_one_line_and_exit_2() {
    assert!(refused(&["scan", "--nonsense"]).contains("--nonsense"));
    let told = refused(&["scan", "--format", "xml"]);
    assert!(told.contains("xml") && told.contains("ndjson, pretty"), "{told}");
    for arguments in [
        ["scan", "--input", "syslog"],
        ["scan", "--min-level", "loud"],
        ["scan", "--jobs", "0"],
        ["scan", "--group", "--explain"],
        ["normalize", "--keys", "x"],
    ] {
        refused(&arguments);
    }
    let told = refused(&["scan", "--redact", "fine", "--redact", "bro(ken"]);
    assert!(told.contains("--redact \"bro(ken\"") && told.contains("unclosed group"), "{told}");
    assert!(refused(&["scan", "--redact", "(?:a{1000}){1000}"]).contains("bytes"));
}

#[test]
fn a_closed_stdout_ends_it_quietly() {
    let folder = Folder::new();
    let file = folder.file("app.log", format!("{TRACE}\n").repeat(5_000));
    for arguments in [vec!["scan", &file], vec!["scan", "--jobs", "2", &file, &file]] {
        let mut child = start(&arguments);
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        stdout.read_line(&mut String::new()).expect("the first report");
        drop(stdout);
        let output = child.wait_with_output().expect("the program ends");
        assert!(output.status.success(), "{output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    }
}

/// What a program prints, line by line as it comes.
struct Live {
    child: Child,
    stdin: ChildStdin,
    lines: mpsc::Receiver<String>,
}

impl Live {
    fn new(arguments: &[&str]) -> Self {
        let mut child = start(arguments);
        let stdin = child.stdin.take().expect("a pipe");
        let stdout = child.stdout.take().expect("a pipe");
        let (tell, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    break;
                }
            }
        });
        Self { child, stdin, lines }
    }

    fn write(&mut self, text: impl AsRef<[u8]>) {
        self.stdin.write_all(text.as_ref()).expect("the program reads");
        self.stdin.flush().expect("the program reads");
    }

    fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("a line while stdin is open")
    }

    fn end(self) {
        let Self { mut child, stdin, lines } = self;
        drop(stdin);
        assert!(child.wait().expect("the program ends").success());
        assert_eq!(lines.recv_timeout(PATIENCE).ok(), None, "nothing is left to print");
    }
}

#[test]
fn a_report_comes_as_soon_as_its_record_is_closed() {
    for format in [["--format", "ndjson"], ["--jobs", "4"]] {
        let mut live = Live::new(&["scan", format[0], format[1]]);
        live.write(TRACE);
        live.write("\n2026-01-02 03:04:05 INFO app: on it goes\n");
        assert!(live.line().contains("\"ValueError\""));
        live.write("2026-01-02 03:04:05 ERROR app: second\n2026-01-02 03:04:05 INFO app: on\n");
        assert!(live.line().contains("\"second\""));
        live.end();
    }
}

fn cri(stream: &str, flag: &str, text: &str) -> String {
    format!("2026-11-21T10:45:31.781000000Z {stream} {flag} {text}\n")
}

#[test]
fn records_of_two_streams_come_in_the_order_of_their_first_lines() {
    let mut text = cri("stderr", "F", "starting");
    for (index, line) in TRACE.lines().enumerate() {
        text += &cri("stderr", "F", line);
        text += &cri("stdout", "F", &format!("2026-01-02 03:04:05 ERROR app: short {index}"));
    }
    text += &cri("stderr", "F", "");
    text += &cri("stdout", "F", "2026-01-02 03:04:05 ERROR app: last");
    let folder = Folder::new();
    let file = folder.file("0.log", &text);
    let reports = scan(&["--input", "cri", &file], b"");
    assert_eq!(spans(&reports), [(2, 10), (3, 3), (5, 5), (7, 7), (9, 9), (11, 11), (13, 13)]);
    assert_eq!(reports[0]["text"], TRACE.trim_end());
    assert_eq!(scan(&["--input", "cri"], text.as_bytes()).len(), reports.len());
}

#[test]
fn a_stream_that_waits_does_not_keep_the_other_s_reports_forever() {
    let mut live = Live::new(&["scan", "--input", "cri"]);
    live.write(cri("stderr", "F", "Traceback (most recent call last):"));
    live.write(cri("stderr", "F", "  File \"/app/core.py\", line 42, in parse"));
    live.write(cri("stdout", "F", "2026-01-02 03:04:05 ERROR app: known"));
    live.write(cri("stdout", "F", "2026-01-02 03:04:05 INFO app: on"));
    assert!(live.line().contains("\"known\""));
    live.write(cri("stderr", "F", "ValueError: late") + &cri("stderr", "F", ""));
    live.write(cri("stderr", "F", "2026-01-02 03:04:05 INFO app: on"));
    assert!(live.line().contains("\"late\""));
    live.end();
}

#[test]
fn partial_lines_of_containers_are_joined() {
    let text = cri("stderr", "P", "2026-01-02 03:04:05 ERR")
        + &cri("stdout", "F", "between")
        + &cri("stderr", "F", "OR app: in parts");
    let reports = scan(&["--input", "cri"], text.as_bytes());
    assert_eq!((spans(&reports), reports[0]["message"].as_str()), (vec![(1, 3)], Some("in parts")));
    let docker = |stream: &str, log: &str| {
        serde_json::json!({"log": log, "stream": stream, "time": "2026-11-21T10:45:31.781Z"}).to_string()
            + "\n"
    };
    let text = docker("stderr", "2026-01-02 03:04:05 ERR")
        + &docker("stdout", "between\n")
        + &docker("stderr", "OR app: in parts\r\n");
    let reports = scan(&["--input", "docker"], text.as_bytes());
    assert_eq!((spans(&reports), reports[0]["message"].as_str()), (vec![(1, 3)], Some("in parts")));
}

#[test]
fn line_ends_and_bytes_of_any_kind_are_read() {
    let plain = scan(&[], TRACE.as_bytes());
    let windows = scan(&[], TRACE.replace('\n', "\r\n").as_bytes());
    for key in KEYS {
        assert_eq!(plain[0][key], windows[0][key], "{key}");
    }
    let open = scan(&[], TRACE.trim_end().as_bytes());
    assert_eq!(open[0]["text"], plain[0]["text"]);
    let mut bytes = b"\xff\xfe\x00 garbage \x80\n2026-01-02 03:04:05 ERROR app: bad \xc3( byte\n".to_vec();
    bytes.extend_from_slice(&[0x80; 100]);
    let reports = scan(&[], &bytes);
    assert_eq!(reports[0]["message"], "bad \u{fffd}( byte");
    assert_eq!(spans(&reports), [(2, 2)]);
}

#[test]
fn an_overlong_line_is_cut_and_the_next_lines_keep_their_numbers() {
    let mut text = b"2026-01-02 03:04:05 ERROR app: ".to_vec();
    text.resize(10 << 20, b'x');
    text.extend_from_slice(b"\n2026-01-02 03:04:05 ERROR app: after\n");
    let reports = scan(&[], &text);
    assert_eq!(spans(&reports), [(1, 1), (2, 2)]);
    let long = reports[0]["text"].as_str().expect("text").len();
    assert!((60 * 1024..70 * 1024).contains(&long), "{long} bytes were kept");
}

#[test]
fn the_level_and_the_component_are_taken_from_the_flags() {
    let text = "2026-01-02 03:04:05 WARNING app: a\n2026-01-02 03:04:05 ERROR app: b\n\
                2026-01-02 03:04:05 CRITICAL app: c\n";
    for (flag, expected) in [("warning", "a b c"), ("error", "b c"), ("fatal", "c")] {
        let reports = scan(&["--min-level", flag], text.as_bytes());
        let found: Vec<_> = reports.iter().filter_map(|report| report["message"].as_str()).collect();
        assert_eq!(found.join(" "), expected, "{flag}");
    }
    let fingerprint =
        |component: &str| scan(&["--component", component], TRACE.as_bytes())[0]["fingerprint"].to_string();
    assert_eq!(fingerprint("api"), fingerprint("api"));
    assert_ne!(fingerprint("api"), fingerprint("worker"));
}

#[test]
fn patterns_of_the_user_are_redacted() {
    let arguments = ["--redact", "customer [0-9]+", "--redact", "order-[a-z]+"];
    let text = "2026-01-02 03:04:05 ERROR app: customer 1234 and customer 5 lost order-abc\n";
    let reports = scan(&arguments, text.as_bytes());
    assert_eq!(reports[0]["redacted"], serde_json::json!({"user": 3}));
    assert!(!reports[0].to_string().contains("1234") && !reports[0].to_string().contains("abc"));
}

#[test]
fn several_jobs_print_what_one_prints() {
    let folder = Folder::new();
    let files: Vec<String> = (0..9)
        .map(|index| {
            let text = format!("{TRACE}\n2026-01-02 03:04:05 ERROR app: file {index}\n");
            folder.file(&format!("{index}.log"), text.repeat(64 >> index))
        })
        .collect();
    let named = files.iter().map(String::as_str);
    for extra in [&[][..], &["--group"], &["--format", "pretty"], &["--group", "--format", "pretty"]] {
        let run_with = |jobs: &'static str| {
            let arguments: Vec<&str> = ["scan", "--jobs", jobs]
                .into_iter()
                .chain(extra.iter().copied())
                .chain(named.clone())
                .collect();
            let output = run(&arguments, b"");
            assert!(output.status.success());
            output.stdout
        };
        assert!(run_with("1") == run_with("4"), "{extra:?}");
    }
}

#[test]
fn groups_are_counted_the_most_frequent_first() {
    let folder = Folder::new();
    let error = "2026-01-02 03:04:05 ERROR app: rare\n";
    let one = folder.file("one.log", format!("{TRACE}\n{TRACE}\n{error}"));
    let two = folder.file("two.log", format!("ok\n{TRACE}\n"));
    let groups = scan(&["--group", &one, &two], b"");
    let expected = [
        "fingerprint",
        "count",
        "kind",
        "level",
        "language",
        "type",
        "title",
        "template",
        "culprit",
        "category",
        "priority",
        "first",
        "last",
    ];
    assert_eq!(keys(&groups[0]), expected);
    assert_eq!(groups[0]["count"], 3);
    assert_eq!(groups[0]["title"], "ValueError: invalid literal for int() with base 10: 'x'");
    assert_eq!(groups[0]["first"], serde_json::json!({"file": one, "lines": [1, 5]}));
    assert_eq!(groups[0]["last"], serde_json::json!({"file": two, "lines": [2, 6]}));
    assert_eq!(groups[1]["count"], 1);
    assert_eq!(groups[1]["type"], Value::Null);
    let unnamed = scan(&["--group"], error.as_bytes());
    assert_eq!(unnamed[0]["first"], serde_json::json!({"lines": [1, 1]}));
}

fn pretty(arguments: &[&str], stdin: &str) -> String {
    let arguments: Vec<&str> = ["scan", "--format", "pretty"].iter().chain(arguments).copied().collect();
    let output = run(&arguments, stdin.as_bytes());
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn people_see_what_where_and_whose() {
    let text = "Traceback (most recent call last):\n  File \"/app/core.py\", line 3, in load\n    x\nKeyError: 'a'\n\n\
                The above exception was the direct cause of the following exception:\n\n\
                Traceback (most recent call last):\n  File \"/app/core.py\", line 9, in <module>\n    load()\n  \
                File \"/usr/lib/python3/dist-packages/lib.py\", line 5, in call\n    y\nValueError: no a\nsecond line\n";
    let told = pretty(&[], text);
    let expected = [
        "ERROR ValueError: no a",
        "      second line",
        "        call      /usr/lib/python3/dist-packages/lib.py:5",
        "      ▸ <module>  /app/core.py:9",
        "      caused by KeyError: 'a'",
        "      ▸ load  /app/core.py:3",
        "1 error in stdin",
    ];
    for line in expected {
        assert!(told.lines().any(|shown| shown == line), "{line:?} is not in\n{told}");
    }
    assert!(told.contains("lines 1-14 · python"), "{told}");
    assert!(!told.contains('\u{1b}'), "a pipe has no colour");
    assert_eq!(pretty(&[], "all is well\n"), "nothing found in stdin\n");
}

#[test]
fn colour_is_where_it_is_asked_for() {
    assert!(pretty(&["--color", "always"], TRACE).contains("\u{1b}[1;31mERROR\u{1b}[0m"));
    assert!(pretty(&["--color", "always", "--group"], TRACE).contains("\u{1b}["));
    assert!(!pretty(&["--color", "never"], TRACE).contains('\u{1b}'));
    let hostile = "2026-01-02 03:04:05 ERROR app: \u{1b}]0;title\u{7} \u{202e}gnp\n";
    let told = pretty(&[], hostile);
    assert!(told.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'), "{told:?}");
}

/// Most memory that the program has had resident, in KiB, while it waits for more input.
#[cfg(target_os = "linux")]
fn peak(child: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).expect("the program runs");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("a peak");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

/// Writes `piece` again and again; the peaks after `few` bytes and after `many`.
#[cfg(target_os = "linux")]
fn peaks(arguments: &[&str], piece: &[u8], few: usize, many: usize) -> (u64, u64) {
    let mut child = start(arguments);
    let mut stdin = child.stdin.take().expect("a pipe");
    let mut stdout = child.stdout.take().expect("a pipe");
    let reader = thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()).is_ok());
    let mut write = |bytes: usize| {
        for _ in 0..bytes / piece.len() {
            stdin.write_all(piece).expect("the program reads");
        }
    };
    // A pipe holds 64 KiB: all else has been taken when the last piece is written.
    write(few);
    let after_few = peak(&child);
    write(many - few);
    let after_many = peak(&child);
    drop(stdin);
    assert!(child.wait().expect("the program ends").success());
    assert!(reader.join().expect("the reader ends"));
    (after_few, after_many)
}

#[cfg(target_os = "linux")]
#[test]
fn endless_input_takes_bounded_memory() {
    const KIB: usize = 1024;
    let quiet = "ordinary text of a line\n".repeat(40);
    let mixed = format!("{quiet}{TRACE}\n2026-01-02 03:04:05 ERROR app: e\n");
    let framed: String = mixed.lines().map(|line| cri("stderr", "F", line)).collect();
    let many = "2026-01-02 03:04:05 ERROR app: e\n".repeat(50);
    let frames = "\tat com.example.Main.run(Main.java:17)\n".repeat(100);
    let cases: [(&[&str], &[u8], usize); 6] = [
        (&["scan"], mixed.as_bytes(), 2048 * KIB),
        (&["scan", "--input", "cri"], framed.as_bytes(), 2048 * KIB),
        (&["scan", "--format", "pretty"], many.as_bytes(), 512 * KIB),
        (&["scan", "--group"], mixed.as_bytes(), 2048 * KIB),
        (&["scan"], frames.as_bytes(), 2048 * KIB),
        (&["normalize"], &[b'x'; 4096], 2048 * KIB),
    ];
    for (arguments, piece, bytes) in cases {
        let (few, many) = peaks(arguments, piece, bytes / 4, bytes);
        // Reports take many times the room of their text: what is kept would show.
        assert!(many < few + 2048, "{arguments:?}: {few} KiB, then {many} KiB");
        assert!(many < 40 * 1024, "{arguments:?}: {many} KiB");
    }
}

fn normalize(arguments: &[&str], stdin: &[u8]) -> String {
    let arguments: Vec<&str> = ["normalize"].iter().chain(arguments).copied().collect();
    let output = run(&arguments, stdin);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(output.stderr, b"");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn normalize_gives_a_line_for_a_line() {
    let told = normalize(&[], b"user 17 not found\n\nport 8080 \xff refused\r\n\r\n\nlast 5");
    let lines: Vec<&str> = told.split('\n').collect();
    assert_eq!(lines.len(), 7, "{lines:?}");
    assert_eq!(lines[0], "user <int> not found");
    assert_eq!((lines[1], lines[3], lines[4], lines[6]), ("", "", "", ""));
    assert!(lines[2].ends_with("refused"), "{lines:?}");
    assert_eq!(lines[5], "last <int>");
    assert_eq!(normalize(&[], b""), "");
    assert_eq!(normalize(&["--key"], b"took 1.5 of 20\n"), "took <*> of <*>\n");
}

#[test]
fn normalize_answers_line_by_line_and_bounds_a_long_one() {
    let mut live = Live::new(&["normalize"]);
    live.write("took 5 steps\n");
    assert_eq!(live.line(), "took <int> steps");
    let mut long = vec![b'y'; 10 << 20];
    long.push(b'\n');
    live.write(long);
    assert!(live.line().len() < 70 * 1024);
    live.write("took 6 steps\n");
    assert_eq!(live.line(), "took <int> steps");
    live.end();
}

#[test]
fn normalize_ends_quietly_when_nobody_listens() {
    let mut child = start(&["normalize"]);
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().expect("a pipe");
    // The program may end before it has read everything.
    let written = stdin.write_all(&b"a 1\n".repeat(1 << 20));
    drop((stdin, written));
    let output = child.wait_with_output().expect("the program ends");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn every_fixture_in_any_framing_and_chunking_is_the_same() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../issue/testdata/python");
    let texts = fs::read_dir(root).expect("fixtures").flatten().map(|entry| entry.path());
    let mut texts: Vec<PathBuf> =
        texts.filter(|path| path.extension().is_some_and(|end| end == "txt")).collect();
    texts.sort();
    for path in texts.iter().take(12) {
        let text = fs::read_to_string(path).expect("a fixture");
        let raw = scan(&[], text.as_bytes());
        let framed: String = text.lines().map(|line| cri("stderr", "F", line)).collect();
        let framed = scan(&["--input", "cri"], framed.as_bytes());
        assert_eq!(raw, framed, "{}", path.display());
    }
}
