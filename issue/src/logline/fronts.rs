//! Fronts of log lines that have one fixed form: they are read without walking tokens.

use super::tokens::floor;
use super::{Head, Rank};

/// Reads a front of any of these forms.
pub fn read(line: &str) -> Option<Head> {
    match line.as_bytes().first()? {
        b'A'..=b'Z' | b'f' => klog(line)
            .or_else(|| logrus(line))
            .or_else(|| logcat(line))
            .or_else(|| fatal(line))
            .or_else(|| said(line)),
        _ => None,
    }
}

/// `E0102 15:04:05.678901   12345 file.go:123] message` of glog and klog.
fn klog(line: &str) -> Option<Head> {
    let bytes = line.as_bytes();
    let rank = bytes.first().copied().filter(|letter| matches!(letter, b'E' | b'F' | b'W' | b'I'))?;
    // Since glog 0.5 with the year, in CockroachDB's form with its last two digits.
    let digits = bytes.iter().skip(1).take_while(|byte| byte.is_ascii_digit()).count();
    let day = matches!(digits, 4 | 6 | 8) && bytes.get(digits + 1) == Some(&b' ');
    let clock = bytes
        .get(digits + 2..digits + 5)
        .is_some_and(|text| text.iter().take(2).all(u8::is_ascii_digit) && text.get(2) == Some(&b':'));
    if !day || !clock {
        return None;
    }
    let message = line.find("] ").map_or(line.len(), |at| at + 2);
    Some(Head { rank: Rank::of_letter(rank), time: true, message })
}

/// `FATA[0003] message`: what logrus writes to a terminal.
fn logrus(line: &str) -> Option<Head> {
    let (word, rest) = line.split_at_checked(4)?;
    let (time, after) = rest.strip_prefix('[')?.split_once(']')?;
    let timed = time.len() <= 40 && time.starts_with(|first: char| first.is_ascii_digit());
    let rank = match word {
        "ERRO" => Rank::Error,
        "FATA" | "PANI" => Rank::Fatal,
        "WARN" => Rank::Warning,
        "INFO" | "DEBU" | "TRAC" => Rank::Quiet,
        _ => return None,
    };
    let message = line.len() - after.trim_start().len();
    timed.then_some(Head { rank: Some(rank), time: true, message })
}

/// `E/flutter (12345): message`: the brief form of Android's log.
fn logcat(line: &str) -> Option<Head> {
    let bytes = line.as_bytes();
    if bytes.get(1) != Some(&b'/') {
        return None;
    }
    let rank = Rank::of_letter(*bytes.first()?)?;
    let (tag, rest) = line.get(2..floor(line, 80))?.split_once('(')?;
    let (process, _) = rest.split_once("): ")?;
    let placed =
        !tag.is_empty() && !tag.contains(['/', ':']) && process.trim().bytes().all(|b| b.is_ascii_digit());
    let message = 2 + tag.len() + 1 + process.len() + 3;
    placed.then_some(Head { rank: Some(rank), time: true, message })
}

/// `Fatal error: message`: no level's name, and said by programs of all kinds.
fn fatal(line: &str) -> Option<Head> {
    let said =
        ["Fatal error: ", "fatal error: ", "FATAL ERROR: "].iter().find(|start| line.starts_with(**start))?;
    Some(Head { rank: Some(Rank::Fatal), time: false, message: said.len() })
}

/// What follows the word in a sentence that states an error: who told of it, or what was being done.
const TOLD: [&str; 6] = ["from", "response", "while", "when", "during", "trying"];

/// Gerunds behind the word that name a thing.
const THINGS: [&str; 8] =
    ["handling", "reporting", "logging", "rating", "tracking", "monitoring", "checking", "training"];

/// `Error from server (NotFound): text`, `Error writing to /data: text`: tools for a terminal state no level.
fn said(line: &str) -> Option<Head> {
    let rest = line.strip_prefix("Error ")?;
    let (word, words) = rest.split_once(' ')?;
    let doing = word.ends_with("ing") && word.len() > 5 && !THINGS.contains(&word);
    let lower = word.bytes().all(|byte| byte.is_ascii_lowercase());
    let (told, reason) = words.get(..floor(words, 200))?.split_once(": ")?;
    let stated = lower && (doing || TOLD.contains(&word)) && !told.is_empty() && !reason.trim().is_empty();
    stated.then_some(Head { rank: Some(Rank::Error), time: false, message: 0 })
}
