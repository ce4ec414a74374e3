//! Names made of what they name, so that making one twice makes the same one: keys of events, ids of incidents, keys of
//! deliveries.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// SHA-256 over the parts, each preceded by its length, so that no two lists of parts meet.
pub fn digest(parts: &[&str]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().into()
}

/// The first half of a SHA-256 of `text` in hexadecimal: the key of an event.
pub fn key(text: &str) -> String {
    hex(Sha256::digest(text.as_bytes()).get(..16).unwrap_or_default())
}

/// The parts as a UUID. Linear takes ids from its clients only in the form of version 4, so that is the form.
pub fn uuid(parts: &[&str]) -> String {
    let digest = digest(parts);
    let half = digest.first_chunk::<16>().copied().unwrap_or_default();
    uuid::Builder::from_random_bytes(half).into_uuid().to_string()
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string does not fail.
        write!(out, "{byte:02x}").unwrap_or_default();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_depends_on_every_part_and_on_where_one_ends() {
        assert_eq!(uuid(&["a", "b"]), uuid(&["a", "b"]));
        assert_ne!(uuid(&["a", "b"]), uuid(&["ab", ""]));
        assert_ne!(uuid(&["a", "b"]), uuid(&["b", "a"]));
    }

    #[test]
    fn an_id_has_the_form_of_version_4() {
        let id = uuid(&["x"]);
        assert_eq!((id.len(), id.get(14..15)), (36, Some("4")));
        assert!("89ab".contains(id.get(19..20).unwrap()));
    }
}
