//! `spec.grouping`: which reports are one issue.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which reports are one issue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Grouping {
    /// Repeats within it travel as one record; it doubles while a storm lasts. `1s` to `5m`.
    #[serde(default = "window")]
    #[schemars(
        regex(pattern = r"^[1-9][0-9]{0,2}(s|m)$"),
        extend("x-kubernetes-validations" = [
            {"rule": "duration(self) >= duration('1s') && duration(self) <= duration('5m')", "message": "spec.grouping.window must be between 1s and 5m"}
        ])
    )]
    pub window: String,
    /// Which frames are the application's own.
    #[serde(default)]
    pub in_app: InApp,
    /// Fingerprints by rule. The first that fits counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), extend("x-kubernetes-list-type" = "atomic"))]
    pub rules: Vec<GroupingRule>,
}

impl Default for Grouping {
    fn default() -> Self {
        Self { window: window(), in_app: InApp::default(), rules: Vec::new() }
    }
}

fn window() -> String {
    "10s".to_owned()
}

/// Which frames are the application's own, beside the built-in tables.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InApp {
    /// Beginnings of modules or files that are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 256)), extend("x-kubernetes-list-type" = "set"))]
    pub include: Vec<String>,
    /// Beginnings of modules or files that are not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 256)), extend("x-kubernetes-list-type" = "set"))]
    pub exclude: Vec<String>,
}

/// A fingerprint by rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GroupingRule {
    /// A regular expression (Rust crate `regex`), searched for in `<type>: <first line of the message>`.
    #[serde(rename = "match")]
    #[schemars(length(min = 1, max = 1000))]
    pub matches: String,
    /// The parts that are hashed instead. `{{ default }}`, `{{ type }}`, `{{ component }}`, `{{ template }}` and
    /// `{{ culprit }}` stand for the report's own.
    #[schemars(length(min = 1, max = 16), inner(length(min = 1, max = 256)), extend("x-kubernetes-list-type" = "atomic"))]
    pub fingerprint: Vec<String>,
}
