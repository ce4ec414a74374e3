//! The JVM: stack traces of Java, Kotlin, Scala, Groovy and Clojure, and the banner of a crashed VM.

use super::frames::{Thrown, is_qualified, names_an_error, parsed, type_and_message};
use super::{Grammar, Next, Opening, State, Trace};
use crate::report::{Frame, Kind, Language, Level, Parsed, Relation};
use crate::search;

mod console;

/// The language's rules.
pub static GRAMMAR: Grammar = Grammar {
    language: Language::Jvm,
    needles: &[
        "\tat ",
        "xception",
        "rror",
        "fatal error has been detected by the Java",
        "rror occurred during",
        "rror: Could not create the Java",
        "OutOfMemoryError: ",
        "FATAL EXCEPTION: ",
        "Execution error",
        "Syntax error ",
    ],
    headers: &["#", "Caught: ", "Unrecognized ", "Invalid maximum heap ", "Invalid initial heap "],
    opens,
    frame: opens_with_frame,
    follows,
    parse,
};

const HEAD: u8 = 0;
const FRAMES: u8 = 1;
const BANNER: u8 = 2;
const SINGLE: u8 = 3;
const START: u8 = 4;
const CLOJURE: u8 = 5;
const CONSOLE: u8 = 6;
const SHORT: u8 = 7;
const MESSAGE_LINES: u32 = 30;

/// What the launcher says when there is no machine to run the program.
const NO_VM: [&str; 3] = [
    "Error occurred during initialization of ",
    "Error: Could not create the Java Virtual Machine.",
    "Error: A fatal exception has occurred.",
];

fn is_no_vm(line: &str) -> bool {
    NO_VM.iter().any(|start| line.starts_with(start))
}

fn opens(line: &str) -> Option<Opening> {
    match line.as_bytes().first()? {
        b'E' if line.starts_with("Exception in thread \"") => {
            thread_header(line).and_then(|_| Opening::firm("jvm.thread", HEAD))
        }
        b'E' if line.starts_with("Exception: ")
            && line.contains(" thrown from the UncaughtExceptionHandler") =>
        {
            Opening::firm("jvm.handler", SINGLE)
        }
        b'F' | b'N' | b'C' | b'E' if told(line).is_some() => Opening::weak("jvm.told", HEAD),
        b'U' if kotlin_native(line).is_some() => Opening::firm("jvm.kotlin", HEAD),
        b'C' => {
            let (class, _) = type_and_message(line.strip_prefix("Caused by: ")?)?;
            if is_qualified(class) && names_an_error(class) {
                Opening::firm("jvm.caused_by", HEAD)
            } else {
                None
            }
        }
        b'#' if line.starts_with("# A fatal error has been detected by the Java Runtime") => {
            Opening::firm("jvm.banner", BANNER)
        }
        b'F' if line.starts_with("FATAL EXCEPTION: ") => Opening::weak("jvm.android", HEAD),
        b'E' | b'S' if clojure(line).is_some() => Opening::firm("jvm.clojure", CLOJURE),
        b'E' if is_no_vm(line) => Opening::firm("jvm.start", START),
        b' ' => console::opens(line),
        b'j' if line.starts_with("java.lang.OutOfMemoryError: ") => Opening::firm("jvm.memory", HEAD),
        _ => None,
    }
}

fn opens_with_frame(line: &str) -> Option<Opening> {
    if is_frame(line) { Opening::firm("jvm.frames", FRAMES) } else { None }
}

/// `Exception in thread "NAME" TYPE: MESSAGE` → type and message.
fn thread_header(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix("Exception in thread \"")?;
    let (_, thrown) = search::split_once(rest, "\" ")?;
    type_and_message(thrown)
}

/// `Uncaught Kotlin exception: TYPE: MESSAGE` of programs without a virtual machine.
fn kotlin_native(line: &str) -> Option<&str> {
    line.strip_prefix("Uncaught Kotlin exception: ")
}

/// `    at 1   shop.kexe    0x10d1a24 kfun:com.example.Cart#put(){} + 140 (/src/Cart.kt:14:9)`.
fn native_frame(line: &str) -> Option<Frame> {
    let (number, rest) = line.trim_start().strip_prefix("at ")?.split_once(' ')?;
    let (before, called) = rest.split_once(" kfun:")?;
    if !super::frames::is_number(number) || !before.contains(" 0x") {
        return None;
    }
    let (name, place) = called.split_once(" + ").unwrap_or((called, ""));
    let name = name.split(['(', '{']).next().unwrap_or(name);
    let (module, function) = name.rsplit_once('#').unwrap_or(("", name));
    let place = place.split_once(" (").and_then(|(_, place)| place.strip_suffix(')')).unwrap_or_default();
    let (file, number, column) = super::frames::place(place);
    Some(Frame {
        module: super::frames::non_empty(module),
        function: super::frames::non_empty(function),
        file,
        line: number,
        column,
        ..Frame::default()
    })
}

fn is_frame(line: &str) -> bool {
    frame_parts(line).is_some() || native_frame(line).is_some()
}

/// A line without the `#011` that a syslog daemon writes for a tab.
fn unescaped(line: &str) -> &str {
    if line.starts_with('#') { line.trim_start_matches("#011") } else { line }
}

/// `at MODULE/CLASS.METHOD(PLACE)` → the dotted name and the place.
fn frame_parts(line: &str) -> Option<(&str, &str)> {
    let indented = line.starts_with(['\t', ' ', '#']);
    let line = unescaped(line);
    let rest = search::trim_start(line).strip_prefix("at ")?;
    called(rest).filter(|_| indented)
}

/// `MODULE/CLASS.METHOD(PLACE)` → the dotted name and the place.
fn called(rest: &str) -> Option<(&str, &str)> {
    let (name, tail) = rest.split_once('(')?;
    let (place, after) = tail.split_once(')')?;
    let packaging = after.trim_start();
    // The last line of a quoted field ends with its quote.
    let known_tail = packaging.is_empty() || packaging.starts_with(['[', '"']) || packaging.starts_with("~[");
    let spaced = name.ends_with(' ');
    let name = name.trim_end();
    let named = !name.contains(' ') && name.contains('.') && (!spaced || is_source(place));
    (known_tail && named && is_place(place)).then_some((name, place))
}

/// What the JVM prints between parentheses: a source file with or without line, or why there is none.
fn is_place(place: &str) -> bool {
    const KNOWN: [&str; 5] = ["Native Method", "Unknown Source", "<generated>", "NO_SOURCE_FILE", "REPL"];
    let file = place.rsplit_once(':').map_or(place, |(file, _)| file);
    KNOWN.contains(&file)
        || is_source(place)
        || (place.len() > file.len()
            && !file.contains(['/', '\\', '(', ','])
            && place.rsplit_once(':').is_some_and(|(_, line)| super::frames::is_number(line)))
        || file == "SourceFile"
        || file == "Unknown"
}

/// A file of one of the machine's languages, with or without its line.
fn is_source(place: &str) -> bool {
    const SOURCES: [&str; 8] = [".java", ".kt", ".scala", ".groovy", ".clj", ".kts", ".cljc", ".sc"];
    let file = place.rsplit_once(':').map_or(place, |(file, _)| file);
    SOURCES.iter().any(|ending| file.ends_with(ending)) && !file.contains(' ')
}

fn is_elision(text: &str) -> bool {
    text.strip_prefix("... ").is_some_and(|rest| {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        digits > 0
            && matches!(rest.get(digits..), Some(" more" | " common frames omitted" | " frames truncated"))
            || rest.contains("frames ") && rest.starts_with(|first: char| first.is_ascii_digit())
    })
}

/// `Caused by: `, `Suppressed: ` or `Wrapped by: ` and what it introduces.
fn link(text: &str) -> Option<(&'static str, &str)> {
    ["Caused by: ", "Suppressed: ", "Wrapped by: ", "Caused: "]
        .into_iter()
        .find_map(|start| text.strip_prefix(start).map(|rest| (start, rest)))
        .or_else(|| unmarked_cause(text).map(|rest| ("Caused by: ", rest)))
}

/// `Caused by java.io.IOException: text`: the consoles of app stores leave the colon out.
fn unmarked_cause(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("Caused by ")?;
    type_and_message(rest).filter(|(class, _)| is_qualified(class)).map(|_| rest)
}

/// Words before an error's name with which a console or a script's runner tells of it.
const TOLD: [&str; 4] = ["Fatal Exception: ", "Non-fatal Exception: ", "Caught: ", "Exception "];

/// `Fatal Exception: java.lang.Error: text`, `Caught: groovy.lang.MissingPropertyException: text` → what was told.
fn told(line: &str) -> Option<&str> {
    let rest = TOLD.iter().find_map(|start| line.strip_prefix(start))?;
    type_and_message(rest).filter(|(class, _)| is_qualified(class) && names_an_error(class)).map(|_| rest)
}

/// What Android says above an uncaught error.
fn is_android(line: &str) -> bool {
    ["FATAL EXCEPTION: ", "Process: ", "PID: "].iter().any(|start| line.starts_with(start))
}

fn is_circular(text: &str) -> bool {
    text.starts_with("[CIRCULAR REFERENCE")
}

fn follows(state: &mut State, line: &str) -> Next {
    let text = unescaped(line).trim_start();
    match state.phase {
        BANNER if line.starts_with('#') => Next::Take,
        BANNER => Next::End("outside the banner"),
        SINGLE => Next::End("one line only"),
        CLOJURE => in_clojure(state, line),
        CONSOLE | SHORT => console::follows(state, line),
        START if is_no_vm(line) || is_frame(line) => Next::Take,
        START => in_start(state, line),
        _ if is_frame(line) => state.take(FRAMES),
        _ if is_elision(text) || is_circular(text) || text == "(Coroutine boundary)" => state.take(FRAMES),
        _ if link(text).is_some() => {
            let circular = link(text).is_some_and(|(_, rest)| is_circular(rest));
            state.take(if circular { FRAMES } else { HEAD })
        }
        HEAD => in_head(state, line),
        _ => Next::End("not a line of a stack trace"),
    }
}

/// `Execution error (ArithmeticException) at shop.core/charge (core.clj:12).`: class, if it is told, and place. The
/// form in which Clojure tells of an error since 1.10.
fn clojure(line: &str) -> Option<(Option<&str>, Frame)> {
    let (words, place) = line.trim_end().strip_suffix(").")?.rsplit_once(" (")?;
    let (words, function) = words.rsplit_once(" at").map(|(words, name)| (words, name.trim()))?;
    let known = words.starts_with("Execution error") || words.starts_with("Syntax error ");
    let mut parts = place.rsplitn(3, ':');
    let (last, before, file) = (parts.next()?, parts.next()?, parts.next());
    let (file, number) = match file {
        Some(file) => (file, before),
        None => (before, last),
    };
    let class = words.split_once('(').and_then(|(_, rest)| rest.split(')').next());
    let frame = Frame {
        function: super::frames::non_empty(function),
        file: super::frames::non_empty(file),
        line: number.parse().ok(),
        ..Frame::default()
    };
    (known && frame.line.is_some()).then_some((class, frame))
}

/// The message, and where the whole report was written to.
fn in_clojure(state: &mut State, line: &str) -> Next {
    state.run += 1;
    if state.mark == 1 {
        state.mark = 2;
        Next::Take
    } else if line.trim_end() == "Full report at:" {
        state.mark = 1;
        Next::Take
    } else if state.mark == 2 || state.run > MESSAGE_LINES || super::interrupts(line) {
        Next::End("after the message")
    } else if line.trim().is_empty() {
        state.mark = 3;
        Next::Hold
    } else if state.mark == 3 {
        Next::End("after the message")
    } else {
        Next::Take
    }
}

fn parse_clojure(body: &str) -> Option<Parsed> {
    let (class, frame) = clojure(body.lines().next()?)?;
    let message: Vec<&str> = body.lines().skip(1).take_while(|line| !line.trim().is_empty()).collect();
    let mut primary = Thrown::new(class.unwrap_or_default(), &message.join("\n"));
    primary.frames.push(frame);
    Some(parsed(Kind::Exception, Level::Error, Language::Jvm, primary, Vec::new()))
}

/// One line says why there is no machine.
fn in_start(state: &mut State, line: &str) -> Next {
    state.run += 1;
    if state.run > 2 || line.trim().is_empty() || crate::logline::is_log_line(line) {
        Next::End("after the reason")
    } else {
        Next::Take
    }
}

/// Lines between a header and its first frame are its message, if a frame follows.
fn in_head(state: &mut State, line: &str) -> Next {
    state.run += 1;
    if state.run > MESSAGE_LINES {
        Next::End("message limit")
    } else if super::interrupts(line) {
        Next::End("next record")
    } else {
        Next::Hold
    }
}

fn parse(trace: &Trace<'_>) -> Option<Parsed> {
    match trace.rule {
        "jvm.banner" => return Some(parse_banner(trace.body)),
        "jvm.handler" => return Some(parse_handler(trace.body)),
        "jvm.clojure" => return parse_clojure(trace.body),
        "jvm.short" => return console::parse_short(trace.body),
        "jvm.console" => {
            let body = console::as_printed(trace.body);
            return parse(&Trace { rule: "jvm.frames", body: &body, ..*trace });
        }
        "jvm.start" => return Some(parse_start(trace.header, trace.body)),
        _ => {}
    }
    let mut chain: Vec<Thrown> = Vec::new();
    let mut wrapped = false;
    let mut open = false;
    let first = trace.body.lines().next().and_then(told);
    for line in trace.body.lines() {
        let text = unescaped(line).trim_start();
        if let Some(frame) = frame(line) {
            open = false;
            match chain.last_mut() {
                Some(last) => last.frames.push(frame),
                None => chain.push(Thrown { frames: vec![frame], ..Thrown::default() }),
            }
        } else if let Some((start, rest)) = link(text) {
            wrapped |= start == "Wrapped by: ";
            let relation = relation(line, start);
            chain.push(Thrown { relation, ..header(rest) });
            open = true;
        } else if is_elision(text) || is_circular(text) || text == "(Coroutine boundary)" {
            open = false;
        } else if chain.is_empty() && is_android(line) {
        } else if chain.is_empty() {
            let plain = kotlin_native(line).or_else(|| told(line)).unwrap_or(line);
            chain.push(header(thread_header(line).map_or(plain, |_| after_thread(line))));
            open = true;
        } else if open && first.is_some_and(|first| first == line) {
            // A script's runner tells of the error before its trace does.
            chain = vec![header(line)];
        } else if open && let Some(last) = chain.last_mut() {
            last.more(line);
        }
    }
    chain.retain(|thrown| !thrown.error_type.as_deref().is_some_and(is_circular));
    if wrapped {
        chain.reverse();
    }
    let mut chain = chain.into_iter();
    let primary = chain.next()?;
    Some(parsed(Kind::Exception, Level::Error, Language::Jvm, primary, chain.collect()))
}

/// A cause of a suppressed exception is indented with it and is told as suppressed too: it did not cause the primary.
fn relation(line: &str, start: &str) -> Option<Relation> {
    let nested = line.starts_with(['\t', ' ', '#']);
    (start == "Suppressed: " || nested).then_some(Relation::Suppressed)
}

fn after_thread(line: &str) -> &str {
    line.split_once("\" ").map_or(line, |(_, thrown)| thrown)
}

/// `org.jboss.msc.service.StartException in service NAME: text`: the class names its service before its words.
pub fn in_service(text: &str) -> Option<(&str, &str)> {
    let (class, rest) = search::split_once(text, " in service ")?;
    let (_, message) = search::split_once(rest, ": ")?;
    (is_qualified(class) && names_an_error(class)).then_some((class, message))
}

fn header(text: &str) -> Thrown {
    if is_circular(text) {
        return Thrown::new(text, "");
    }
    if let Some((class, message)) = in_service(text) {
        return Thrown::new(class, message);
    }
    match type_and_message(text) {
        Some((class, message)) => Thrown::new(class, message),
        None => Thrown { message: text.to_owned(), ..Thrown::default() },
    }
}

/// One `at` line; loader and module (`app//`, `java.base@17/`) are not part of the class.
fn frame(line: &str) -> Option<Frame> {
    let Some((name, place)) = frame_parts(line) else { return native_frame(line) };
    let name = name.get(origin_end(name)..).unwrap_or(name);
    let (class, method) = name.rsplit_once('.')?;
    // A constructor's name holds a dot only in `Foo.<init>`, which splits as wanted.
    let (file, number) = match place.rsplit_once(':') {
        Some((file, number)) => (file, number.parse().ok()),
        None => (place, None),
    };
    let unknown = ["Native Method", "Unknown Source", "<generated>", "Unknown"].contains(&file);
    Some(Frame {
        function: Some(method.to_owned()),
        module: Some(class.to_owned()),
        file: (!unknown).then(|| file.to_owned()),
        line: number,
        ..Frame::default()
    })
}

/// Where the class begins behind loader and module. The slash of a hidden class (`A$$Lambda/0x00…`) is part of it.
fn origin_end(name: &str) -> usize {
    let mut slashes = name.match_indices('/').map(|(at, _)| at + 1);
    slashes
        .rfind(|at| name.get(*at..).is_some_and(|rest| !rest.starts_with("0x") && rest.contains('.')))
        .unwrap_or(0)
}

/// `#  SIGSEGV (0xb) at pc=…` and `# Problematic frame:` with the frame on the next line.
fn parse_banner(body: &str) -> Parsed {
    let mut primary = Thrown::default();
    let mut lines =
        body.lines().map(|line| line.trim_start_matches('#').trim()).filter(|line| !line.is_empty());
    lines.next();
    while let Some(line) = lines.next() {
        if line == "Problematic frame:" {
            primary.message = lines.next().unwrap_or_default().to_owned();
        } else if primary.error_type.is_none() {
            let name = line.split([' ', '(']).next().unwrap_or_default();
            let signal = name.starts_with("SIG") || name.starts_with("EXCEPTION_");
            let class = if signal { name } else { line.split(" (").next().unwrap_or(line) };
            primary.error_type = Some(class.to_owned());
        }
    }
    parsed(Kind::Fatal, Level::Fatal, Language::Jvm, primary, Vec::new())
}

/// The reason stands above or below the launcher's own words; it may be an error of the class library.
fn parse_start(above: &str, body: &str) -> Parsed {
    let words = "Error occurred during initialization of VM";
    let reason: Vec<&str> =
        above.lines().chain(body.lines()).filter(|line| !is_no_vm(line) && !is_frame(line)).collect();
    let mut primary = match reason.first().and_then(|line| type_and_message(line)) {
        Some((class, message)) if is_qualified(class) => Thrown::new(class, message),
        _ => Thrown::new(words, &reason.join("\n")),
    };
    primary.frames = body.lines().filter_map(frame).collect();
    parsed(Kind::Fatal, Level::Fatal, Language::Jvm, primary, Vec::new())
}

fn parse_handler(body: &str) -> Parsed {
    let class = body.strip_prefix("Exception: ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
    parsed(Kind::Exception, Level::Error, Language::Jvm, Thrown::new(class, ""), Vec::new())
}
