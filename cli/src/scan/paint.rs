//! Colours, and what a level looks like in them.

use issue::report::Level;

use crate::{arguments::Color, terminal};

/// SGR sequences of ECMA-48, or nothing where nobody sees colour.
#[derive(Clone, Copy)]
pub struct Palette {
    pub bold: &'static str,
    pub dim: &'static str,
    /// The application's own frames.
    pub own: &'static str,
    warning: &'static str,
    error: &'static str,
    fatal: &'static str,
    pub off: &'static str,
    /// Columns that a line may take; lines for a pipe are as long as they are.
    pub width: usize,
}

/// No colour.
const PLAIN: Palette =
    Palette { bold: "", dim: "", own: "", warning: "", error: "", fatal: "", off: "", width: usize::MAX };

/// The sixteen colours that every terminal lets its owner choose.
const COLOURED: Palette = Palette {
    bold: "\x1b[1m",
    dim: "\x1b[2m",
    own: "\x1b[36m",
    warning: "\x1b[1;33m",
    error: "\x1b[1;31m",
    fatal: "\x1b[1;97;41m",
    off: "\x1b[0m",
    width: usize::MAX,
};

impl Palette {
    /// What `--color` asks for.
    pub fn of(color: Color) -> Self {
        use std::io::IsTerminal;
        let coloured = match color {
            Color::Auto => terminal::coloured(),
            Color::Always => true,
            Color::Never => false,
        };
        let width = if std::io::stdout().is_terminal() { terminal::width() } else { usize::MAX };
        Self { width, ..if coloured { COLOURED } else { PLAIN } }
    }

    /// The word for a level and its colour, five characters wide.
    pub fn level(&self, level: Level) -> (&'static str, &'static str) {
        match level {
            Level::Warning => ("WARN ", self.warning),
            Level::Error => ("ERROR", self.error),
            Level::Fatal => ("FATAL", self.fatal),
        }
    }

    /// One line without control characters, no wider than what is left beside `used` columns.
    pub fn fit(&self, text: &str, used: usize) -> String {
        terminal::cut(text, self.width.saturating_sub(used).max(20))
    }
}
