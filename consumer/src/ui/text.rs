//! Text from outside, made fit to be seen: every byte of it may have been written by an attacker.
//!
//! askama escapes what HTML would read as markup. This module takes care of the rest: characters that cannot be seen, or
//! that make a reader see something else than what is there, are shown by name; and every text has a bound, counted in
//! the bytes that it takes on the page after escaping, so that a page has a bound too.

use std::fmt;

/// A text that may be put on a page: visible and bounded. Only this module makes one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown(String);

impl Shown {
    /// One line: line breaks and tabs become spaces. At most `bytes` on the page.
    pub fn line(text: &str, bytes: usize) -> Self {
        Self::build(text, bytes, Breaks::Joined)
    }

    /// Several lines as they stand, for `<pre>` and texts to copy. At most `bytes` on the page.
    pub fn block(text: &str, bytes: usize) -> Self {
        Self::build(text, bytes, Breaks::Kept)
    }

    /// Whether there is nothing to see.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn build(text: &str, bytes: usize, breaks: Breaks) -> Self {
        let text = if breaks == Breaks::Joined { text.trim() } else { text.trim_end() };
        let mut shown = String::with_capacity(text.len().min(bytes));
        let (mut taken, mut before) = (0, ' ');
        for c in text.chars() {
            let piece = Piece::of(c, before, breaks);
            let weight = piece.weight();
            if taken + weight > bytes {
                shown.push_str(&Self::mark(text.len(), breaks));
                break;
            }
            piece.push(&mut shown);
            taken += weight;
            before = c;
        }
        Self(shown)
    }

    /// Says that something was cut; in a block also how much there was.
    fn mark(whole: usize, breaks: Breaks) -> String {
        match breaks {
            Breaks::Joined => "…".to_owned(),
            Breaks::Kept => format!("\n… cut here: {} bytes in all", super::number::exact(whole as u64)),
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Breaks {
    Joined,
    Kept,
}

/// What is put on the page for one character.
enum Piece {
    Char(char),
    Named(u32),
    Nothing,
}

impl Piece {
    fn of(c: char, before: char, breaks: Breaks) -> Self {
        match c {
            '\n' | '\t' if breaks == Breaks::Kept => Self::Char(c),
            // A line that ends in CR LF is one break, not a break and a sign.
            '\r' if breaks == Breaks::Kept => Self::Nothing,
            '\n' | '\r' | '\t' => Self::Char(' '),
            // The Unicode block "Control Pictures" has a sign for each ASCII control character.
            '\0'..='\x1f' => Self::Char(char::from_u32(0x2400 + u32::from(c)).unwrap_or('?')),
            '\x7f' => Self::Char('\u{2421}'),
            // A joiner after a letter or an emoji has a job in Persian, Hindi and 👩‍💻; after ASCII it only hides.
            '\u{200c}' | '\u{200d}' if !before.is_ascii() => Self::Char(c),
            _ if is_unseen(c) => Self::Named(c.into()),
            _ => Self::Char(c),
        }
    }

    /// Bytes on the page; askama writes `<` as `&#60;`.
    fn weight(&self) -> usize {
        match self {
            Self::Char('<' | '>' | '&' | '"' | '\'') => 5,
            Self::Char(c) => c.len_utf8(),
            Self::Named(_) => "[U+10FFFF]".len(),
            Self::Nothing => 0,
        }
    }

    fn push(&self, to: &mut String) {
        match self {
            Self::Char(c) => to.push(*c),
            Self::Named(code) => to.push_str(&format!("[U+{code:04X}]")),
            Self::Nothing => {}
        }
    }
}

/// Characters without a glyph of their own, and those that reorder what stands around them (Unicode 16, general
/// categories Cc and Cf and the Hangul fillers, as far as a font shows nothing for them).
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Bytes that a text takes on the page, escaped.
pub fn weight(text: &str) -> usize {
    text.chars().map(|c| Piece::Char(c).weight()).sum()
}

/// A class name in two parts: the name itself, and the package that it lives in (`""` when it has none).
pub fn class_name(name: &str) -> (&str, &str) {
    let head = name.split(['<', '(', '[', ' ']).next().unwrap_or(name);
    let cut = ["::", ".", "\\", "/"]
        .iter()
        .filter_map(|separator| head.rfind(separator).map(|at| (at, at + separator.len())))
        .max();
    match cut {
        Some((end, start)) if start < head.len() => {
            (name.get(start..).unwrap_or(name), name.get(..end).unwrap_or_default())
        }
        _ => (name, ""),
    }
}

/// A culprit, `<module or file> in <function>`, for a narrow column: a long one loses the package or the folders, which say
/// least.
pub fn short_place(culprit: &str) -> &str {
    const FITS: usize = 28;
    let place = culprit.split(" in ").next().unwrap_or(culprit);
    let is_extension = |tail: &str| tail.len() <= 5 && tail.bytes().all(|b| b.is_ascii_lowercase());
    let tail = match place.rsplit_once('/') {
        Some((_, tail)) => Some(tail),
        None => place.rsplit_once('.').map(|(_, tail)| tail).filter(|tail| !is_extension(tail)),
    };
    match tail {
        Some(tail) if culprit.len() > FITS => culprit.get(place.len() - tail.len()..).unwrap_or(culprit),
        _ => culprit,
    }
}

/// A release as people say it: a digest shortened to twelve digits, everything else as it is.
pub fn release(name: &str) -> Shown {
    let digest = name.rsplit_once("sha256:").map(|(_, hex)| hex).filter(|hex| hex.len() >= 12);
    match digest.and_then(|hex| hex.get(..12)) {
        Some(short) => Shown::line(short, 60),
        None => Shown::line(name, 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_named() {
        for (text, expect) in [
            ("plain", "plain"),
            ("a\u{1b}[31mred", "a␛[31mred"),
            ("nul\0here", "nul␀here"),
            ("user\u{202e}gnp.exe", "user[U+202E]gnp.exe"),
            ("pay\u{200b}pal", "pay[U+200B]pal"),
            ("two\r\nlines\tand", "two  lines and"),
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
            ("x\u{200d}y", "x[U+200D]y"),
            ("\u{e0041}tag", "[U+E0041]tag"),
            ("del\x7f", "del␡"),
            ("  trimmed  ", "trimmed"),
        ] {
            assert_eq!(Shown::line(text, 1000).as_str(), expect, "{text:?}");
        }
    }

    #[test]
    fn a_block_keeps_its_lines() {
        assert_eq!(Shown::block("a\r\n\tb\0\n\n", 100).as_str(), "a\n\tb␀");
    }

    #[test]
    fn a_long_text_is_cut_by_what_it_weighs_on_the_page() {
        assert_eq!(Shown::line(&"x".repeat(20), 10).as_str(), "xxxxxxxxxx…");
        assert_eq!(Shown::line(&"<".repeat(20), 10).as_str(), "<<…");
        assert_eq!(Shown::line("日本語", 6).as_str(), "日本…");
        let huge = "y".repeat(10 * 1024 * 1024);
        assert_eq!(Shown::block(&huge, 4).as_str(), "yyyy\n… cut here: 10,485,760 bytes in all");
    }

    #[test]
    fn a_class_name_is_split_from_its_package() {
        for (name, short, package) in [
            ("java.lang.NullPointerException", "NullPointerException", "java.lang"),
            ("ValueError", "ValueError", ""),
            ("std::io::Error", "Error", "std::io"),
            (r"App\Exceptions\Broken", "Broken", r"App\Exceptions"),
            ("*errors.errorString", "errorString", "*errors"),
            ("trailing.", "trailing.", ""),
            ("Box<dyn std::error::Error>", "Box<dyn std::error::Error>", ""),
            ("", "", ""),
        ] {
            assert_eq!(class_name(name), (short, package));
        }
    }

    #[test]
    fn a_long_place_loses_what_says_least() {
        for (culprit, short) in [
            ("com.acme.checkout.order.OrderService in placeOrder", "OrderService in placeOrder"),
            ("app/controllers/invoices_controller.rb in show", "invoices_controller.rb in show"),
            ("src/cart/total.ts in formatTotal", "total.ts in formatTotal"),
            ("src/total.ts in formatTotal", "src/total.ts in formatTotal"),
            (
                "a_file_with_a_very_long_name_indeed.py in main",
                "a_file_with_a_very_long_name_indeed.py in main",
            ),
            ("", ""),
        ] {
            assert_eq!(short_place(culprit), short);
        }
    }

    #[test]
    fn a_digest_is_shortened_and_a_version_is_not() {
        let digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
        assert_eq!(release(&digest).as_str(), "0123456789ab");
        assert_eq!(release("2.14.0-rc1").as_str(), "2.14.0-rc1");
    }
}
