//! Writes URLs of our own pages. Every value is encoded, so that none can leave its place.

use serde::Deserialize;

/// Which stretch of a list a page shows.
#[derive(Deserialize)]
pub struct Stretch {
    /// Where the one before ended.
    pub cursor: Option<String>,
}

/// A path with a query, in the making.
pub struct Url {
    text: String,
    separator: char,
}

impl Url {
    /// Begins with a path of ours.
    pub fn of(path: &str) -> Self {
        Self { text: path.to_owned(), separator: '?' }
    }

    /// Adds a parameter, if there is one.
    pub fn with(mut self, name: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.text.push(self.separator);
            self.separator = '&';
            self.text.push_str(name);
            self.text.push('=');
            encode(value, &mut self.text);
        }
        self
    }

    /// The finished text.
    pub fn build(self) -> String {
        self.text
    }
}

/// `application/x-www-form-urlencoded` (WHATWG URL, section 5.2), as the browser would send the form.
fn encode(value: &str, to: &mut String) {
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => to.push(byte.into()),
            b' ' => to.push('+'),
            _ => to.push_str(&format!("%{byte:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_leave_its_place() {
        let url = Url::of("/issues").with("q", Some("a&b=c #\"<é")).with("none", None).with("s", Some("x"));
        assert_eq!(url.build(), "/issues?q=a%26b%3Dc+%23%22%3C%C3%A9&s=x");
    }
}
