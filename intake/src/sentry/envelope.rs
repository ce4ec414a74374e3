//! The envelope: a header line, then items of a header line and a payload each.

use serde_json::{Map, Value};

use crate::problem::{Fault, Problem};

/// Items of one envelope; SDKs send a handful.
const MAX_ITEMS: usize = 200;

/// What of an envelope is for us.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Envelope<'b> {
    /// Payloads of the items of type `event`: JSON, not read yet.
    pub events: Vec<&'b [u8]>,
    /// How many items were of another type: sessions, transactions, attachments.
    pub ignored: usize,
}

/// Takes an envelope apart without reading the payloads.
pub fn split(body: &[u8]) -> Result<Envelope<'_>, Problem> {
    let (header, mut rest) = line(body);
    header_of(header, "envelope")?;
    let mut envelope = Envelope::default();
    while !rest.is_empty() {
        let (header, after) = line(rest);
        if header.trim_ascii().is_empty() {
            rest = after;
            continue;
        }
        if envelope.events.len() + envelope.ignored == MAX_ITEMS {
            return Err(malformed(format!("the envelope has more than {MAX_ITEMS} items")));
        }
        let header = header_of(header, "item")?;
        let payload;
        (payload, rest) = payload_of(after, header.get("length"))?;
        match header.get("type").and_then(Value::as_str) {
            Some("event") => envelope.events.push(payload),
            _ => envelope.ignored += 1,
        }
    }
    Ok(envelope)
}

fn header_of(line: &[u8], whose: &str) -> Result<Map<String, Value>, Problem> {
    serde_json::from_slice(line)
        .map_err(|error| malformed(format!("the {whose} header is no JSON object: {error}")))
}

/// The payload of `length` bytes, or where none is told up to the line's end; and what follows it.
fn payload_of<'b>(body: &'b [u8], length: Option<&Value>) -> Result<(&'b [u8], &'b [u8]), Problem> {
    let Some(length) = length else { return Ok(line(body)) };
    let length = length.as_u64().and_then(|length| usize::try_from(length).ok());
    let Some((payload, rest)) = length.and_then(|length| body.split_at_checked(length)) else {
        return Err(malformed("an item is longer than the envelope".to_owned()));
    };
    Ok((payload, rest.strip_prefix(b"\n").unwrap_or(rest)))
}

/// Up to the first line feed, and what follows it.
fn line(body: &[u8]) -> (&[u8], &[u8]) {
    match body.iter().position(|byte| *byte == b'\n') {
        Some(end) => (body.get(..end).unwrap_or_default(), body.get(end + 1..).unwrap_or_default()),
        None => (body, &[]),
    }
}

fn malformed(detail: String) -> Problem {
    Problem::new(Fault::Malformed, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_told_apart_by_length_or_line() {
        for (body, events, ignored) in [
            ("{}\n", vec![], 0),
            ("{}", vec![], 0),
            ("{\"event_id\":\"1\"}\n{\"type\":\"event\",\"length\":4}\n{\n}\n\n", vec!["{\n}\n"], 0),
            ("{}\n{\"type\":\"event\"}\n{\"a\":1}\n{\"type\":\"session\"}\n{}", vec!["{\"a\":1}"], 1),
            (
                "{}\n{\"type\":\"event\",\"length\":2}\n{}{\"type\":\"event\",\"length\":2}\n{}",
                vec!["{}", "{}"],
                0,
            ),
            ("{}\n{\"type\":\"attachment\",\"length\":3}\n\n\n\n{\"type\":\"event\"}\n{}\n", vec!["{}"], 1),
            ("{}\r\n{\"type\":\"event\"}\r\n{}\r\n", vec!["{}\r"], 0),
            ("{}\n{}\n{}\n", vec![], 1),
        ] {
            let envelope = split(body.as_bytes()).expect(body);
            let found: Vec<_> =
                envelope.events.iter().map(|e| std::str::from_utf8(e).expect("text")).collect();
            assert_eq!((found, envelope.ignored), (events, ignored), "{body}");
        }
    }

    #[test]
    fn what_is_no_envelope_is_refused() {
        for body in [
            "",
            "hello",
            "[]\n",
            "{}\nhello\n",
            "{}\n{\"type\":\"event\",\"length\":9}\n{}",
            "{}\n{\"type\":\"event\",\"length\":-1}\n{}",
            "{}\n{\"type\":\"event\",\"length\":18446744073709551615}\n{}",
            &("{}\n".to_owned() + &"{\"type\":\"x\"}\n{}\n".repeat(MAX_ITEMS + 1)),
        ] {
            assert_eq!(split(body.as_bytes()).expect_err(body).fault, Fault::Malformed);
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_survived(body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            let body = [b"{}\n{\"type\":\"event\"}\n".as_slice(), &body].concat();
            proptest::prop_assert!(split(&body).map_or(true, |envelope| envelope.events.len() <= MAX_ITEMS));
        }
    }
}
