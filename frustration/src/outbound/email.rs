//! A mail, RFC 5322: plain text in UTF-8, every header one line, encoded where it is not ASCII (RFC 2047), the body
//! quoted-printable (RFC 2045).

use super::{Ticket, markup};

/// Who writes to whom. Addresses are the settings' and are refused where they could add a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope<'e> {
    /// Sender.
    pub from: &'e str,
    /// Receiver.
    pub to: &'e str,
    /// RFC 5322 date.
    pub date: &'e str,
    /// The delivery's key; makes the Message-ID, so that a mail that is sent again is the same mail.
    pub key: &'e str,
}

/// The whole message with CRLF; `None` where an address holds what none may.
pub fn message(ticket: &Ticket, envelope: &Envelope) -> Option<String> {
    let fine =
        |text: &str| !text.is_empty() && text.len() <= 320 && text.bytes().all(|b| (0x20..0x7f).contains(&b));
    let Envelope { from, to, date, key } = envelope;
    if ![from, to, date, key].into_iter().all(|text| fine(text)) {
        return None;
    }
    let subject = format!("[{}] {}", ticket.priority.name(), ticket.title);
    let mut body = String::new();
    for (heading, text) in &ticket.sections {
        body.push_str(&format!("{heading}\n{text}\n\n"));
    }
    body.push_str(ticket.link.as_deref().unwrap_or_default());
    let headers = [
        ("From", (*from).to_owned()),
        ("To", (*to).to_owned()),
        ("Date", (*date).to_owned()),
        ("Subject", encoded_words(&markup::line(&subject, 200))),
        ("Message-ID", format!("<{key}@issuetracker>")),
        ("Auto-Submitted", "auto-generated".to_owned()),
        ("MIME-Version", "1.0".to_owned()),
        ("Content-Type", "text/plain; charset=utf-8".to_owned()),
        ("Content-Transfer-Encoding", "quoted-printable".to_owned()),
    ];
    let mut out: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    out.push_str("\r\n");
    out.push_str(&quoted_printable(&body));
    Some(out)
}

/// ASCII as it is, else words of at most 75 characters, none of which splits a character.
fn encoded_words(text: &str) -> String {
    if text.is_ascii() && text.len() <= 200 && !text.contains("=?") {
        return text.to_owned();
    }
    let mut words: Vec<String> = vec![String::new()];
    for c in text.chars() {
        let mut buffer = [0; 4];
        let bytes = c.encode_utf8(&mut buffer).as_bytes();
        let plain = c.is_ascii_alphanumeric();
        let encoded: String = match plain {
            true => c.to_string(),
            false => bytes.iter().map(|byte| format!("={byte:02X}")).collect(),
        };
        if words.last().is_some_and(|word| word.len() + encoded.len() > 60) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.push_str(&encoded);
        }
    }
    words.iter().map(|word| format!("=?UTF-8?Q?{word}?=")).collect::<Vec<_>>().join("\r\n ")
}

/// Lines of at most 76 characters; a line that is a dot alone is encoded, too, because SMTP ends with it.
fn quoted_printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for line in text.lines() {
        let mut width = 0;
        let last = line.len().saturating_sub(1);
        for (at, byte) in line.bytes().enumerate() {
            let plain = match byte {
                b'=' => false,
                b'.' => width > 0,
                b' ' | b'\t' => at < last,
                byte => byte.is_ascii_graphic(),
            };
            let piece = if plain { char::from(byte).to_string() } else { format!("={byte:02X}") };
            if width + piece.len() > 75 {
                out.push_str("=\r\n");
                width = 0;
            }
            width += piece.len();
            out.push_str(&piece);
        }
        out.push_str("\r\n");
    }
    out
}
