//! First lines of failed checks.

use super::super::frames::{is_number, non_empty};
use crate::report::Frame;

/// What a first line tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Title<'a> {
    /// The test.
    pub function: Option<&'a str>,
    /// File and line of the check.
    pub place: Option<(&'a str, &'a str)>,
    /// Words of what failed.
    pub words: &'a str,
}

impl Title<'_> {
    /// The place as a frame.
    pub fn frame(&self) -> Option<Frame> {
        let (file, line) = self.place?;
        Some(Frame { file: non_empty(file), line: line.parse().ok(), ..Frame::default() })
    }
}

/// A line that names the test above its failure: `1) Cart::testPrice`, `[ RUN      ] Cart.Price`.
pub fn heading(line: &str) -> Option<Title<'_>> {
    let text = line.trim();
    let named = text.strip_prefix("[ RUN      ] ").or_else(|| {
        let (number, name) = text.split_once(") ")?;
        (is_number(number) && name.contains("::")).then_some(name)
    })?;
    Some(Title { function: Some(named.split(" with data set ").next().unwrap_or(named)), ..Title::default() })
}

/// `--- FAIL: TestCart/half (0.01s)`, `=== FAIL: example.com/shop TestCart (0.01s)`.
pub fn go(line: &str) -> Option<Title<'_>> {
    let text = line.trim();
    let rest = text.strip_prefix("--- FAIL: ").or_else(|| text.strip_prefix("=== FAIL: "))?;
    let (name, seconds) = rest.rsplit_once(" (")?;
    let name = name.rsplit(' ').next()?;
    (seconds.ends_with("s)") && !name.is_empty()).then(|| Title { function: Some(name), ..Title::default() })
}

/// `  1) Failure:`.
pub fn numbered_failure(line: &str) -> Option<Title<'_>> {
    let text = line.trim().strip_suffix("Failure:")?;
    let number = text.trim_end().strip_suffix(')');
    (text.is_empty() || number.is_some_and(is_number)).then(Title::default)
}

/// `Failure: test_price(CartTest)`, `Error: test_open(CartTest): ArgumentError: text`.
pub fn named_failure(line: &str) -> Option<Title<'_>> {
    let rest = line.strip_prefix("Failure: ").or_else(|| line.strip_prefix("Error: "))?;
    let (name, words) = rest.trim_end().split_once(')')?;
    let (function, class) = name.split_once('(')?;
    let named = !name.contains(' ') && class.starts_with(|first: char| first.is_ascii_uppercase());
    let words = if words.is_empty() { "" } else { words.strip_prefix(": ")? };
    named.then(|| Title { function: Some(function), words, ..Title::default() })
}

/// `Failed asserting that 1 is identical to 2.`
pub fn asserting(line: &str) -> Option<Title<'_>> {
    line.starts_with("Failed asserting that ").then(|| Title { words: line.trim_end(), ..Title::default() })
}

/// `   FAILED  Tests\Unit\CartTest > it counts`.
pub fn pest(line: &str) -> Option<Title<'_>> {
    let name = line.strip_prefix(' ')?.trim_start().strip_prefix("FAILED  ")?;
    name.contains(" > ").then(|| Title { function: Some(name.trim()), ..Title::default() })
}

/// `/src/cart_test.cc:12: Failure`, `cart.cpp:12: FAILED:`.
pub fn placed(line: &str) -> Option<Title<'_>> {
    let text = line.trim_end();
    let place = text.strip_suffix(": Failure").or_else(|| text.strip_suffix(": FAILED:"))?;
    let (file, number) = match place.strip_suffix(')') {
        Some(place) => place.rsplit_once('(')?,
        None => place.rsplit_once(':')?,
    };
    (is_number(number) && file.contains('.') && !file.contains(' '))
        .then(|| Title { place: Some((file, number)), ..Title::default() })
}

/// `not ok 2 - counts apples`.
pub fn tap(line: &str) -> Option<Title<'_>> {
    let rest = line.trim().strip_prefix("not ok ")?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let words = rest.get(digits..)?;
    let known = digits > 0 && (words.is_empty() || words.starts_with(' '));
    known.then(|| Title { words: words.trim_start().trim_start_matches("- ").trim(), ..Title::default() })
}

/// `  ● Cart › counts`.
pub fn bullet(line: &str) -> Option<Title<'_>> {
    let words = line.trim_start().strip_prefix("● ")?;
    let short = line.len() - line.trim_start().len() <= 4;
    (short && !words.trim().is_empty()).then(Title::default)
}

/// `    Shop.Tests.CartTests.Counts [FAIL]`.
pub fn bracketed(line: &str) -> Option<Title<'_>> {
    let name = line.trim().strip_suffix(" [FAIL]")?;
    let name = name.rsplit_once("]  ").map_or(name, |(_, name)| name).trim();
    (line.starts_with(' ') && name.contains('.')).then(|| Title { function: Some(name), ..Title::default() })
}

/// `  Failed Shop.Tests.CartTests.Counts [12 ms]`.
pub fn vstest(line: &str) -> Option<Title<'_>> {
    let (name, time) = line.strip_prefix("  Failed ")?.trim_end().strip_suffix("s]")?.rsplit_once(" [")?;
    let timed = time.trim_start_matches("< ").starts_with(|first: char| first.is_ascii_digit());
    (timed && name.contains('.')).then(|| Title { function: Some(name), ..Title::default() })
}

/// `stack traceback:` of Lua; what happened stands above it.
pub fn lua(line: &str) -> Option<Title<'_>> {
    (line.trim_end() == "stack traceback:").then(Title::default)
}

/// `Error in take(7) : no such tree` of R.
pub fn r(line: &str) -> Option<Title<'_>> {
    let (call, words) = line.strip_prefix("Error in ")?.split_once(") : ")?;
    let name = call.split('(').next().filter(|name| !name.is_empty() && !name.contains(' '))?;
    Some(Title { function: Some(name), words: words.trim_end(), ..Title::default() })
}

/// `thread 2210 panic: index out of bounds` of Zig.
pub fn zig(line: &str) -> Option<Title<'_>> {
    let (number, words) = line.strip_prefix("thread ")?.split_once(" panic: ")?;
    is_number(number).then(|| Title { words: words.trim_end(), ..Title::default() })
}

/// What a shell says of a line of its script that cannot be run.
const SHELL: [&str; 9] = [
    ": command not found",
    ": unbound variable",
    ": parameter not set",
    ": parameter null or not set",
    ": No such file or directory",
    ": Permission denied",
    ": bad substitution",
    ": ambiguous redirect",
    ": syntax error",
];

/// `/app/run.sh: line 12: pick: command not found`.
pub fn shell(line: &str) -> Option<Title<'_>> {
    let (file, rest) = line.split_once(": line ")?;
    let (number, words) = rest.split_once(": ")?;
    let text = words.trim_end();
    let known = SHELL.iter().any(|said| text.ends_with(said)) || text.starts_with("syntax error");
    (is_number(number) && known && !file.contains(' ')).then(|| Title {
        place: Some((file, number)),
        words: text,
        ..Title::default()
    })
}

/// `FAILURE: Build failed with an exception.`, `2: Task failed with an exception.` of Gradle.
pub fn gradle(line: &str) -> Option<Title<'_>> {
    let (number, said) = line.trim_end().split_once(": ")?;
    let one = number == "FAILURE" && said == "Build failed with an exception.";
    (one || is_number(number) && said == "Task failed with an exception.").then(Title::default)
}
