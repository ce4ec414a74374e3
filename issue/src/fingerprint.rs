//! What decides that two reports are one issue: a versioned hash over component, type, place and, where these say too
//! little, the words of the message.
//!
//! Each version is a module that never changes once it has been released; golden values in `testdata/fingerprint/`
//! hold it still. A new rule is a new version. Who decides: a caller's explicit fingerprint, then the settings'
//! grouping rules, then [`v1`].

use serde::Serialize;
use sha2::{Digest, Sha256};

pub(crate) mod clean;
pub mod v1;

/// An explicit fingerprint may hold this many items; more are not read.
const MAX_ITEMS: usize = 32;

/// Who decided a fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DecidedBy {
    /// The caller's explicit fingerprint.
    Caller,
    /// A grouping rule of the settings, by its place among them, from 0.
    Rule(usize),
    /// The built-in rules.
    Default,
}

/// SHA-256 over `parts`, each as its length in bytes (`u32`, big-endian) and its UTF-8; an absent part is the length
/// 0xFFFFFFFF alone. Written `v1:` and 64 lower-case hex digits.
pub(crate) fn hash<'p>(parts: impl IntoIterator<Item = Option<&'p str>>) -> String {
    let mut sha = Sha256::new();
    for part in parts {
        match part {
            // A report's texts are bounded far below 4 GiB.
            Some(text) => {
                sha.update(u32::try_from(text.len()).unwrap_or(u32::MAX - 1).to_be_bytes());
                sha.update(text.as_bytes());
            }
            None => sha.update(u32::MAX.to_be_bytes()),
        }
    }
    let mut digits = [0; 64];
    for (two, byte) in digits.as_chunks_mut().0.iter_mut().zip(sha.finalize()) {
        *two = [byte >> 4, byte & 15].map(|nibble| nibble + if nibble < 10 { b'0' } else { b'a' - 10 });
    }
    ["v1:", str::from_utf8(&digits).unwrap_or_default()].concat()
}

/// The fingerprint of a list that a caller or a rule gave; `{{ default }}` in it stands for `default`. One item that
/// is only that changes nothing.
pub(crate) fn explicit(items: &[String], default: &str) -> String {
    let is_default = |item: &str| {
        let inner = item.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
        inner.is_some_and(|name| name.trim() == "default")
    };
    if let [only] = items
        && is_default(only)
    {
        return default.to_owned();
    }
    let items =
        items.iter().take(MAX_ITEMS).map(|item| if is_default(item) { default } else { item.as_str() });
    hash(std::iter::once(Some("explicit")).chain(items.map(Some)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cannot_run_into_each_other() {
        assert_ne!(hash([Some("ab"), Some("c")]), hash([Some("a"), Some("bc")]));
        assert_ne!(hash([Some("")]), hash([None]));
    }

    #[test]
    fn the_default_alone_changes_nothing() {
        const DEFAULT: &str = "{{ default }}";
        assert_eq!(explicit(&[DEFAULT.into()], "v1:00"), "v1:00");
        assert_eq!(explicit(&["{{default}}".into()], "v1:00"), "v1:00");
        assert_ne!(
            explicit(&[DEFAULT.into(), "a".into()], "v1:00"),
            explicit(&[DEFAULT.into(), "b".into()], "v1:00")
        );
        assert_ne!(
            explicit(&[DEFAULT.into(), "a".into()], "v1:00"),
            explicit(&[DEFAULT.into(), "a".into()], "v1:01")
        );
    }
}
