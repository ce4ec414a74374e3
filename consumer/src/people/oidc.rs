//! An OpenID Connect issuer over HTTP: discovery, the token's endpoint, and its word (OpenID Connect Core 1.0, section 3.1).
//!
//! Signatures are checked by `jsonwebtoken` on aws-lc, which the workspace has already; a larger client would bring
//! implementations of RSA and of curves of its own. Answers are bounded in time and size, and redirects are not followed.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use reqwest::{Client, RequestBuilder, Url, redirect};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::sync::Mutex;

use super::{
    Issuer,
    login::{Claims, IdentityProvider, LoginError, Question, Redeem},
    secret,
};

/// How long one question may take.
const TIME: Duration = Duration::from_secs(10);

/// Bytes of an answer.
const MOST: usize = 256 * 1024;

/// How long what an issuer says of itself is believed; and how soon it is asked again for a key that is not known.
const KEPT: Duration = Duration::from_secs(3600);
const SOONEST: Duration = Duration::from_secs(30);

/// Seconds that clocks may differ.
const LEEWAY: u64 = 60;

/// Signatures by keys that only the issuer has. `none` and those by a shared secret are not among them.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// The issuer as it is asked.
pub struct Provider {
    issuer: Issuer,
    http: Client,
    known: Mutex<Option<Known>>,
}

/// What it said of itself.
#[derive(Clone)]
struct Known {
    metadata: Metadata,
    keys: JwkSet,
    at: Instant,
}

/// Of `/.well-known/openid-configuration`.
#[derive(Clone, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

#[derive(Deserialize)]
struct Answer {
    id_token: String,
}

/// The issuer's word.
#[derive(Deserialize)]
struct Word {
    sub: String,
    aud: Value,
    azp: Option<String>,
    nonce: Option<String>,
    email: Option<String>,
    email_verified: Option<Value>,
    hd: Option<String>,
    name: Option<String>,
    picture: Option<String>,
}

impl Provider {
    /// For an issuer that nothing is known of yet: it is asked when the first person comes.
    pub fn new(issuer: Issuer) -> Result<Self, LoginError> {
        let http = Client::builder().timeout(TIME).redirect(redirect::Policy::none()).build();
        let http = http.map_err(|error| LoginError::Issuer(error.to_string()))?;
        Ok(Self { issuer, http, known: Mutex::default() })
    }

    /// What the issuer says of itself; asked again when it is old, or when `fresh` demands it.
    async fn known(&self, fresh: bool) -> Result<Known, LoginError> {
        let mut known = self.known.lock().await;
        let lasts = if fresh { SOONEST } else { KEPT };
        if let Some(known) = known.as_ref().filter(|known| known.at.elapsed() < lasts) {
            return Ok(known.clone());
        }
        let base = self.issuer.url.trim_end_matches('/');
        let metadata: Metadata =
            self.ask(self.http.get(format!("{base}/.well-known/openid-configuration"))).await?;
        if metadata.issuer.trim_end_matches('/') != base {
            return Err(LoginError::Issuer(format!("it calls itself {}", metadata.issuer)));
        }
        let keys = self.ask(self.http.get(&metadata.jwks_uri)).await?;
        Ok(known.insert(Known { metadata, keys, at: Instant::now() }).clone())
    }

    async fn ask<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, LoginError> {
        let failed = |error: reqwest::Error| LoginError::Issuer(crate::health::told(&error.without_url()));
        let mut answer = request.send().await.map_err(failed)?;
        let (status, mut body) = (answer.status(), Vec::new());
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > MOST {
                return Err(LoginError::Issuer("its answer is too large".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        if !status.is_success() {
            let told = serde_json::from_slice::<Value>(&body).ok();
            let error = told.as_ref().and_then(|told| told.get("error")?.as_str()).unwrap_or_default();
            return Err(LoginError::Issuer(format!("it answered {status} {error}")));
        }
        serde_json::from_slice(&body)
            .map_err(|error| LoginError::Issuer(format!("its answer is no JSON: {error}")))
    }

    async fn verify(&self, token: &str, nonce: &str) -> Result<Claims, LoginError> {
        let untrue = |why: &str| LoginError::Untrue(why.to_owned());
        let header = decode_header(token).map_err(|_| untrue("it is no signed token"))?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(untrue("it is signed in a way that is not taken"));
        }
        let mut known = self.known(false).await?;
        if key(&known.keys, header.kid.as_deref()).is_none() {
            known = self.known(true).await?;
        }
        let key =
            key(&known.keys, header.kid.as_deref()).ok_or_else(|| untrue("its key is not the issuer's"))?;
        let mut rule = Validation::new(header.alg);
        rule.set_audience(&[&self.issuer.client_id]);
        rule.set_issuer(&[&known.metadata.issuer]);
        rule.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        rule.leeway = LEEWAY;
        rule.validate_nbf = true;
        let word = decode::<Word>(token, &key, &rule).map_err(|error| untrue(&error.to_string()))?.claims;
        if !word.nonce.as_deref().is_some_and(|given| secret::same(given.as_bytes(), nonce.as_bytes())) {
            return Err(untrue("it answers another question"));
        }
        let several = word.aud.as_array().is_some_and(|all| all.len() > 1);
        if (several || word.azp.is_some()) && word.azp.as_deref() != Some(self.issuer.client_id.as_str()) {
            return Err(untrue("it was given to another service"));
        }
        Ok(word.claims())
    }
}

/// The key that signed; where the token names none, the only one there is.
fn key(keys: &JwkSet, kid: Option<&str>) -> Option<DecodingKey> {
    let found = match (kid, keys.keys.as_slice()) {
        (Some(kid), _) => keys.find(kid),
        (None, [only]) => Some(only),
        _ => None,
    };
    DecodingKey::from_jwk(found?).ok()
}

impl Word {
    fn claims(self) -> Claims {
        // Some issuers write the flag as a string.
        let verified = match self.email_verified {
            Some(Value::Bool(is)) => is,
            Some(Value::String(is)) => is == "true",
            _ => false,
        };
        Claims {
            subject: self.sub,
            email: self.email,
            email_verified: verified,
            domain: self.hd,
            name: self.name,
            picture: self.picture,
        }
    }
}

/// An address of the issuer with these parameters.
fn with(address: &str, parameters: &[(&str, &str)]) -> Result<Url, LoginError> {
    let mut url = Url::parse(address).map_err(|error| LoginError::Issuer(format!("{address}: {error}")))?;
    url.query_pairs_mut().extend_pairs(parameters);
    Ok(url)
}

/// `application/x-www-form-urlencoded`.
fn form(parameters: &[(&str, &str)]) -> Result<String, LoginError> {
    Ok(with("http://form", parameters)?.query().unwrap_or_default().to_owned())
}

#[async_trait]
impl IdentityProvider for Provider {
    async fn address(&self, question: Question<'_>) -> Result<String, LoginError> {
        let known = self.known(false).await?;
        let url = with(
            &known.metadata.authorization_endpoint,
            &[
                ("response_type", "code"),
                ("client_id", &self.issuer.client_id),
                ("redirect_uri", question.redirect),
                ("scope", "openid email profile"),
                ("state", question.state),
                ("nonce", question.nonce),
                ("code_challenge", question.challenge),
                ("code_challenge_method", "S256"),
            ],
        )?;
        Ok(url.into())
    }

    async fn redeem(&self, redeem: Redeem<'_>) -> Result<Claims, LoginError> {
        let known = self.known(false).await?;
        let Issuer { client_id, client_secret, .. } = &self.issuer;
        let methods = &known.metadata.token_endpoint_auth_methods_supported;
        let basic = methods.is_empty() || methods.iter().any(|method| method == "client_secret_basic");
        let mut parameters = vec![
            ("grant_type", "authorization_code"),
            ("code", redeem.code),
            ("redirect_uri", redeem.redirect),
            ("code_verifier", redeem.verifier),
        ];
        let mut request = self.http.post(&known.metadata.token_endpoint);
        if basic {
            // RFC 6749, section 2.3.1: both are encoded before they are joined.
            let encoded =
                |text: &str| form(&[("", text)]).map(|pair| pair.trim_start_matches('=').to_owned());
            request = request.basic_auth(encoded(client_id)?, Some(encoded(client_secret)?));
        } else {
            parameters.extend([("client_id", client_id.as_str()), ("client_secret", client_secret.as_str())]);
        }
        let request = request
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept", "application/json")
            .body(form(&parameters)?);
        let answer: Answer = self.ask(request).await?;
        self.verify(&answer.id_token, redeem.nonce).await
    }
}
