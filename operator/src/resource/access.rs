//! `spec.access`: who may look and act.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SecretKey;

/// Who may look and act. Without `oidc`, the token of the Secret `issuetracker-token` is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [
    {"rule": "!has(self.oidc) || (has(self.publicUrl) && size(self.publicUrl) > 0)", "message": "spec.access.publicUrl: needed with oidc, since the issuer sends people back to it"}
]))]
pub struct Access {
    /// OpenID Connect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oidc: Option<Oidc>,
    /// E-mail addresses of people who are admins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 100),
        inner(length(max = 254), regex(pattern = r"^[^@\s]+@[^@\s]+$")),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub admins: Vec<String>,
    /// The role of a person at the first login.
    #[serde(default)]
    pub default_role: Role,
    /// The address under which people open the page, such as `https://issues.example.com`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 500), regex(pattern = r"^(https?://[^\s/?#]+/?)?$"))]
    pub public_url: String,
    /// True: POST of issues and comments from inside the namespace needs no token, as the older tracker's clients expect.
    #[serde(default)]
    pub legacy_writers: bool,
}

/// An OpenID Connect issuer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Oidc {
    /// The issuer, such as `https://accounts.google.com`.
    #[schemars(length(max = 500), regex(pattern = r"^https?://[^\s?#]+$"))]
    pub issuer: String,
    /// The client's id at the issuer.
    #[schemars(length(min = 1, max = 256))]
    pub client_id: String,
    /// The client's secret.
    pub client_secret_ref: SecretKey,
    /// Domains that may log in. Empty: everybody whom the issuer knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 100),
        inner(length(max = 253), regex(pattern = r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub allowed_domains: Vec<String>,
}

/// Roles of people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads.
    #[default]
    Viewer,
    /// Comments and creates as well.
    Tester,
    /// Edits, assigns, resolves and merges as well.
    Developer,
    /// Deletes, and manages users, tokens and dead letters as well.
    Admin,
}

impl Role {
    /// The word of the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Tester => "tester",
            Self::Developer => "developer",
            Self::Admin => "admin",
        }
    }
}
