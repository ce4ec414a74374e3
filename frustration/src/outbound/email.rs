//! A mail, RFC 5322: plain text in UTF-8, every header one line, encoded where it is not ASCII (RFC 2047), the body
//! quoted-printable (RFC 2045).

use serde::{Deserialize, Serialize};

use super::{Ticket, markup};

/// Receivers of one mail.
pub const RECEIVERS: usize = 50;

/// Bytes of an address (RFC 5321, section 4.5.3.1.3, without the angle brackets).
const ADDRESS: usize = 254;

/// Characters of a text.
const TEXT: usize = 60_000;

/// How a connection to a mail server is kept from being read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// It begins in the clear and must become TLS before anything is said (RFC 3207). Port 587.
    #[default]
    Starttls,
    /// It is TLS from the first byte (RFC 8314). Port 465.
    Implicit,
    /// It is never TLS. Port 25.
    None,
}

impl Tls {
    /// The port where none is set.
    pub fn port(self) -> u16 {
        match self {
            Self::Starttls => 587,
            Self::Implicit => 465,
            Self::None => 25,
        }
    }
}

/// Who writes to whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Target {
    /// Sender: an address alone.
    pub from: String,
    /// Receivers: addresses alone.
    pub to: Vec<String>,
}

/// Whether a text is an address alone, such as `team@example.com`: nothing that could end a header or begin another
/// address, and nothing that only few servers take.
pub fn is_address(text: &str) -> bool {
    let Some((name, host)) = text.rsplit_once('@') else { return false };
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"<>()[]\\,;:\"@".contains(&byte);
    let host_byte = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
    text.len() <= ADDRESS
        && (1..=64).contains(&name.len())
        && name.bytes().all(plain)
        && !host.is_empty()
        && host.bytes().all(host_byte)
        && !host.starts_with(['.', '-'])
        && !host.ends_with(['.', '-'])
}

/// What a mail says, before it is a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
}

impl Letter {
    /// Of a ticket: the same sections that a tracker would get.
    pub fn of(ticket: &Ticket) -> Self {
        let mut text = String::new();
        for (heading, told) in &ticket.sections {
            text.push_str(&format!("{heading}\n{told}\n\n"));
        }
        text.push_str(ticket.link.as_deref().unwrap_or_default());
        Self { subject: format!("[{}] {}", ticket.priority.name(), ticket.title), text }
    }
}

/// What stands on a mail besides what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope<'e> {
    /// Who writes to whom.
    pub target: &'e Target,
    /// RFC 5322 date.
    pub date: &'e str,
    /// The delivery's key; makes the Message-ID, so that a mail that is sent again is the same mail.
    pub key: &'e str,
    /// Which outlet sends it.
    pub outlet: &'e str,
}

/// The whole message with CRLF; `None` where something holds what no header may.
pub fn message(letter: &Letter, envelope: &Envelope) -> Option<String> {
    let Envelope { target: Target { from, to }, date, key, outlet } = envelope;
    let fine =
        |text: &str| !text.is_empty() && text.len() <= 120 && text.bytes().all(|b| (0x20..0x7f).contains(&b));
    let addresses = is_address(from) && to.iter().all(|to| is_address(to));
    if !addresses || !(1..=RECEIVERS).contains(&to.len()) || ![date, key, outlet].into_iter().all(|t| fine(t))
    {
        return None;
    }
    let host = from.rsplit_once('@').map_or("issuetracker", |(_, host)| host);
    let headers = [
        ("From", (*from).to_owned()),
        // One a line: a line of a message has at most 998 characters.
        ("To", to.join(",\r\n ")),
        ("Date", (*date).to_owned()),
        ("Subject", encoded_words(&markup::line(&letter.subject, 200))),
        ("Message-ID", format!("<{key}@{host}>")),
        // RFC 3834: nobody's absence answers it.
        ("Auto-Submitted", "auto-generated".to_owned()),
        ("X-Issuetracker-Outlet", (*outlet).to_owned()),
        ("MIME-Version", "1.0".to_owned()),
        ("Content-Type", "text/plain; charset=utf-8".to_owned()),
        ("Content-Transfer-Encoding", "quoted-printable".to_owned()),
    ];
    let mut out: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    out.push_str("\r\n");
    out.push_str(&quoted_printable(&markup::cut(&letter.text, TEXT)));
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
