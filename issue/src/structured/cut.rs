//! JSON lines that were cut on their way: what is there is closed, so that level and message can still be read.

use serde_json::Value;

/// Objects and lists inside each other, beyond which a line is given up.
const DEPTH: usize = 64;

/// A cut line as the value that its front tells: first with all of it, a string closed where it was cut; if that is
/// no JSON (it ends inside a key, a number or an escape), up to the last whole member.
pub fn completed(line: &str) -> Option<Value> {
    let mut seen = Seen::default();
    for (at, byte) in line.bytes().enumerate() {
        seen.byte(at, byte)?;
    }
    let quote = if seen.in_string { "\"" } else { "" };
    let text = line.get(..seen.whole.unwrap_or(line.len())).unwrap_or(line);
    let all = format!("{text}{quote}{}", seen.closers(seen.open.len()));
    let front = |(end, depth)| {
        let front = format!("{}{}", line.get(..end)?, seen.closers(depth));
        serde_json::from_str(&front).ok()
    };
    let value: Value = serde_json::from_str(&all).ok().or_else(|| seen.member.and_then(front))?;
    value.as_object().is_some_and(|object| !object.is_empty()).then_some(value)
}

/// Where the reading of a line stands.
#[derive(Default)]
struct Seen {
    /// What closes each object or list that is open.
    open: Vec<u8>,
    in_string: bool,
    /// Offset of the escape that is not over yet.
    whole: Option<usize>,
    /// Bytes of the escape still to come.
    escape: usize,
    /// Offset of the last comma between members of the outermost object or deeper, and how deep it stands.
    member: Option<(usize, usize)>,
}

impl Seen {
    /// One byte. `None`: the line is no object.
    fn byte(&mut self, at: usize, byte: u8) -> Option<()> {
        if self.in_string {
            self.string_byte(at, byte);
            return Some(());
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' if self.open.len() < DEPTH => self.open.push(if byte == b'{' { b'}' } else { b']' }),
            b'}' | b']' if self.open.pop() == Some(byte) && !self.open.is_empty() => {}
            b',' => self.member = Some((at, self.open.len())),
            b'{' | b'[' | b'}' | b']' => return None,
            _ => {}
        }
        Some(())
    }

    fn string_byte(&mut self, at: usize, byte: u8) {
        if self.escape > 0 {
            self.escape = if byte == b'u' && self.escape == 1 && self.whole == at.checked_sub(1) {
                4
            } else {
                self.escape - 1
            };
            if self.escape == 0 {
                self.whole = None;
            }
        } else if byte == b'\\' {
            (self.escape, self.whole) = (1, Some(at));
        } else if byte == b'"' {
            self.in_string = false;
        }
    }

    fn closers(&self, depth: usize) -> String {
        self.open.iter().take(depth).rev().map(|closer| char::from(*closer)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_was_cut_tells_what_its_front_holds() {
        let line = r#"{"level":"error","msg":"it \"failed\" é\u00e9","tags":["a","b"],"err":{"stack":"Error: x\n    at f"}}"#;
        let whole: Value = serde_json::from_str(line).unwrap();
        for end in 20..line.len() - 1 {
            let Some(front) = line.get(..end) else { continue };
            let value = completed(front).unwrap();
            assert_eq!(value["level"], "error", "{front}");
            let message = value["msg"].as_str().unwrap_or_default();
            assert!(whole["msg"].as_str().unwrap().starts_with(message), "{front}: {message}");
        }
    }

    #[test]
    fn what_is_no_object_is_nothing() {
        for line in ["", "{", "{}", "{]", "[1,2", "{\"a", "{\"a\":1}}", "{\"level\":\"error\"} tail, more"] {
            assert_eq!(completed(line), None, "{line}");
        }
    }
}
