//! What the resource, or a command line, adds to the built-in tables.

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use super::Rules;
use crate::{
    category, fingerprint,
    in_app::Prefixes,
    redact::{PatternError, Redactor},
    report::{Category, Priority},
};

/// A compiled pattern may take this much memory.
const PATTERN_BYTES: usize = 1 << 20;

/// Settings of the pure core, as the resource writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RulesSettings {
    /// Name and regular expression of what is cut besides the built-in kinds; the whole match goes.
    pub redact: Vec<(String, String)>,
    /// Prefixes of modules, functions or files that are the application's.
    pub in_app_include: Vec<String>,
    /// Prefixes that are not. `in_app_include` decides first.
    pub in_app_exclude: Vec<String>,
    /// Which reports belong together whatever the built-in rules say; the first match decides.
    pub grouping: Vec<GroupingRule>,
    /// Which reports are of which category; the first match decides, before the built-in table.
    pub categories: Vec<CategoryRule>,
}

/// `{match, fingerprint}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupingRule {
    /// Regular expression, searched for in `<type>: <first line of the message>`.
    #[serde(rename = "match")]
    pub pattern: String,
    /// What is hashed instead. `{{ default }}`, `{{ type }}`, `{{ component }}`, `{{ template }}` and `{{ culprit }}`
    /// stand for the report's own.
    pub fingerprint: Words,
}

/// `{match, category, priority?}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CategoryRule {
    /// Regular expression, searched for in `<type>: <first line of the message>`.
    #[serde(rename = "match")]
    pub pattern: String,
    /// The category.
    pub category: Category,
    /// In place of the category's own priority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
}

/// One word or a list of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Words {
    /// `"database-down"`
    One(String),
    /// `["{{ type }}", "{{ component }}"]`
    Many(Vec<String>),
}

/// Settings that cannot be used. Says which entry, and why.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    /// A redaction pattern.
    #[error("redact: {0}")]
    Redact(#[from] PatternError),
    /// A grouping rule's pattern.
    #[error("grouping rule {index}: pattern {pattern:?} cannot be used: {reason}")]
    Grouping {
        /// Its place, from 0.
        index: usize,
        /// As written.
        pattern: String,
        /// What is wrong, in one line.
        reason: String,
    },
    /// A category rule's pattern.
    #[error("category rule {index}: pattern {pattern:?} cannot be used: {reason}")]
    Category {
        /// Its place, from 0.
        index: usize,
        /// As written.
        pattern: String,
        /// What is wrong, in one line.
        reason: String,
    },
}

/// A grouping rule, compiled.
#[derive(Clone, Debug)]
pub(super) struct Grouping {
    pub(super) pattern: Regex,
    items: Vec<String>,
}

/// What a grouping rule can refer to.
pub(super) struct Facts<'a> {
    pub(super) title: &'a str,
    pub(super) error_type: Option<&'a str>,
    pub(super) component: Option<&'a str>,
    pub(super) template: &'a str,
    pub(super) culprit: Option<&'a str>,
    pub(super) default: &'a str,
}

impl Grouping {
    pub(super) fn fingerprint(&self, facts: &Facts) -> String {
        let items: Vec<String> = self.items.iter().map(|item| fill(item, facts)).collect();
        fingerprint::explicit(&items, facts.default)
    }
}

/// `{{ default }}` is left to [`fingerprint::explicit`].
fn fill(item: &str, facts: &Facts) -> String {
    let inner = item.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).map(str::trim);
    match inner {
        Some("type") => facts.error_type.unwrap_or_default().to_owned(),
        Some("component") => facts.component.unwrap_or_default().to_owned(),
        Some("template") => facts.template.to_owned(),
        Some("culprit") => facts.culprit.unwrap_or_default().to_owned(),
        _ => item.to_owned(),
    }
}

pub(super) fn compile(settings: &RulesSettings) -> Result<Rules, RulesError> {
    let grouping = settings.grouping.iter().enumerate().map(|(index, rule)| {
        let pattern = pattern(&rule.pattern).map_err(|reason| RulesError::Grouping {
            index,
            pattern: rule.pattern.clone(),
            reason,
        })?;
        let items = match &rule.fingerprint {
            Words::One(item) => vec![item.clone()],
            Words::Many(items) => items.clone(),
        };
        Ok(Grouping { pattern, items })
    });
    let categories = settings.categories.iter().enumerate().map(|(index, rule)| {
        let pattern = pattern(&rule.pattern).map_err(|reason| RulesError::Category {
            index,
            pattern: rule.pattern.clone(),
            reason,
        })?;
        Ok(category::Rule { pattern, category: rule.category, priority: rule.priority })
    });
    Ok(Rules {
        redactor: Redactor::new(&settings.redact)?,
        prefixes: Prefixes {
            include: settings.in_app_include.clone(),
            exclude: settings.in_app_exclude.clone(),
        },
        grouping: grouping.collect::<Result<_, RulesError>>()?,
        categories: categories.collect::<Result<_, RulesError>>()?,
    })
}

/// Compiles a pattern of limited size; the error is one line.
fn pattern(text: &str) -> Result<Regex, String> {
    RegexBuilder::new(text).size_limit(PATTERN_BYTES).dfa_size_limit(PATTERN_BYTES).build().map_err(|error| {
        match error {
            regex::Error::CompiledTooBig(_) => format!("it compiles to more than {PATTERN_BYTES} bytes"),
            error => error.to_string().lines().last().unwrap_or_default().trim().to_owned(),
        }
    })
}
