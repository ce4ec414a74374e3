//! Text from outside, made fit to keep: control characters out, length bounded, every cut visible.
//!
//! Lengths are counted in Unicode scalar values, as the limits of the interface are meant for people.

/// Stands where the end of a multi-line text was cut away.
pub const TEXT_MARK: &str = "… [truncated]";
/// Stands where the end of a one-line text was cut away.
pub const LINE_MARK: &str = "…";

/// One line: line breaks and control characters become blanks, the ends are trimmed, at most `max` characters.
pub fn line(text: &str, max: usize) -> String {
    let plain = without_escapes(text);
    let flat: String = plain.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    cut(flat.trim(), max, LINE_MARK)
}

/// Any number of lines, ended by `\n`; other control characters are dropped; at most `max` characters.
pub fn block(text: &str, max: usize) -> String {
    let plain: String = without_escapes(text)
        .replace("\r\n", "\n")
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .collect();
    cut(plain.trim_end(), max, TEXT_MARK)
}

/// Whether `text` has more than `max` characters.
pub fn longer_than(text: &str, max: usize) -> bool {
    text.len() > max && text.char_indices().nth(max).is_some()
}

/// At most `max` characters, the mark among them.
pub fn cut(text: &str, max: usize, mark: &str) -> String {
    if !longer_than(text, max) {
        return text.to_owned();
    }
    let kept = max.saturating_sub(mark.chars().count());
    text.chars().take(kept).chain(mark.chars()).collect()
}

/// Colour and cursor sequences (ECMA-48 CSI: `ESC [ … final byte`) say nothing in an issue.
fn without_escapes(text: &str) -> String {
    if !text.contains('\u{1b}') {
        return text.to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c != '\u{1b}' {
            plain.push(c);
        } else if rest.next_if_eq(&'[').is_some() {
            while rest.next_if(|c| matches!(c, '\u{20}'..='\u{3f}')).is_some() {}
            rest.next_if(|c| matches!(c, '\u{40}'..='\u{7e}'));
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_is_visible_and_inside_the_limit() {
        assert_eq!(line("ääää", 4), "ääää");
        assert_eq!(line("äääää", 4), "äää…");
        let long = block(&"x".repeat(100), 20);
        assert!(long.ends_with(TEXT_MARK) && long.chars().count() == 20, "{long}");
    }

    #[test]
    fn control_characters_do_not_survive() {
        assert_eq!(line(" a\u{0}b\r\nc\u{1b}[31;1mred\u{1b}[0m ", 50), "a b  cred");
        assert_eq!(block("a\r\n\tb\u{0}\u{1b}[K\u{7}\n", 50), "a\n\tb");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_bounded(text in ".*", max in 0_usize..40) {
            // The mark itself is the floor: below its own length there is nothing left to show.
            proptest::prop_assert!(line(&text, max).chars().count() <= max.max(1));
            proptest::prop_assert!(block(&text, max).chars().count() <= max.max(13));
        }
    }
}
