//! A small OpenID Connect issuer over real HTTP, with real keys, which can be told to lie.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Form, Json, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256};
use serde_json::{Value, json};

use consumer::people::secret::challenge;

/// What it gives out, and to whom.
pub struct Issuer {
    pub url: String,
    state: Arc<Mutex<Inner>>,
}

struct Inner {
    url: String,
    /// Who is at the browser.
    person: Value,
    /// Put over the claims of the next word.
    lie: Value,
    algorithm: Algorithm,
    /// Signs with a key that it does not show.
    strange_key: bool,
    /// Codes that were given out, each with the question that it answers.
    codes: HashMap<String, HashMap<String, String>>,
    keys: Keys,
}

struct Keys {
    rsa: EncodingKey,
    ec: EncodingKey,
    strange: EncodingKey,
}

pub const CLIENT: &str = "tracker & client";
pub const SECRET: &str = "s3cret/+=%";

fn ec() -> EncodingKey {
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).expect("a key");
    EncodingKey::from_ec_der(&pair.serialize_der())
}

fn rsa() -> EncodingKey {
    let pair = KeyPair::generate_for(&PKCS_RSA_SHA256).expect("a key");
    // PKCS#8 wraps the PKCS#1 key that the signer takes.
    EncodingKey::from_rsa_der(&pkcs1(&pair.serialize_der()))
}

/// The OCTET STRING at the end of a PKCS#8 key (RFC 5208, section 5).
fn pkcs1(pkcs8: &[u8]) -> Vec<u8> {
    let start = pkcs8.windows(2).position(|pair| pair == [0x04, 0x82]).expect("a private key");
    pkcs8[start + 4..].to_vec()
}

impl Issuer {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let state = Arc::new(Mutex::new(Inner {
            url: url.clone(),
            person: json!({"sub": "1", "email": "Ada@Example.com", "email_verified": true, "name": "Ada"}),
            lie: json!({}),
            algorithm: Algorithm::RS256,
            strange_key: false,
            codes: HashMap::new(),
            keys: Keys { rsa: rsa(), ec: ec(), strange: ec() },
        }));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .route("/keys", get(keys))
            .with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, state }
    }

    fn set(&self, change: impl FnOnce(&mut Inner)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Who is at the browser from now on.
    pub fn person(&self, person: Value) {
        self.set(|inner| inner.person = person);
    }

    /// How words are signed from now on.
    pub fn sign_with(&self, algorithm: Algorithm) {
        self.set(|inner| inner.algorithm = algorithm);
    }

    /// Lies from now on.
    pub fn lie(&self, claims: Value, strange_key: bool) {
        self.set(|inner| (inner.lie, inner.strange_key) = (claims, strange_key));
    }
}

type Shared = State<Arc<Mutex<Inner>>>;

async fn discovery(State(state): Shared) -> Json<Value> {
    let url = state.lock().unwrap_or_else(PoisonError::into_inner).url.clone();
    Json(json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize?tenant=1"),
        "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/keys"),
    }))
}

async fn keys(State(state): Shared) -> Json<Value> {
    let state = state.lock().unwrap_or_else(PoisonError::into_inner);
    let jwk = |key: &EncodingKey, algorithm, kid: &str| {
        let mut jwk =
            serde_json::to_value(Jwk::from_encoding_key(key, algorithm).expect("a key")).expect("JSON");
        jwk["kid"] = json!(kid);
        jwk
    };
    let keys = [jwk(&state.keys.rsa, Algorithm::RS256, "rsa"), jwk(&state.keys.ec, Algorithm::ES256, "ec")];
    Json(json!({"keys": keys}))
}

/// The person is logged in here already, and agrees.
async fn authorize(State(state): Shared, Query(question): Query<HashMap<String, String>>) -> Response {
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    let is = |key: &str, value: &str| question.get(key).is_some_and(|given| given == value);
    assert!(is("response_type", "code") && is("client_id", CLIENT) && is("code_challenge_method", "S256"));
    assert!(is("tenant", "1"), "the address's own parameters are kept");
    assert!(question["scope"].split(' ').any(|scope| scope == "openid"));
    let code = format!("code-{}", state.codes.len());
    let back = format!("{}?code={code}&state={}", question["redirect_uri"], question["state"]);
    state.codes.insert(code, question);
    Redirect::to(&back).into_response()
}

async fn token(
    State(state): Shared,
    headers: HeaderMap,
    Form(given): Form<HashMap<String, String>>,
) -> Response {
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    let refuse = || (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    let proof =
        headers.get(header::AUTHORIZATION).and_then(|proof| proof.to_str().ok()?.strip_prefix("Basic "));
    let proof = proof.and_then(|proof| String::from_utf8(STANDARD.decode(proof).ok()?).ok());
    // RFC 6749, section 2.3.1.
    if proof.as_deref() != Some("tracker+%26+client:s3cret%2F%2B%3D%25") {
        return (StatusCode::UNAUTHORIZED, Json(json!({"error": "invalid_client"}))).into_response();
    }
    let Some(question) = state.codes.remove(&given["code"]) else { return refuse() };
    let verified = challenge(&given["code_verifier"]) == question["code_challenge"];
    if !verified || given["redirect_uri"] != question["redirect_uri"] {
        return refuse();
    }
    let now = jiff::Timestamp::now().as_second();
    let mut claims = json!({
        "iss": state.url, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": question["nonce"],
    });
    for part in [&state.person, &state.lie] {
        let part = part.as_object().expect("claims").clone();
        claims.as_object_mut().expect("claims").extend(part);
    }
    let (kid, key) = match state.algorithm {
        Algorithm::RS256 => ("rsa", &state.keys.rsa),
        _ => ("ec", &state.keys.ec),
    };
    let key = if state.strange_key { &state.keys.strange } else { key };
    let algorithm = if state.strange_key { Algorithm::ES256 } else { state.algorithm };
    let header = Header { kid: Some(kid.to_owned()), ..Header::new(algorithm) };
    let word = match claims.get("alg_none") {
        Some(_) => unsigned(&claims),
        None => encode(&header, &claims, key).expect("a word"),
    };
    Json(json!({"access_token": "a", "token_type": "Bearer", "id_token": word})).into_response()
}

fn unsigned(claims: &Value) -> String {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
    let header = BASE64.encode(r#"{"alg":"none"}"#);
    format!("{header}.{}.", BASE64.encode(claims.to_string()))
}
