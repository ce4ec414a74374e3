//! The words and numbers with which loggers state a level.

use crate::report::Level;

/// A level as stated; everything below warning is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Information and below.
    Quiet,
    /// Worth a look.
    Warning,
    /// A failure.
    Error,
    /// The program gives up.
    Fatal,
}

impl Rank {
    /// As a report's level.
    pub fn level(self) -> Option<Level> {
        match self {
            Self::Quiet => None,
            Self::Warning => Some(Level::Warning),
            Self::Error => Some(Level::Error),
            Self::Fatal => Some(Level::Fatal),
        }
    }

    /// Reads a level's name in any case.
    pub fn of_word(word: &str) -> Option<Self> {
        // Almost every word is of another length than those that begin like it.
        let known = word.bytes().next().map_or(0, letter) & LENGTHS.get(word.len()).copied().unwrap_or(0);
        if known == 0 {
            return None;
        }
        WORDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, rank)| *rank)
    }

    /// A syslog severity, 0 to 7.
    pub fn of_syslog(severity: u64) -> Option<Self> {
        match severity {
            0..=2 => Some(Self::Fatal),
            3 => Some(Self::Error),
            4 => Some(Self::Warning),
            5..=7 => Some(Self::Quiet),
            _ => None,
        }
    }

    /// The number scale of pino and bunyan.
    pub fn of_number(number: u64) -> Option<Self> {
        match number {
            10..=39 => Some(Self::Quiet),
            40..=49 => Some(Self::Warning),
            50..=59 => Some(Self::Error),
            60..=69 => Some(Self::Fatal),
            _ => None,
        }
    }

    /// The single letters of glog, logcat, MongoDB and etcd.
    pub fn of_letter(letter: u8) -> Option<Self> {
        match letter {
            b'F' | b'C' => Some(Self::Fatal),
            b'E' => Some(Self::Error),
            b'W' => Some(Self::Warning),
            b'I' | b'D' | b'V' | b'N' => Some(Self::Quiet),
            _ => None,
        }
    }
}

/// One bit for each letter, whatever its case; none for other bytes.
const fn letter(byte: u8) -> u32 {
    if byte.is_ascii_alphabetic() { 1 << ((byte | 0x20) - b'a') } else { 0 }
}

/// Longer words are none.
pub const LONGEST: usize = 11;

/// For each length the first letters of the words of that length.
static LENGTHS: [u32; LONGEST + 1] = {
    let mut lengths = [0; LONGEST + 1];
    let mut index = 0;
    while index < WORDS.len() {
        let word = WORDS[index].0.as_bytes();
        if word.len() < lengths.len() {
            lengths[word.len()] |= letter(word[0]);
        }
        index += 1;
    }
    lengths
};

const WORDS: [(&str, Rank); 41] = [
    ("info", Rank::Quiet),
    ("debug", Rank::Quiet),
    ("error", Rank::Error),
    ("warn", Rank::Warning),
    ("warning", Rank::Warning),
    ("fatal", Rank::Fatal),
    ("critical", Rank::Fatal),
    ("notice", Rank::Quiet),
    ("trace", Rank::Quiet),
    ("err", Rank::Error),
    ("inf", Rank::Quiet),
    ("dbg", Rank::Quiet),
    ("wrn", Rank::Warning),
    ("ftl", Rank::Fatal),
    ("trc", Rank::Quiet),
    ("crit", Rank::Fatal),
    ("severe", Rank::Error),
    ("alert", Rank::Fatal),
    ("emerg", Rank::Fatal),
    ("emergency", Rank::Fatal),
    ("panic", Rank::Fatal),
    ("dpanic", Rank::Error),
    ("information", Rank::Quiet),
    ("verbose", Rank::Quiet),
    ("fine", Rank::Quiet),
    ("finer", Rank::Quiet),
    ("finest", Rank::Quiet),
    ("config", Rank::Quiet),
    ("success", Rank::Quiet),
    ("failure", Rank::Quiet),
    ("log", Rank::Quiet),
    ("detail", Rank::Quiet),
    ("hint", Rank::Quiet),
    ("statement", Rank::Quiet),
    ("dbug", Rank::Quiet),
    ("fail", Rank::Error),
    ("system", Rank::Quiet),
    ("pnc", Rank::Fatal),
    ("erro", Rank::Error),
    ("debg", Rank::Quiet),
    ("trce", Rank::Quiet),
];
