//! Text for a terminal: hostile bytes made harmless, columns cut to fit, colour only where it is seen.

use std::{
    borrow::Cow,
    io::{self, IsTerminal},
};

use crate::config;

/// Text that cannot steer a terminal: control characters and the marks that reorder text become visible escapes.
/// Newlines and tabs stay when `multiline`.
pub fn harmless(text: &str, multiline: bool) -> Cow<'_, str> {
    let steers = |c: char| {
        let reorders = matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
        let kept = multiline && matches!(c, '\n' | '\t');
        (c.is_control() && !kept) || reorders
    };
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' | '\t' | '\r' if !multiline => out.push(' '),
            c if steers(c) => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// The first `width` characters of one line, with an ellipsis where something is missing.
pub fn cut(text: &str, width: usize) -> String {
    let text = harmless(text, false);
    if text.chars().count() <= width {
        return text.into_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// Whether stdout should be coloured.
pub fn coloured() -> bool {
    io::stdout().is_terminal() && !config::no_color()
}

/// Columns of the terminal behind stdout; 100 where there is none.
pub fn width() -> usize {
    let size = rustix::termios::tcgetwinsize(io::stdout());
    size.ok().map(|size| usize::from(size.ws_col)).filter(|&columns| columns >= 40).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_cannot_reach_the_terminal() {
        assert_eq!(harmless("\u{1b}[2Jgone\u{0}\u{202e}", false), "\\u{1b}[2Jgone\\u{0}\\u{202e}");
        assert_eq!(harmless("a\nb", false), "a b");
        assert_eq!(harmless("a\nb\u{7}", true), "a\nb\\u{7}");
        assert_eq!(harmless("plain – ünïcode", false), "plain – ünïcode");
    }

    #[test]
    fn long_text_is_cut_with_a_mark() {
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("abcd", 4), "abcd");
    }
}
