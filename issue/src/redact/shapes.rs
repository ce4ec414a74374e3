//! Secrets that give themselves away by their form: what a provider prefixes, tokens, key blocks, URLs with a password.

use super::{Cut, MARK};

/// Looks at the needle at `start..end` of the text and says what to cut.
pub(super) type Recogniser = fn(&str, usize, usize) -> Option<Cut<'static>>;

/// What announces a form, and who judges it.
pub(super) const TABLE: &[(&str, Recogniser)] = &[
    ("bearer ", bearer),
    ("basic ", basic),
    ("eyJ", jwt),
    ("curl ", curl_user),
    ("PRIVATE KEY", key_block),
    ("://", url_password),
    (":\\/\\/", url_password),
    ("%3A%2F%2F", url_password),
    ("AKIA", aws),
    ("ASIA", aws),
    ("ABIA", aws),
    ("ACCA", aws),
    ("AIza", |text, start, _| prefixed(text, start, 4, 35, is_base64url, "google_key")),
    ("ya29.", |text, start, _| prefixed(text, start, 5, 20, is_base64url, "google_token")),
    ("GOCSPX-", |text, start, _| prefixed(text, start, 7, 20, is_base64url, "google_key")),
    ("sig=", azure_signature),
    ("Q~", azure_secret),
    ("ghp_", github),
    ("gho_", github),
    ("ghu_", github),
    ("ghs_", github),
    ("ghr_", github),
    ("github_pat_", |text, start, _| prefixed(text, start, 11, 22, is_base64url, "github_token")),
    ("glpat-", |text, start, _| prefixed(text, start, 6, 20, is_base64url, "gitlab_token")),
    ("xoxa-", slack),
    ("xoxb-", slack),
    ("xoxe-", slack),
    ("xoxe.", slack),
    ("xoxo-", slack),
    ("xoxp-", slack),
    ("xoxr-", slack),
    ("xoxs-", slack),
    ("xapp-", slack),
    ("hooks.slack.com/services/", slack_hook),
    ("sk_live_", stripe),
    ("sk_test_", stripe),
    ("rk_live_", stripe),
    ("rk_test_", stripe),
    ("pk_live_", stripe),
    ("whsec_", |text, start, _| prefixed(text, start, 6, 20, is_base64, "stripe_key")),
    ("npm_", |text, start, _| prefixed(text, start, 4, 36, |byte| byte.is_ascii_alphanumeric(), "npm_token")),
    ("pypi-AgE", |text, start, _| prefixed(text, start, 8, 40, is_base64url, "pypi_token")),
    ("SG.", sendgrid),
    ("sk-", openai),
    ("hvs.", |text, start, _| prefixed(text, start, 4, 20, is_base64url, "vault_token")),
    ("dop_v1_", |text, start, _| {
        prefixed(text, start, 7, 40, |byte| byte.is_ascii_hexdigit(), "digitalocean_token")
    }),
    ("shpat_", |text, start, _| {
        prefixed(text, start, 6, 32, |byte| byte.is_ascii_hexdigit(), "shopify_token")
    }),
    ("dckr_pat_", |text, start, _| prefixed(text, start, 9, 20, is_base64url, "docker_token")),
    ("hf_", |text, start, _| {
        prefixed(text, start, 3, 30, |byte| byte.is_ascii_alphanumeric(), "huggingface_token")
    }),
    ("AGE-SECRET-KEY-1", |text, start, _| {
        prefixed(text, start, 16, 40, |byte| byte.is_ascii_alphanumeric(), "age_key")
    }),
];

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// RFC 6750, section 2.1.
fn is_token68(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
}

fn run(bytes: &[u8], from: usize, wanted: impl Fn(u8) -> bool) -> usize {
    from + bytes.get(from..).unwrap_or_default().iter().take_while(|&&byte| wanted(byte)).count()
}

/// Whether nothing of a longer word stands before `start`. In a C-style escape (`\nAKIA…`) the letter belongs to it.
fn begins(bytes: &[u8], start: usize) -> bool {
    match start.checked_sub(1).and_then(|before| bytes.get(before)) {
        Some(byte) if byte.is_ascii_alphanumeric() || *byte == b'_' => {
            start >= 2 && bytes.get(start - 2) == Some(&b'\\')
        }
        _ => true,
    }
}

/// A prefix as its owner writes it, and at least `least` bytes of its alphabet after it.
fn prefixed(
    text: &str,
    start: usize,
    prefix: usize,
    least: usize,
    wanted: fn(u8) -> bool,
    kind: &'static str,
) -> Option<Cut<'static>> {
    let bytes = text.as_bytes();
    if !begins_run(bytes, start, wanted) {
        return None;
    }
    let end = run(bytes, start + prefix, wanted);
    (end - start - prefix >= least).then(|| Cut::new(start, end, kind))
}

/// As [`begins`], and no byte of the same run stands before: so that a run is walked through once, however many
/// needles it holds.
fn begins_run(bytes: &[u8], start: usize, wanted: impl Fn(u8) -> bool) -> bool {
    let before = start.checked_sub(1).and_then(|before| bytes.get(before));
    let escape = start >= 2 && bytes.get(start - 2) == Some(&b'\\');
    begins(bytes, start) && (escape || !before.is_some_and(|&byte| wanted(byte)))
}

fn exact_case(text: &str, start: usize, prefix: &str) -> bool {
    text.get(start..).is_some_and(|rest| rest.starts_with(prefix))
}

fn bearer(text: &str, start: usize, end: usize) -> Option<Cut<'static>> {
    let value = run(text.as_bytes(), end, |byte| byte == b' ');
    let value_end = run(text.as_bytes(), value, is_token68);
    let token = text.get(value..value_end)?.trim_end_matches('.');
    let digit = token.bytes().any(|byte| byte.is_ascii_digit());
    let secret = (token.len() >= 8 && digit) || token.len() >= 20;
    (begins(text.as_bytes(), start) && secret).then(|| Cut::new(value, value + token.len(), "bearer"))
}

/// `Basic` and base64 of `user:password` (RFC 7617): it is decoded to be told from a word.
fn basic(text: &str, start: usize, end: usize) -> Option<Cut<'static>> {
    let value_end = run(text.as_bytes(), end, is_base64);
    let token = text.get(end..value_end)?;
    let decoded = decode_base64(token.as_bytes())?;
    let pair = decoded.contains(&b':') && decoded.iter().all(|byte| (b' '..0x7f).contains(byte));
    (token.len() >= 6 && pair && begins(text.as_bytes(), start)).then(|| Cut::new(end, value_end, "basic"))
}

/// At most 1,024 bytes of base64, padding optional.
fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let (mut bits, mut held) = (0u32, 0);
    for &byte in text.iter().take(1024).filter(|&&byte| byte != b'=') {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xFF_FFFF;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held & 0xFF) as u8);
        }
    }
    Some(out)
}

/// RFC 7519: three parts in base64url, the first an object.
fn jwt(text: &str, start: usize, _: usize) -> Option<Cut<'static>> {
    let bytes = text.as_bytes();
    if !exact_case(text, start, "eyJ") || !begins_run(bytes, start, is_base64url) {
        return None;
    }
    let header = run(bytes, start, is_base64url);
    if bytes.get(header) != Some(&b'.') {
        return None;
    }
    let payload = run(bytes, header + 1, is_base64url);
    if header - start < 10 || payload - header <= 4 {
        return None;
    }
    let mut end = payload;
    while bytes.get(end) == Some(&b'.') && run(bytes, end + 1, is_base64url) > end + 1 {
        end = run(bytes, end + 1, is_base64url);
    }
    Some(Cut::new(start, end, "jwt"))
}

/// A PEM block with a private key (RFC 7468), its lines as they are or escaped; one that is cut off ends with the last
/// line that looks like it.
fn key_block(text: &str, start: usize, end: usize) -> Option<Cut<'static>> {
    /// A key of 16,384 bits fits.
    const MAX: usize = 16 * 1024;
    let before = text.get(text.floor_char_boundary(start.saturating_sub(40))..start)?;
    let line = start - before.len() + before.rfind("-----BEGIN ")?;
    let body = end + window(text, end, 16).find("-----")? + 5;
    let rest = window(text, body, MAX);
    // The next dashes either end this block, or it was cut off.
    let block_end = match rest
        .find("-----")
        .filter(|&dashes| rest.get(dashes..).is_some_and(|tail| tail.starts_with("-----END ")))
    {
        Some(tail) => {
            let after = body + tail + 9;
            let close = window(text, after, 48).find("-----");
            close.map_or(after, |dashes| after + dashes + 5)
        }
        None => body + truncated_body(rest),
    };
    Some(Cut::new(line, block_end, "private_key"))
}

/// At most `max` bytes of text from `from` on.
fn window(text: &str, from: usize, max: usize) -> &str {
    text.get(from..text.floor_char_boundary(from.saturating_add(max))).unwrap_or_default()
}

fn truncated_body(rest: &str) -> usize {
    let is_body =
        |line: &str| line.trim().bytes().all(|byte| is_base64(byte) || byte == b'\\') || line.contains(": ");
    rest.split_inclusive('\n').take_while(|line| is_body(line)).map(str::len).sum()
}

/// `curl -u name:password`.
fn curl_user(text: &str, _: usize, end: usize) -> Option<Cut<'static>> {
    const MAX: usize = 512;
    let window = text.get(end..).and_then(|rest| rest.lines().next())?;
    let (at, flag) = ["-u ", "--user "]
        .iter()
        .find_map(|flag| window.find(flag).map(|at| (at, flag)))
        .filter(|(at, _)| *at < MAX)?;
    let begins = at == 0 || window.as_bytes().get(at - 1) == Some(&b' ');
    let from = at + flag.len();
    let named = window.get(from..)?.split([' ', '\'', '"']).find(|word| !word.is_empty())?;
    let start = end + from + window.get(from..)?.find(named)? + named.find(':')? + 1;
    let close = end + from + window.get(from..)?.find(named)? + named.len();
    let secret = text.get(start..close)?;
    (begins && !secret.is_empty() && !secret.starts_with(MARK)).then(|| Cut::new(start, close, "password"))
}

/// `scheme://user:password@host` (RFC 3986, section 3.2.1). The password may hold what ought to be escaped, but a port
/// and a path with an `@` in it are none.
fn url_password(text: &str, _: usize, end: usize) -> Option<Cut<'static>> {
    const MAX: usize = 512;
    let bytes = text.as_bytes();
    let window = bytes.get(end..bytes.len().min(end + MAX))?;
    let stops = |byte: &u8| *byte <= b' ' || matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>' | b'|' | b'\\');
    let delimits = |byte: &u8| stops(byte) || matches!(byte, b'/' | b'?' | b'#');
    let colon = window.iter().position(|byte| delimits(byte) || matches!(byte, b':' | b'@' | b'['))?;
    if window.get(colon) != Some(&b':') {
        return None;
    }
    let rest = window.get(colon + 1..)?;
    let authority = rest.iter().position(delimits).unwrap_or(rest.len());
    let sign = match rest.get(..authority)?.iter().rposition(|&byte| byte == b'@') {
        Some(sign) => sign,
        None if rest.get(..authority)?.iter().all(u8::is_ascii_digit) => return None,
        None => rest
            .iter()
            .position(|byte| *byte == b'@' || stops(byte))
            .filter(|&sign| rest.get(sign) == Some(&b'@'))?,
    };
    let sign = colon + 1 + sign;
    let password = text.get(end + colon + 1..end + sign)?;
    (!password.is_empty() && !password.starts_with(MARK))
        .then(|| Cut::new(end + colon + 1, end + sign, "url_password"))
}

fn aws(text: &str, start: usize, end: usize) -> Option<Cut<'static>> {
    let window = text.as_bytes().get(..text.len().min(start + 21))?;
    let value_end = run(window, end, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let fits = begins(text.as_bytes(), start)
        && value_end - start == 20
        && text.get(start..end)?.bytes().all(|byte| byte.is_ascii_uppercase());
    fits.then(|| Cut::new(start, value_end, "aws_key"))
}

/// The signature of a shared access signature.
fn azure_signature(text: &str, start: usize, end: usize) -> Option<Cut<'static>> {
    let wanted = |byte| is_base64url(byte) || matches!(byte, b'%' | b'+' | b'/' | b'=');
    if !begins_run(text.as_bytes(), start, wanted) {
        return None;
    }
    let value_end = run(text.as_bytes(), end, wanted);
    (value_end - end >= 20).then(|| Cut::new(end, value_end, "azure_key"))
}

/// A client secret of Entra: three characters, a digit, `Q~`, 31 to 34 more.
pub(super) fn azure_secret(text: &str, start: usize, end: usize) -> Option<Cut<'static>> {
    let bytes = text.as_bytes();
    let begin = start.checked_sub(4)?;
    let value_end = bytes.len().min(end + 35);
    let value_end = value_end.min(run(bytes.get(..value_end)?, end, goes_on_in_azure_secret));
    let head = bytes.get(begin..start)?;
    let fits =
        head.last().is_some_and(u8::is_ascii_digit) && head.iter().all(|&byte| goes_on_in_azure_secret(byte));
    (fits && (31..=34).contains(&(value_end - end))).then(|| Cut::new(begin, value_end, "azure_key"))
}

/// The alphabet of such a secret.
pub(super) fn goes_on_in_azure_secret(byte: u8) -> bool {
    is_base64url(byte) || matches!(byte, b'.' | b'~')
}

fn github(text: &str, start: usize, _: usize) -> Option<Cut<'static>> {
    prefixed(text, start, 4, 30, |byte| byte.is_ascii_alphanumeric(), "github_token")
}

fn slack(text: &str, start: usize, _: usize) -> Option<Cut<'static>> {
    prefixed(
        text,
        start,
        5,
        10,
        |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'),
        "slack_token",
    )
}

fn slack_hook(text: &str, _: usize, end: usize) -> Option<Cut<'static>> {
    let value_end = run(text.as_bytes(), end, |byte| byte.is_ascii_alphanumeric() || byte == b'/');
    (value_end - end >= 20).then(|| Cut::new(end, value_end, "slack_token"))
}

fn stripe(text: &str, start: usize, _: usize) -> Option<Cut<'static>> {
    prefixed(text, start, 8, 10, |byte| byte.is_ascii_alphanumeric(), "stripe_key")
}

fn sendgrid(text: &str, start: usize, end: usize) -> Option<Cut<'static>> {
    let bytes = text.as_bytes();
    if !exact_case(text, start, "SG.") || !begins(bytes, start) {
        return None;
    }
    let id = run(bytes, end, is_base64url);
    if bytes.get(id) != Some(&b'.') {
        return None;
    }
    let secret = run(bytes, id + 1, is_base64url);
    (id - end >= 16 && secret - id > 30).then(|| Cut::new(start, secret, "sendgrid_key"))
}

/// `sk-…`: also of others that took the prefix over. Words with a dash are shorter or hold no digit.
fn openai(text: &str, start: usize, end: usize) -> Option<Cut<'static>> {
    if !begins_run(text.as_bytes(), start, is_base64url) {
        return None;
    }
    let value_end = run(text.as_bytes(), end, is_base64url);
    let key = text.get(end..value_end)?;
    let mixed =
        key.bytes().any(|byte| byte.is_ascii_digit()) && key.bytes().any(|byte| byte.is_ascii_uppercase());
    (key.len() >= 20 && mixed && exact_case(text, start, "sk-"))
        .then(|| Cut::new(start, value_end, "api_key"))
}
