//! Elixir and Erlang: `** (Error) message` with its frames, processes, tasks and servers that terminated, crash
//! reports.

use super::frames::{Thrown, is_number, parsed};
use super::{Grammar, Next, Opening, State, Trace};
use crate::report::{Frame, Kind, Language, Level, Parsed};
use crate::search;

/// The language's rules.
pub static GRAMMAR: Grammar = Grammar {
    language: Language::Elixir,
    needles: &["** ", "terminat", "Assertion with ", "Error in process", " REPORT", "xception "],
    headers: &[
        "GenServer ",
        "Process #PID<",
        "Task #PID<",
        "Process <0.",
        "Initial Call: ",
        "Ancestors: ",
        "Ranch listener ",
        "=ERROR REPORT====",
    ],
    opens,
    frame: super::never,
    follows,
    parse,
};

const MESSAGE: u8 = 0;
const FRAMES: u8 = 1;
const REST: u8 = 2;
const ERLANG: u8 = 3;
const SHELL: u8 = 4;
const TEST: u8 = 5;
const BOOTING: u8 = 6;
const MESSAGE_LINES: u32 = 20;
/// An Erlang that ends while it starts says why in a term, and then again in words.
const BOOT: &str = "init terminating in do_boot";
/// What ExUnit prints between an error's words and its frames.
const STACK: &str = "stacktrace:";

fn opens(line: &str) -> Option<Opening> {
    let text = line.strip_prefix("    ").unwrap_or(line);
    if thrown(text).is_some() {
        return Opening::firm("elixir.raised", MESSAGE);
    }
    if asserted(line).is_some() {
        return Opening::weak("elixir.asserted", MESSAGE);
    }
    if shell(line).is_some() {
        return Opening::firm("elixir.shell", SHELL);
    }
    if boot(line).is_some() {
        return Opening::firm("elixir.boot", BOOTING);
    }
    // With the term behind it on the line it is a log line's words.
    let process = line.starts_with("Error in process <0.") && line.trim_end().ends_with(" with exit value:");
    if process {
        return Opening::firm("elixir.erlang", ERLANG);
    }
    let report = [
        "** Generic server ",
        "** State machine ",
        "CRASH REPORT Process ",
        "=CRASH REPORT====",
        "=SUPERVISOR REPORT====",
    ];
    if report.iter().any(|start| line.starts_with(start)) {
        return Opening::firm("elixir.erlang", ERLANG);
    }
    None
}

/// `{"init terminating in do_boot",{{badkey,b},[{shop,rate,1,…}]}}`: the reason and its stack.
fn boot(line: &str) -> Option<&str> {
    line.strip_prefix("{\"")?.strip_prefix(BOOT)?.strip_prefix("\",")
}

fn parse_boot(body: &str) -> Option<Parsed> {
    let reason = boot(body.lines().next()?)?;
    let (told, _) = search::split_once(reason, ",[{").unwrap_or((reason, ""));
    let told = told.strip_prefix('{').unwrap_or(told).trim_end();
    let class =
        told.trim_start_matches('{').split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let mut thrown = Thrown::new(class.into_iter().next().unwrap_or_default(), told);
    thrown.frames = term_frames(reason);
    Some(parsed(Kind::Exception, Level::Fatal, Language::Elixir, thrown, Vec::new()))
}

/// `** (RuntimeError) message`, `** (exit) reason`, `** (EXIT from #PID<0.1.0>) …`.
fn thrown(line: &str) -> Option<(&str, &str)> {
    let (class, message) = line.strip_prefix("** (")?.split_once(')')?;
    let named = class.starts_with(|first: char| first.is_ascii_uppercase())
        || matches!(class, "exit" | "throw" | "stop");
    // `EXIT from #PID<0.96.0>`: the process is another one each time.
    let class = class.split(" from #PID<").next().unwrap_or(class);
    (named && class.len() < 200).then(|| (class, message.trim()))
}

/// `Assertion with == failed` of ExUnit, whose class is not printed.
fn asserted(line: &str) -> Option<(&str, &str)> {
    let text = line.trim();
    (text.starts_with("Assertion with ") && text.ends_with(" failed"))
        .then_some(("ExUnit.AssertionError", text))
}

/// Below `stacktrace:` of a test's report frames are indented by two less.
fn test_frame(line: &str) -> Option<Frame> {
    frame(&format!("    {}", line.strip_prefix("  ")?.trim_start()))
}

/// `escript: exception error: text`, `** exception exit: text`: Erlang's shells and scripts.
fn shell(line: &str) -> Option<&str> {
    let (before, rest) = search::split_once(line, "exception ")?;
    let (class, text) = rest.split_once(": ")?;
    let placed = before == "** " || before.ends_with(": ") && !before.trim_end().contains(' ');
    (placed && matches!(class, "error" | "exit" | "throw") && !text.is_empty()).then_some(text)
}

/// `  in function  shop:charge/1 (shop.erl, line 5)`, `  in call from shop:main/0 (shop.erl, line 3)`.
fn shell_frame(line: &str) -> Option<Frame> {
    let text = line.trim_start();
    let rest = text.strip_prefix("in function").or_else(|| text.strip_prefix("in call from"))?.trim();
    let (function, place) = rest.split_once(" (").unwrap_or((rest, ""));
    let (file, number) = place.trim_end_matches(')').split_once(", line ").unwrap_or((place, ""));
    // What is built in is told without its module.
    let module = (!function.contains(':')).then(|| "erlang".to_owned());
    Some(Frame {
        function: Some(function.trim().to_owned()),
        module,
        file: (!file.is_empty()).then(|| file.to_owned()),
        line: number.parse().ok(),
        ..Frame::default()
    })
}

fn parse_shell(body: &str) -> Option<Parsed> {
    let mut thrown =
        Thrown { message: shell(body.lines().next()?)?.trim_end().to_owned(), ..Thrown::default() };
    thrown.frames = body.lines().skip(1).filter_map(shell_frame).collect();
    Some(parsed(Kind::Exception, Level::Error, Language::Elixir, thrown, Vec::new()))
}

/// `    (elixir 1.14.0) lib/enum.ex:975: Enum.each/2`, `    a.exs:2: Shop.charge/1`, `    (stdlib) :gen_server.f/3`.
fn frame(line: &str) -> Option<Frame> {
    let text = line.strip_prefix("    ")?.trim();
    let (module, rest) = match text.strip_prefix('(').and_then(|rest| rest.split_once(") ")) {
        Some((module, rest)) => (Some(module.split(' ').next().unwrap_or(module)), rest),
        None => (None, text),
    };
    if let Some((location, function)) = rest.split_once(": ")
        && let Some((file, number)) = location.rsplit_once(':')
        && is_number(number)
        && !file.contains(' ')
    {
        return Some(Frame {
            function: Some(function.to_owned()),
            module: module.map(str::to_owned),
            file: Some(file.to_owned()),
            line: number.parse().ok(),
            ..Frame::default()
        });
    }
    if let Some((name, _)) = rest.split_once('(').filter(|_| rest.ends_with(')'))
        && name.contains('.')
        && name.starts_with(|first: char| first == ':' || first.is_ascii_uppercase())
        && !name.contains(' ')
    {
        return Some(Frame {
            function: Some(name.to_owned()),
            module: module.map(str::to_owned),
            ..Frame::default()
        });
    }
    // A function that the compiler made has no place of its own.
    if rest.starts_with("anonymous fn/")
        && rest.contains(" in ")
        && rest.rsplit_once('/').is_some_and(|(_, arity)| is_number(arity))
    {
        return Some(Frame {
            function: Some(rest.to_owned()),
            module: module.map(str::to_owned),
            ..Frame::default()
        });
    }
    let arity = rest.rsplit_once('/').is_some_and(|(name, arity)| is_number(arity) && name.contains('.'));
    (arity && !rest.contains(' ')).then(|| Frame {
        function: Some(rest.to_owned()),
        module: module.map(str::to_owned),
        ..Frame::default()
    })
}

fn follows(state: &mut State, line: &str) -> Next {
    if state.phase == ERLANG {
        return in_erlang(line);
    }
    if state.phase == BOOTING {
        let more = ["init terminating", "Runtime terminating", "Crash dump is being written to:"];
        let more = more.iter().any(|start| line.starts_with(start));
        return match line.trim().is_empty() {
            true => Next::Hold,
            false if more => Next::Take,
            false => Next::End("after the crash dump"),
        };
    }
    if state.phase == SHELL {
        let more = line.starts_with("  ") && !line.trim().is_empty();
        return if more { Next::Take } else { Next::End("after the term") };
    }
    if state.phase == TEST {
        return if test_frame(line).is_some() { Next::Take } else { Next::End("after the trace") };
    }
    if line == STACK && state.phase == MESSAGE {
        return state.take(TEST);
    }
    if frame(line).is_some() {
        return state.take(FRAMES);
    }
    const TRAILERS: [&str; 10] = [
        "Last message",
        "State: ",
        "Function: ",
        "    Args: ",
        "Client ",
        "Start Call: ",
        "Initial Call: ",
        "Ancestors: ",
        "Message Queue",
        "Links: ",
    ];
    if TRAILERS.iter().any(|start| line.starts_with(start)) {
        return state.take(REST);
    }
    match state.phase {
        MESSAGE => in_message(state, line),
        _ if thrown(line.trim_start()).is_some() && line.starts_with("    ") => Next::Take,
        FRAMES | REST if line.trim().is_empty() => Next::Hold,
        REST if line.starts_with("    ") => Next::Take,
        _ => Next::End("after the trace"),
    }
}

/// What ExUnit tells of a failed test between the error and its frames.
const TOLD: [&str; 4] = ["code:", "left:", "right:", "The following "];

fn in_message(state: &mut State, line: &str) -> Next {
    // What ExUnit tells of the test below the error's words.
    if TOLD.iter().any(|start| line.starts_with(start)) {
        state.run += 1;
        return Next::Hold;
    }
    if line.trim().is_empty() {
        state.run += 1;
        return if state.run > MESSAGE_LINES { Next::End("message limit") } else { Next::Hold };
    }
    if line.starts_with("    ") {
        state.run += 1;
        return if state.run > MESSAGE_LINES * 2 { Next::End("message limit") } else { Next::Take };
    }
    state.run_on(line, MESSAGE_LINES)
}

/// Lines of an Erlang report are marked or indented.
fn in_erlang(line: &str) -> Next {
    if line.starts_with("** ") || line.starts_with([' ', '\t', '[', '{']) {
        Next::Take
    } else {
        Next::End("after the report")
    }
}

fn parse(trace: &Trace<'_>) -> Option<Parsed> {
    match trace.rule {
        "elixir.erlang" => return Some(parse_erlang(trace.body)),
        "elixir.shell" => return parse_shell(trace.body),
        "elixir.boot" => return parse_boot(trace.body),
        _ => {}
    }
    let mut lines = trace.body.lines();
    let first = lines.next()?.trim_start();
    let (class, message) = thrown(first).or_else(|| asserted(first))?;
    let mut primary = Thrown::new(class, message);
    let mut nested: Vec<Thrown> = Vec::new();
    let mut open = true;
    let mut tested = false;
    for line in lines {
        if line == STACK {
            (tested, open) = (true, false);
            continue;
        }
        if let Some(frame) = test_frame(line).filter(|_| tested) {
            primary.frames.push(frame);
            continue;
        }
        if line.starts_with("Client ") {
            break;
        }
        // Frames of the nested ones are indented with them.
        let outer = !line.starts_with("        ") && frame(line).is_some();
        let current = nested.last_mut().filter(|_| !outer).unwrap_or(&mut primary);
        if let Some(frame) = frame(line) {
            current.frames.push(frame);
            open = false;
        } else if let Some((class, message)) = thrown(line.trim_start()).filter(|_| line.starts_with("    "))
        {
            nested.push(Thrown::new(class, message));
        } else if open && !line.starts_with("Function: ") && !line.starts_with("Last message") {
            current.more(line.strip_prefix("    ").unwrap_or(line));
        }
    }
    primary.message.truncate(primary.message.trim_end().len());
    // The exit only says that there was an exception.
    let empty = primary.message == "an exception was raised:";
    nested.retain(|thrown| !(thrown.message == "an exception was raised:" && thrown.frames.is_empty()));
    let told = empty
        || primary.error_type.as_deref() == Some("EXIT") && nested.iter().any(|one| !one.frames.is_empty());
    if told && primary.frames.is_empty() && !nested.is_empty() {
        primary = nested.remove(0);
        primary.message.truncate(primary.message.trim_end().len());
    }
    Some(parsed(Kind::Exception, Level::Error, Language::Elixir, primary, nested))
}

/// `Error in process <0.1.0> with exit value:` and the term below; the class is the term's first atom. A crash report
/// tells its error as the shell does.
fn parse_erlang(body: &str) -> Parsed {
    if let Some(line) = body.lines().find(|line| line.trim_start().starts_with("exception ")) {
        let text = shell(&format!("** {}", line.trim_start())).unwrap_or_default().trim_end().to_owned();
        let frames = body.lines().filter_map(shell_frame).collect();
        let thrown = Thrown { message: text, frames, ..Thrown::default() };
        return parsed(Kind::Exception, Level::Error, Language::Elixir, thrown, Vec::new());
    }
    let mut lines = body.lines().map(|line| line.trim_start().trim_start_matches("** "));
    let reason = lines
        .by_ref()
        .find_map(|line| {
            ["Reason for termination ==", "reason: ", "{"].iter().find_map(|start| line.strip_prefix(start))
        })
        .map(str::trim);
    let reason = match reason {
        Some("") => lines.next(),
        told => told,
    };
    let class: String = reason
        .unwrap_or_else(|| body.lines().next().unwrap_or_default())
        .trim_start_matches(['*', ' ', '{'])
        .chars()
        .take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_')
        .collect();
    let first = body.lines().next().unwrap_or_default();
    let told = reason.filter(|_| first.starts_with("=SUPERVISOR REPORT"));
    let mut thrown = Thrown::new(&class, told.unwrap_or(first).trim_end());
    thrown.frames = term_frames(body);
    parsed(Kind::Exception, Level::Error, Language::Elixir, thrown, Vec::new())
}

/// `{shop,price,1,[{file,"shop.erl"},{line,7}]}` of a stack as Erlang's own term.
fn term_frames(body: &str) -> Vec<Frame> {
    let found = body.match_indices("[{file,\"").filter_map(|(at, mark)| {
        let before = body.get(..at)?.trim_end().strip_suffix(',')?;
        let (name, arity) = before.rsplit_once(',')?;
        let (module, function) = name.get(name.rfind('{')? + 1..)?.split_once(',')?;
        let (file, rest) = body.get(at + mark.len()..)?.split_once('"')?;
        let number = rest.split_once("{line,").filter(|(gap, _)| gap.len() < 8).map_or("", |(_, rest)| rest);
        let number = number.split('}').next().unwrap_or_default();
        is_number(arity).then(|| Frame {
            function: Some(format!("{module}:{function}/{arity}")),
            file: Some(file.to_owned()),
            line: number.parse().ok(),
            ..Frame::default()
        })
    });
    found.collect()
}
