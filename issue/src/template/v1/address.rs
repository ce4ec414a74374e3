//! Things with an address: e-mail, URL, host, IP, MAC, UUID, trace-parent.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{
    bytes::{at, is_hex, is_letter, is_word, run, run_at_most, starts},
    vocabulary::{HOST_ENDINGS, HOST_ENDINGS_OF_THREE, REVERSED_DOMAINS},
};

/// Whether these bytes are a UUID: 8-4-4-4-12 hexadecimal digits.
pub(super) fn is_uuid(word: &[u8]) -> bool {
    is_hex_groups(word, &[8, 4, 4, 4, 12])
}

/// Whether these bytes are a W3C trace-parent: version, trace id, parent id, flags.
pub(super) fn is_trace(word: &[u8]) -> bool {
    is_hex_groups(word, &[2, 32, 16, 2])
}

fn is_hex_groups(word: &[u8], lengths: &[usize]) -> bool {
    let total = lengths.iter().sum::<usize>() + lengths.len() - 1;
    word.len() == total
        && word.split(|&byte| byte == b'-').map(<[u8]>::len).eq(lengths.iter().copied())
        && word.iter().all(|&byte| byte == b'-' || is_hex(byte))
}

/// End of a MAC address: six pairs of hexadecimal digits, all joined by `:` or all by `-`.
pub(super) fn mac(bytes: &[u8], start: usize) -> Option<usize> {
    let joiner = at(bytes, start + 2);
    if !matches!(joiner, b':' | b'-') {
        return None;
    }
    let part = bytes.get(start..start + 17)?;
    let fits = |(index, &byte): (usize, &u8)| if index % 3 == 2 { byte == joiner } else { is_hex(byte) };
    let ends = !is_word(at(bytes, start + 17)) && at(bytes, start + 17) != joiner;
    (ends && part.iter().enumerate().all(fits)).then_some(start + 17)
}

/// End of an IPv4 address, with its port or prefix length.
pub(super) fn ipv4(bytes: &[u8], start: usize) -> Option<usize> {
    let end = run_at_most(bytes, start, 16, |byte| byte.is_ascii_digit() || byte == b'.');
    let end = if at(bytes, end - 1) == b'.' { end - 1 } else { end };
    if is_word(at(bytes, end)) {
        return None;
    }
    std::str::from_utf8(bytes.get(start..end)?).ok()?.parse::<Ipv4Addr>().ok()?;
    Some(after_port(bytes, end, b"/"))
}

/// End of an IPv6 address, verified by a parser and holding a digit: `dead::beef` is more likely a path in a program.
pub(super) fn ipv6(bytes: &[u8], start: usize) -> Option<usize> {
    let mut end = run_at_most(bytes, start, 46, |byte| is_hex(byte) || matches!(byte, b':' | b'.'));
    while end > start
        && (at(bytes, end - 1) == b'.'
            || (at(bytes, end - 1) == b':' && at(bytes, end.wrapping_sub(2)) != b':'))
    {
        end -= 1;
    }
    let text = bytes.get(start..end)?;
    let plausible = !is_word(at(bytes, end)) && text.iter().any(u8::is_ascii_digit);
    if !plausible || text.iter().filter(|&&byte| byte == b':').count() < 2 {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse::<Ipv6Addr>().ok()?;
    let zone = run_at_most(bytes, end + 1, 16, is_word);
    Some(if at(bytes, end) == b'%' && zone > end + 1 { zone } else { after_port(bytes, end, b"/") })
}

/// End of `[::1]:8080`, the bracket being at `start`.
pub(super) fn bracketed_ipv6(bytes: &[u8], start: usize) -> Option<usize> {
    // Every address has no digit: `[::]:8080`.
    let end = if starts(bytes, start + 1, "::]") { start + 3 } else { ipv6(bytes, start + 1)? };
    (at(bytes, end) == b']').then(|| after_port(bytes, end + 1, b""))
}

/// Past `:8080`, or past `/24` where a slash is among `more`.
pub(super) fn after_port(bytes: &[u8], end: usize, more: &[u8]) -> usize {
    let separator = at(bytes, end);
    let digits = run_at_most(bytes, end + 1, 6, |byte| byte.is_ascii_digit());
    let taken =
        (separator == b':' || more.contains(&separator)) && digits > end + 1 && !is_word(at(bytes, digits));
    if taken { digits } else { end }
}

/// End of the URL whose scheme ends at `scheme_end`, where `://` stands.
pub(super) fn url(bytes: &[u8], scheme_end: usize) -> Option<usize> {
    if !starts(bytes, scheme_end, "://") {
        return None;
    }
    let start = scheme_end + 3;
    let mut end = run(bytes, start, |byte| {
        byte > b' ' && !matches!(byte, b'"' | b'\'' | b'<' | b'>' | b'`' | b'|' | 0x7f)
    });
    while end > start
        && matches!(at(bytes, end - 1), b'.' | b',' | b';' | b':' | b'!' | b'?' | b')' | b']' | b'}' | b'*')
    {
        end -= 1;
    }
    (end > start).then_some(end)
}

/// End of the e-mail address whose local part ends at `sign`, where `@` stands: a domain of two labels or more.
pub(super) fn email(bytes: &[u8], sign: usize) -> Option<usize> {
    let domain = sign + 1;
    let mut end =
        run_at_most(bytes, domain, 255, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
    while end > domain && matches!(at(bytes, end - 1), b'.' | b'-') {
        end -= 1;
    }
    let text = bytes.get(domain..end)?;
    let last = text.rsplit(|&byte| byte == b'.').next()?;
    let dotted = text.contains(&b'.') && last.len() >= 2 && last.iter().all(u8::is_ascii_alphabetic);
    (dotted || text.eq_ignore_ascii_case(b"localhost")).then_some(end)
}

/// Whether this word is a host name; `port` tells that `:` and digits follow.
pub(super) fn is_host(word: &str, port: bool) -> bool {
    if word.eq_ignore_ascii_case("localhost") {
        return true;
    }
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    let Some((_, last)) = word.rsplit_once('.') else { return false };
    if !word.split('.').all(label) || !last.bytes().all(is_letter) {
        return false;
    }
    let reversed = word.split('.').next().is_some_and(|first| REVERSED_DOMAINS.contains(&first));
    let labels = word.split('.').count();
    if HOST_ENDINGS.contains(&last) {
        return !reversed || labels == 2;
    }
    port || (labels > 2 && !reversed && HOST_ENDINGS_OF_THREE.contains(&last))
}

/// End of `@1a2b3c`, the identity that a runtime prints after a class name; `sign` is where `@` stands.
pub(super) fn identity(bytes: &[u8], sign: usize) -> Option<usize> {
    let end = run_at_most(bytes, sign + 1, 17, is_hex);
    let fits = (4..=16).contains(&(end - sign - 1)) && !is_word(at(bytes, end));
    fits.then_some(end)
}
