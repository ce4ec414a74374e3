//! `spec.frustration` and `spec.outbound`: whose front ends send events, and where confirmed incidents go.

use std::collections::BTreeMap;

use frustration::outbound::notice::Cause;
use issue::{
    report::{Category, Priority},
    terms,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{SecretKey, SecretRef};

/// Front ends that send events of what their visitors meet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Frustration {
    /// Front ends, each with keys and thresholds of its own.
    #[schemars(length(min = 1, max = 100), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub projects: Vec<Project>,
    /// How long raw events are kept in their topic, such as `30d`.
    #[serde(default = "retention")]
    #[schemars(length(max = 10), regex(pattern = r"^[1-9][0-9]{0,4}[dh]$"))]
    pub retention: String,
}

fn retention() -> String {
    "30d".to_owned()
}

/// One front end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    /// Its name, in every incident.
    #[schemars(length(min = 1, max = 100), regex(pattern = r"^[-._A-Za-z0-9]+$"))]
    pub name: String,
    /// What its pages send along. They stand in the pages for everybody to read: they tell projects apart and guard nothing.
    #[schemars(length(min = 1, max = 20), inner(length(min = 1, max = 200)), extend("x-kubernetes-list-type" = "set"))]
    pub keys: Vec<String>,
    /// Origins whose pages may send, such as `https://shop.example`; `*` is any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50), inner(length(min = 1, max = 300)), extend("x-kubernetes-list-type" = "set"))]
    pub origins: Vec<String>,
    /// True: every request is answered as if it had been taken; what was refused is counted.
    #[serde(default)]
    pub silent: bool,
    /// True: routes keep what stands behind `?`.
    #[serde(default)]
    pub keep_query: bool,
    /// Whether high confidence confirms itself once the visit is over.
    #[serde(default)]
    pub auto_confirm: AutoConfirm,
    /// How easily a signal is given.
    #[serde(default)]
    pub sensitivity: Sensitivity,
    /// Thresholds by name, such as `rage.clicks`; docs/frustration.md lists them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 60))]
    pub thresholds: BTreeMap<String, u32>,
    /// What differs on some routes. The first whose glob fits counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), extend("x-kubernetes-list-type" = "atomic"))]
    pub routes: Vec<Route>,
    /// The least confidence that is sent out; below 70 nothing is.
    #[serde(default = "min_confidence")]
    #[schemars(range(min = 0, max = 100))]
    pub min_confidence: u32,
    /// Tickets a minute.
    #[serde(default = "per_minute")]
    #[schemars(range(min = 1, max = 1000))]
    pub tickets_per_minute: u32,
}

fn min_confidence() -> u32 {
    70
}

fn per_minute() -> u32 {
    10
}

/// What differs on some routes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Route {
    /// `*` is anything but `/`, `**` anything.
    #[schemars(length(min = 1, max = 200))]
    pub glob: String,
    /// Instead of the project's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensitivity: Option<Sensitivity>,
    /// Instead of the project's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 60))]
    pub thresholds: BTreeMap<String, u32>,
}

/// Who confirms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AutoConfirm {
    /// High confidence confirms itself.
    High,
    /// People alone.
    #[default]
    Never,
}

/// How easily a signal is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Sensitivity {
    /// Half as many again are needed.
    Low,
    /// The table as it stands.
    #[default]
    Medium,
    /// Three quarters suffice.
    High,
}

/// A place that confirmed incidents and messages on issues are sent to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [
    {"rule": "[has(self.jira), has(self.linear), has(self.slack), has(self.webhook), has(self.email)].filter(x, x).size() == 1", "message": "spec.outbound: set exactly one of jira, linear, slack, webhook and email"},
    {"rule": "!has(self.issues) || !has(self.issues.when) || self.issues.when.exists(word, word == 'frequent') == has(self.issues.frequent)", "message": "spec.outbound.issues.frequent: goes with frequent in when; add what is missing, or remove when"},
    {"rule": "!has(self.issues) || !has(self.issues.digest) || !has(self.issues.quietHours)", "message": "spec.outbound.issues.digest: comes once a day at its time; remove quietHours"},
    {"rule": "!has(self.email) || self.email.tls != 'none' || !has(self.email.secretRef)", "message": "spec.outbound.email.tls: without TLS the password could be read on the way; use starttls or implicit, or remove secretRef"},
    {"rule": "!has(self.email) || self.email.tls != 'none' || self.allowPrivate", "message": "spec.outbound.email.tls: none needs allowPrivate: true; what is sent can be read on the way"}
]))]
pub struct Outlet {
    /// Part of every delivery's key: a changed name is another place, and everything is sent there anew.
    #[schemars(length(min = 1, max = 40), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub name: String,
    /// Projects that are sent there; none: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 100)), extend("x-kubernetes-list-type" = "set"))]
    pub projects: Vec<String>,
    /// False: confirmed incidents do not go there.
    #[serde(default = "yes")]
    pub incidents: bool,
    /// Which issues are told there. Without it none are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issues: Option<IssueRules>,
    /// True: everything is done but the sending; what would be sent is shown.
    #[serde(default)]
    pub dry_run: bool,
    /// True: addresses of private networks, plain HTTP and mail without TLS are allowed.
    #[serde(default)]
    pub allow_private: bool,
    /// Deliveries a minute.
    #[serde(default = "a_minute")]
    #[schemars(range(min = 1, max = 1000))]
    pub per_minute: u32,
    /// A Jira project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jira: Option<Jira>,
    /// A Linear team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linear: Option<Linear>,
    /// A Slack channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slack: Option<Slack>,
    /// Whatever takes a signed POST.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<Webhook>,
    /// Mail by SMTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
}

fn a_minute() -> u32 {
    60
}

fn yes() -> bool {
    true
}

/// A Jira project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Jira {
    /// Its address, such as `https://example.atlassian.net`.
    #[schemars(length(max = 500), regex(pattern = r"^https?://[^\s?#]+$"))]
    pub url: String,
    /// Whose token it is (Cloud). Without it the token is a bearer's (Server).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 3, max = 254))]
    pub email: Option<String>,
    /// Key of the project, such as `SHOP`.
    #[schemars(length(min = 1, max = 50), regex(pattern = r"^[A-Z][A-Z0-9_]*$"))]
    pub project: String,
    /// `Bug`, `Task`.
    #[serde(default = "bug")]
    #[schemars(length(min = 1, max = 60))]
    pub issue_type: String,
    /// The project's own names of P0 to P4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 5, max = 5), inner(length(min = 1, max = 60)), extend("x-kubernetes-list-type" = "atomic"))]
    pub priorities: Option<Vec<String>>,
    /// The token.
    pub secret_ref: SecretKey,
}

fn bug() -> String {
    "Bug".to_owned()
}

/// A Linear team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Linear {
    /// Where Linear is asked.
    #[serde(default = "linear_url")]
    #[schemars(length(max = 500), regex(pattern = r"^https?://[^\s?#]+$"))]
    pub url: String,
    /// UUID of the team.
    #[schemars(length(min = 1, max = 64))]
    pub team_id: String,
    /// UUIDs of labels that every ticket gets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), inner(length(min = 1, max = 64)), extend("x-kubernetes-list-type" = "set"))]
    pub label_ids: Vec<String>,
    /// Names of such labels, of the team or of all teams.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), inner(length(min = 1, max = 80)), extend("x-kubernetes-list-type" = "set"))]
    pub labels: Vec<String>,
    /// The API key.
    pub secret_ref: SecretKey,
}

fn linear_url() -> String {
    "https://api.linear.app/graphql".to_owned()
}

/// A Slack channel's incoming webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Slack {
    /// The address of the incoming webhook.
    pub secret_ref: SecretKey,
}

/// Whatever takes a signed POST.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Webhook {
    /// Where.
    #[schemars(length(max = 500), regex(pattern = r"^https?://[^\s#]+$"))]
    pub url: String,
    /// The key of the signature.
    pub secret_ref: SecretKey,
}

/// Mail by SMTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Email {
    /// The mail server, such as `smtp.example.com`.
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^([-._A-Za-z0-9]+|[0-9A-Fa-f:.]+)$"))]
    pub host: String,
    /// Where it listens. Without it 587 with starttls, 465 with implicit, 25 with none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<u16>,
    /// How the connection is kept from being read.
    #[serde(default)]
    pub tls: EmailTls,
    /// Sender: an address alone.
    #[schemars(length(min = 3, max = 254), regex(pattern = r"^[^\s<>()\[\]\\,;:@]+@[-.A-Za-z0-9]+$"))]
    pub from: String,
    /// Receivers: addresses alone. All of them get it, or none.
    #[schemars(
        length(min = 1, max = 50),
        inner(length(min = 3, max = 254), regex(pattern = r"^[^\s<>()\[\]\\,;:@]+@[-.A-Za-z0-9]+$")),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub to: Vec<String>,
    /// A Secret with the keys `username` and `password`. Without it nobody logs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretRef>,
}

/// How a connection to a mail server is kept from being read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EmailTls {
    /// It begins in the clear and becomes TLS before anything is said. A server that does not offer that is sent nothing.
    #[default]
    Starttls,
    /// It is TLS from the first byte.
    Implicit,
    /// It is never TLS, for a relay within the cluster; needs `allowPrivate`.
    None,
}

/// Which issues an outlet is told of, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IssueRules {
    /// What happened: `new`, `regressed`, `escalating`, `frequent`. Without it all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "causes", length(max = 4), extend("x-kubernetes-list-type" = "set"))]
    pub when: Vec<Cause>,
    /// Of these priorities. Without it all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "priorities", length(max = 4), extend("x-kubernetes-list-type" = "set"))]
    pub priorities: Vec<Priority>,
    /// Of these categories. Without it all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "categories", length(max = 9), extend("x-kubernetes-list-type" = "set"))]
    pub categories: Vec<Category>,
    /// Only those that a search in the list of issues would find, such as `workload:api release:2.1 "time out"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1000))]
    pub query: Option<String>,
    /// How often an issue must be reported to be `frequent`. Without it none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequent: Option<Frequent>,
    /// When nothing is told. What happens then is told together afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_hours: Option<QuietHours>,
    /// Told once a day, together, and not at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
}

/// So many reports within so many minutes. It is told once within this time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Frequent {
    /// At least so many.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub reports: u64,
    /// Within so many minutes, up to a day.
    #[schemars(range(min = 1, max = 1440))]
    pub minutes: u32,
}

fn causes(_: &mut SchemaGenerator) -> Schema {
    one_of("What happened to an issue.", &Cause::ALL.map(Cause::word))
}

fn priorities(_: &mut SchemaGenerator) -> Schema {
    one_of("The priority of an issue.", terms::values("priority"))
}

fn categories(_: &mut SchemaGenerator) -> Schema {
    one_of("The category of an issue.", terms::values("category"))
}

fn one_of(description: &str, words: &[&str]) -> Schema {
    json_schema!({"type": "array", "items": {"description": description, "type": "string", "enum": words}})
}

/// Hours of a day in which nothing is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuietHours {
    /// Such as `22:00`.
    #[schemars(regex(pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
    pub from: String,
    /// Such as `07:00`. Before `from` it is one of the next day.
    #[schemars(regex(pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
    pub to: String,
    /// A zone of the IANA database, such as `Europe/Berlin`.
    #[serde(default = "utc")]
    #[schemars(length(min = 1, max = 60))]
    pub time_zone: String,
}

/// Once a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Digest {
    /// Such as `08:00`.
    #[schemars(regex(pattern = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"))]
    pub at: String,
    /// A zone of the IANA database, such as `Europe/Berlin`.
    #[serde(default = "utc")]
    #[schemars(length(min = 1, max = 60))]
    pub time_zone: String,
}

fn utc() -> String {
    "UTC".to_owned()
}
