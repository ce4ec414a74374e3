//! What people write, as blocks: the little of Markdown that a comment needs. The result is a tree of plain texts that
//! templates print escaped; there is no way in it for markup, and a link shows the address that it leads to.

use super::text::{self, Shown};

/// A block of a comment.
#[derive(Debug, PartialEq, Eq)]
pub enum Block {
    /// Lines of one paragraph.
    Paragraph(Vec<Vec<Span>>),
    /// Items of a list.
    List(Vec<Vec<Span>>),
    /// Between fences, as it stands.
    Code(String),
}

/// A stretch of a line.
#[derive(Debug, PartialEq, Eq)]
pub enum Span {
    /// As it stands.
    Text(String),
    /// Between backticks.
    Code(String),
    /// Between double asterisks.
    Strong(String),
    /// An address of the web.
    Link(String),
    /// `@name`.
    Mention(String),
}

/// Reads a text; it takes at most `bytes` on the page, tags and all. One that consists of nearly nothing but marks would
/// take more: it is shown as it stands.
pub fn parse(text: &str, bytes: usize) -> Vec<Block> {
    let shown = Shown::block(text, bytes.saturating_sub(100));
    let blocks = blocks(&shown);
    if weight(&blocks) <= bytes || shown.is_empty() {
        return blocks;
    }
    vec![Block::Code(shown.as_str().to_owned())]
}

/// About how many bytes blocks take on the page, tags and all; never less than they do.
pub fn weight(blocks: &[Block]) -> usize {
    let line = |line: &Vec<Span>| 16 + line.iter().map(Span::weight).sum::<usize>();
    let block = |block: &Block| match block {
        Block::Paragraph(lines) => lines.iter().map(line).sum(),
        Block::List(items) => items.iter().map(line).sum(),
        Block::Code(text) => text::weight(text),
    };
    blocks.iter().map(|each| 48 + block(each)).sum()
}

impl Span {
    fn weight(&self) -> usize {
        match self {
            Self::Text(text) => text::weight(text),
            Self::Code(text) | Self::Strong(text) | Self::Mention(text) => 32 + text::weight(text),
            // The address stands in the tag too.
            Self::Link(address) => 64 + 2 * text::weight(address),
        }
    }
}

fn blocks(shown: &Shown) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = shown.as_str().lines();
    // A block ends where the next one begins; an empty line begins nothing.
    let mut is_open = false;
    while let Some(line) = lines.next() {
        let item = line.trim_start().strip_prefix("- ").or_else(|| line.trim_start().strip_prefix("* "));
        if line.trim_start().starts_with("```") {
            let code = lines.by_ref().take_while(|line| !line.trim_start().starts_with("```"));
            blocks.push(Block::Code(code.collect::<Vec<_>>().join("\n")));
            is_open = false;
        } else if line.trim().is_empty() {
            is_open = false;
        } else {
            add(&mut blocks, is_open, item.is_some(), spans(item.unwrap_or(line)));
            is_open = true;
        }
    }
    blocks
}

fn add(blocks: &mut Vec<Block>, is_open: bool, is_item: bool, line: Vec<Span>) {
    match (blocks.last_mut(), is_open, is_item) {
        (Some(Block::List(items)), true, true) => items.push(line),
        (Some(Block::Paragraph(lines)), true, false) => lines.push(line),
        (_, _, true) => blocks.push(Block::List(vec![line])),
        (_, _, false) => blocks.push(Block::Paragraph(vec![line])),
    }
}

/// Where a span may begin, what makes it, and how long it is.
type Rule = fn(&str) -> Option<(Span, usize)>;

const RULES: [Rule; 4] = [code, strong, link, mention];

fn spans(line: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut plain = String::new();
    let mut rest = line;
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        // Nothing begins inside of a word: an address in mail or `a**b` is text.
        let found = if before.is_alphanumeric() { None } else { RULES.iter().find_map(|rule| rule(rest)) };
        let length = match found {
            Some((span, length)) => {
                if !plain.is_empty() {
                    spans.push(Span::Text(std::mem::take(&mut plain)));
                }
                spans.push(span);
                length
            }
            None => {
                plain.push(c);
                c.len_utf8()
            }
        };
        (before, rest) = (c, rest.get(length..).unwrap_or_default());
    }
    if !plain.is_empty() {
        spans.push(Span::Text(plain));
    }
    spans
}

fn between<'a>(rest: &'a str, mark: &str) -> Option<&'a str> {
    let inner = rest.strip_prefix(mark)?;
    // Far marks are not looked for: a line of a thousand lone marks would cost a thousand walks to its end.
    let end = inner
        .char_indices()
        .take(500)
        .map(|(at, _)| at)
        .find(|at| inner.get(*at..).is_some_and(|tail| tail.starts_with(mark)))?;
    inner.get(..end).filter(|inner| !inner.trim().is_empty())
}

fn code(rest: &str) -> Option<(Span, usize)> {
    between(rest, "`").map(|inner| (Span::Code(inner.to_owned()), inner.len() + 2))
}

fn strong(rest: &str) -> Option<(Span, usize)> {
    between(rest, "**").map(|inner| (Span::Strong(inner.to_owned()), inner.len() + 4))
}

fn link(rest: &str) -> Option<(Span, usize)> {
    if !rest.starts_with("https://") && !rest.starts_with("http://") {
        return None;
    }
    let ends =
        |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\'' | '`' | '[' | ']' | '{' | '}');
    let end = rest.find(ends).unwrap_or(rest.len());
    let address = rest.get(..end)?.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '*', '_']);
    let host = address.split_once("://").map(|(_, host)| host).unwrap_or_default();
    (!host.is_empty()).then(|| (Span::Link(address.to_owned()), address.len()))
}

fn mention(rest: &str) -> Option<(Span, usize)> {
    let name = rest.strip_prefix('@')?;
    let end = name.find(|c: char| !(c.is_alphanumeric() || "-_.".contains(c))).unwrap_or(name.len());
    let name = name.get(..end)?.trim_end_matches('.');
    (!name.is_empty()).then(|| (Span::Mention(format!("@{name}")), name.len() + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Vec<Span> {
        match parse(text, 10_000).pop() {
            Some(Block::Paragraph(mut lines)) => lines.pop().unwrap_or_default(),
            other => panic!("not a paragraph: {other:?}"),
        }
    }

    #[test]
    fn a_line_is_read_in_spans() {
        use Span::*;
        let text = |text: &str| Text(text.to_owned());
        for (given, expect) in [
            ("plain", vec![text("plain")]),
            ("a `b*c` d", vec![text("a "), Code("b*c".into()), text(" d")]),
            ("**so** it is", vec![Strong("so".into()), text(" it is")]),
            ("lone ` and ** stay", vec![text("lone ` and ** stay")]),
            (
                "(https://a.example/x?y=1).",
                vec![text("("), Link("https://a.example/x?y=1".into()), text(").")],
            ),
            ("ask @ada.", vec![text("ask "), Mention("@ada".into()), text(".")]),
            ("mail me@home.example", vec![text("mail me@home.example")]),
            ("javascript:alert(1)", vec![text("javascript:alert(1)")]),
            ("[x](javascript:alert(1))", vec![text("[x](javascript:alert(1))")]),
            ("https://e.example/\"on=1", vec![Link("https://e.example/".into()), text("\"on=1")]),
            ("http://", vec![text("http://")]),
        ] {
            assert_eq!(line(given), expect, "{given:?}");
        }
    }

    #[test]
    fn blocks_are_told_apart() {
        let blocks = parse("one\ntwo\n\n- a\n- b\n```sh\nx <y>\n\n  z\n```\nend", 10_000);
        let text = |text: &str| vec![Span::Text(text.to_owned())];
        assert_eq!(
            blocks,
            [
                Block::Paragraph(vec![text("one"), text("two")]),
                Block::List(vec![text("a"), text("b")]),
                Block::Code("x <y>\n\n  z".to_owned()),
                Block::Paragraph(vec![text("end")]),
            ]
        );
    }

    #[test]
    fn nothing_but_marks_is_shown_as_it_stands() {
        let text = "@a ".repeat(300);
        assert_eq!(parse(&text, 1_000), [Block::Code(text.trim_end().to_owned())]);
    }

    #[test]
    fn a_fence_that_never_ends_takes_the_rest() {
        assert_eq!(parse("```\na\n\nb", 1_000), [Block::Code("a\n\nb".to_owned())]);
        assert_eq!(parse("", 100), []);
    }
}
