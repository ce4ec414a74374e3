//! Bugs that services write by hand: which of them are the same one.

use ::intake::issues::as_parsed;
use issue::{
    finish::{Origin, Rules, finish},
    record::{IssueBody, IssueType},
};

/// The fingerprint of a bug: its `context.error_type`, component and the template of its title, or what its writer gave.
pub fn fingerprint(body: &IssueBody, given: Option<&[String]>, rules: &Rules) -> Option<String> {
    let origin = Origin { component: body.component.as_deref(), fingerprint: given };
    Some(finish(as_parsed(body)?, rules, &origin).fingerprint)
}

/// The same for a message of an older producer: all of them are deduplicated, whatever type they say.
pub fn fingerprint_of_older(body: &IssueBody, rules: &Rules) -> String {
    let bug = IssueBody { issue_type: IssueType::Bug, ..body.clone() };
    fingerprint(&bug, None, rules).unwrap_or_default()
}
