//! What each role may do: one table, read by everything that lets a request in.

use ::intake::vocabulary::{Words, meaning, word};
use serde::{Deserialize, Serialize};

/// What somebody is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads.
    #[default]
    Viewer,
    /// Comments and writes issues as well.
    Tester,
    /// Edits, assigns, resolves, mutes and merges as well.
    Developer,
    /// Deletes, and manages users, tokens and dead letters as well.
    Admin,
    /// A program: writes issues, comments on and changes those that it wrote.
    Service,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [Self::Viewer, Self::Tester, Self::Developer, Self::Admin, Self::Service];

    /// Every role by its word.
    pub const WORDS: Words<Self> = &[
        ("viewer", Self::Viewer),
        ("tester", Self::Tester),
        ("developer", Self::Developer),
        ("admin", Self::Admin),
        ("service", Self::Service),
    ];

    /// Those that a person can have.
    pub const OF_PEOPLE: Words<Self> = Self::WORDS.split_at(4).0;

    /// The word of the API.
    pub fn as_str(self) -> &'static str {
        word(Self::WORDS, self)
    }

    /// The role of this word.
    pub fn parse(word: &str) -> Option<Self> {
        meaning(Self::WORDS, word)
    }

    /// What is left of a role in the hands of a token with a smaller one. A program's token is a program's alone.
    pub fn at_most(self, other: Self) -> Self {
        let height = |role: Self| Self::ALL.iter().position(|each| *each == role);
        match (self, other) {
            (Self::Service, _) | (_, Self::Service) => Self::Service,
            _ if height(self) <= height(other) => self,
            _ => other,
        }
    }
}

/// What somebody wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// What nobody is asked for: the login page, the files of the pages, probes.
    Open,
    /// Try to log in: nobody is asked either, but tries are counted, for each leaves something in the store.
    Enter,
    /// What everybody who is known may: to see who they are, to log out.
    Known,
    /// Read issues and what hangs below them.
    Read,
    /// Write issues.
    Write,
    /// Write items of the backlog.
    Plan,
    /// Comment.
    Comment,
    /// Change an issue's fields.
    Edit,
    /// Merge, and change many at once.
    Triage,
    /// Read one's notifications, make and revoke one's tokens.
    Personal,
    /// Delete; users, all tokens, dead letters, the audit.
    Administer,
}

/// Whether a role may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// Not at all.
    No,
    /// Where they wrote the issue themselves.
    Own,
    /// Yes.
    Yes,
}

use Grant::{No, Own, Yes};

/// The table; the columns are those of [`Role::ALL`].
#[rustfmt::skip]
pub const GRANTS: [(Act, [Grant; 5]); 11] = [
    //                 viewer tester developer admin service
    (Act::Open,       [Yes,   Yes,   Yes,      Yes,  Yes]),
    (Act::Enter,      [Yes,   Yes,   Yes,      Yes,  Yes]),
    (Act::Known,      [Yes,   Yes,   Yes,      Yes,  Yes]),
    (Act::Read,       [Yes,   Yes,   Yes,      Yes,  Own]),
    (Act::Write,      [No,    Yes,   Yes,      Yes,  Yes]),
    (Act::Plan,       [No,    Yes,   Yes,      Yes,  No]),
    (Act::Comment,    [No,    Yes,   Yes,      Yes,  Own]),
    (Act::Edit,       [No,    No,    Yes,      Yes,  Own]),
    (Act::Triage,     [No,    No,    Yes,      Yes,  No]),
    (Act::Personal,   [Yes,   Yes,   Yes,      Yes,  No]),
    (Act::Administer, [No,    No,    No,       Yes,  No]),
];

/// What the table says.
pub fn grant(role: Role, act: Act) -> Grant {
    let column = Role::ALL.iter().position(|each| *each == role);
    let row = GRANTS.iter().find(|(each, _)| *each == act);
    // What is not in the table is nobody's.
    row.zip(column).and_then(|((_, grants), column)| grants.get(column).copied()).unwrap_or(No)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_never_gives_more_than_its_owner_has() {
        for (owner, scope, left) in [
            (Role::Admin, Role::Viewer, Role::Viewer),
            (Role::Viewer, Role::Admin, Role::Viewer),
            (Role::Developer, Role::Developer, Role::Developer),
            (Role::Admin, Role::Service, Role::Service),
            (Role::Service, Role::Admin, Role::Service),
        ] {
            assert_eq!(owner.at_most(scope), left, "{owner:?} {scope:?}");
        }
    }

    #[test]
    fn every_role_of_people_may_what_the_one_before_may() {
        let weight = |grant| match grant {
            No => 0,
            Own => 1,
            Yes => 2,
        };
        for (act, [viewer, tester, developer, admin, _]) in GRANTS {
            let rising = [viewer, tester, developer, admin].map(weight);
            assert!(rising.is_sorted(), "{act:?} {rising:?}");
        }
    }

    #[test]
    fn words_read_back() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
            assert_eq!(serde_json::to_value(role).expect("a word"), role.as_str());
        }
        assert_eq!(Role::parse("root"), None);
        assert!(Role::OF_PEOPLE.iter().all(|(_, role)| *role != Role::Service));
    }
}
