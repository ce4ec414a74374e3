//! Names that tell a secret: of keys, headers, variables and flags, in any case and with any joiner.

/// Fragments that are searched for; [`kind_of`] then judges the whole name.
pub(super) const NEEDLES: &[&str] = &[
    "passw",
    "passphrase",
    "pwd",
    "_pass",
    "-pass",
    ".pass",
    "dbpass",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "api.key",
    "api key",
    "accesskey",
    "access_key",
    "access-key",
    "access.key",
    "access key",
    "privatekey",
    "private_key",
    "private-key",
    "authorization",
    "cookie",
    "session",
    "sessid",
    "credential",
    "accountkey",
    "account_key",
    "signingkey",
    "signing_key",
    "encryptionkey",
    "encryption_key",
    "x-auth",
    "auth_key",
    "authkey",
];

/// Ends of names, their parts joined, and the kind that is counted. The first that fits wins.
const KINDS: &[(&str, &str)] = &[
    ("clientsecret", "client_secret"),
    ("apikey", "api_key"),
    ("secretaccesskey", "access_key"),
    ("sharedaccesskey", "access_key"),
    ("accesskeyid", "access_key"),
    ("accesskey", "access_key"),
    ("accountkey", "access_key"),
    ("privatekey", "private_key"),
    ("signingkey", "secret"),
    ("encryptionkey", "secret"),
    ("secretkey", "secret"),
    ("authkey", "secret"),
    ("passwords", "password"),
    ("password", "password"),
    ("passwd", "password"),
    ("passphrase", "password"),
    ("pwd", "password"),
    ("secrets", "secret"),
    ("secret", "secret"),
    ("token", "token"),
    ("xauth", "token"),
    ("setcookie2", "cookie"),
    ("setcookie", "cookie"),
    ("cookies", "cookie"),
    ("cookie", "cookie"),
    ("proxyauthorization", "authorization"),
    ("authorization", "authorization"),
    ("sessionid", "session"),
    ("sessionkey", "session"),
    ("sessid", "session"),
    ("session", "session"),
    ("credentials", "credential"),
    ("credential", "credential"),
];

/// Parts that may follow a telling name without changing what it is: `password_hash`, `token_value`.
const TRAILERS: &[&str] = &[
    "hash",
    "value",
    "plain",
    "plaintext",
    "text",
    "str",
    "string",
    "b64",
    "base64",
    "raw",
    "encrypted",
    "1",
    "2",
];

/// The kind of secret that this name tells; `None` for other names (`max_tokens`, `token_count`, `secretary`).
pub(super) fn kind_of(name: &str) -> Option<&'static str> {
    if name.len() > 128 {
        return None;
    }
    let parts = parts(name);
    let trailed = parts.last().is_some_and(|last| TRAILERS.contains(&last.as_str()));
    let parts = parts.get(..parts.len() - usize::from(trailed && parts.len() > 1))?;
    if parts.len() > 1 && parts.last().is_some_and(|last| last == "pass") {
        return Some("password");
    }
    let joined = parts.concat();
    let known = KINDS.iter().find(|(end, _)| joined.ends_with(end) && is_whole(parts, &joined, end));
    known.map(|(_, kind)| *kind)
}

/// Whether a telling end begins where a part of the name begins, or the name is one that is written in one word
/// (`dbpassword`, `authtoken`): all but `session` and its like, which end ordinary words, too.
fn is_whole(parts: &[String], joined: &str, end: &str) -> bool {
    let start = joined.len() - end.len();
    let mut at = 0;
    let on_part = parts.iter().any(|part| {
        let begins = at == start;
        at += part.len();
        begins
    });
    on_part
        || matches!(
            end,
            "password"
                | "passwd"
                | "apikey"
                | "token"
                | "secret"
                | "accesskey"
                | "privatekey"
                | "sessid"
                | "sessionid"
                | "pwd"
        )
}

/// Lower-case parts of a name: split at joiners and where a capital follows a small letter.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut small = false;
    for c in name.chars() {
        if !c.is_alphanumeric() {
            parts.push(String::new());
            small = false;
            continue;
        }
        if c.is_uppercase() && small {
            parts.push(String::new());
        }
        small = c.is_lowercase();
        if let Some(last) = parts.last_mut() {
            last.extend(c.to_lowercase());
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Names that nobody writes before a colon in prose, unlike `token: …` or `session: …`.
pub(super) fn is_strong(kind: &str) -> bool {
    !matches!(kind, "token" | "session" | "secret" | "credential")
}
