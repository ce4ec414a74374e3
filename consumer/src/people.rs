//! Who asks, and what they may do.
//!
//! [`identity`] finds out who sent a request: a session's cookie, an API token, the token of the Secret, or nobody at all on a
//! loopback address. [`roles`] is the one table of what each role may do, and [`routes`] the one table of what each address
//! demands; [`door`] holds every request of the API and the pages against both. People come in by [`login`], which asks an
//! OpenID Connect issuer ([`oidc`]). What is remembered of them are small documents of the store, each replaced by
//! compare-and-set ([`crate::store::documents`]).

pub mod audit;
pub mod door;
pub mod identity;
pub mod login;
#[cfg(feature = "oidc")]
pub mod oidc;
pub mod roles;
pub mod routes;
pub mod secret;
pub mod sessions;
pub mod tokens;
pub mod users;

pub use identity::Identity;
pub use roles::Role;

/// What the resource says of people.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// E-mail addresses of people who are always admins, in lower case.
    pub admins: Vec<String>,
    /// Everybody else's role at the first login.
    pub default_role: Role,
    /// Domains that may log in; empty: everybody whom the issuer knows.
    pub domains: Vec<String>,
    /// Under which people reach this service: scheme and authority, without a slash at the end.
    pub public_url: Option<String>,
    /// The issuer that people log in with.
    pub issuer: Option<Issuer>,
    /// Whether issues and comments may be written without a token, as the older tracker's clients do.
    pub legacy_writers: bool,
}

/// An OpenID Connect issuer, and what it knows this service as.
#[derive(Clone)]
pub struct Issuer {
    /// As it names itself.
    pub url: String,
    /// This service's id there.
    pub client_id: String,
    /// And secret.
    pub client_secret: String,
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issuer")
            .field("url", &self.url)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

impl Policy {
    /// Whether browsers reach this service over TLS: then its cookies are for TLS alone.
    pub fn is_secure(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }

    /// Whether this person is an admin whatever the store says.
    pub fn is_admin(&self, user: &str) -> bool {
        self.admins.iter().any(|admin| admin.eq_ignore_ascii_case(user))
    }
}
