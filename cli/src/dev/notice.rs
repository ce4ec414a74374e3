//! Where `dev` speaks: to the person, never into the program's own output.

use std::{
    fs::OpenOptions,
    io::{self, IsTerminal, Write},
};

/// The way to the person at the terminal, if there is one.
pub struct Notice(Place);

enum Place {
    Stderr,
    Terminal(std::fs::File),
    Nowhere,
}

impl Notice {
    /// Stderr when it is a terminal, else the controlling terminal. Where there is none, stderr; but nothing at all when
    /// `quiet`, so that a script compares the program's output byte for byte.
    pub fn new(quiet: bool) -> Self {
        if io::stderr().is_terminal() {
            return Self(Place::Stderr);
        }
        match OpenOptions::new().write(true).open("/dev/tty") {
            Ok(terminal) => Self(Place::Terminal(terminal)),
            Err(_) if quiet => Self(Place::Nowhere),
            Err(_) => Self(Place::Stderr),
        }
    }

    /// Says it. A terminal that is gone hears nothing, which is no failure of the program.
    pub fn say(&self, text: &str) {
        let text = text.trim_end();
        let said = match &self.0 {
            Place::Stderr => writeln!(io::stderr(), "{text}"),
            Place::Terminal(terminal) => writeln!(&*terminal, "{text}"),
            Place::Nowhere => Ok(()),
        };
        said.ok();
    }
}
