//! Looking up what stands in an object under one of about a hundred paths. An object has few members: their number,
//! lengths and whether any is an object again tell of most paths that nothing stands there.

use serde_json::{Map, Value};

/// An object and what its keys have in common.
pub(super) struct Object<'a> {
    members: &'a Map<String, Value>,
    /// One bit for each length of a key; the last is for all that are longer.
    lengths: u32,
    /// Whether any member is an object.
    nested: bool,
}

/// In an object of no more members, comparing lengths costs less than hashing each path.
const FEW: usize = 24;

fn bit(key: &str) -> u32 {
    1 << key.len().min(31)
}

impl<'a> Object<'a> {
    /// An object to look into.
    pub(super) fn new(members: &'a Map<String, Value>) -> Self {
        Self {
            members,
            lengths: members.keys().fold(0, |lengths, key| lengths | bit(key)),
            nested: members.values().any(Value::is_object),
        }
    }

    /// What stands at a path, which is one key with dots or leads through objects.
    pub(super) fn at(&self, path: &str) -> Option<&'a Value> {
        self.member(path).or_else(|| {
            let (first, rest) = self.nested.then(|| path.split_once('.')).flatten()?;
            Object::new(self.member(first)?.as_object()?).at(rest)
        })
    }

    /// The first text that is not blank at one of some paths.
    pub(super) fn text(&self, paths: &[&str]) -> Option<&'a str> {
        paths.iter().find_map(|path| self.at(path)?.as_str().filter(|text| !text.trim().is_empty()))
    }

    /// A member.
    pub(super) fn member(&self, key: &str) -> Option<&'a Value> {
        if self.lengths & bit(key) == 0 {
            return None;
        }
        if self.members.len() > FEW {
            return self.members.get(key);
        }
        self.members.iter().find(|(name, _)| name.as_str() == key).map(|(_, value)| value)
    }
}
