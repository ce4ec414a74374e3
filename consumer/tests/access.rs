//! Who comes in, and what each may do: the whole matrix, the code flow against a real issuer, and the tricks.

#[path = "access/contract.rs"]
mod contract;
#[path = "access/issuer.rs"]
mod issuer;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode},
};
use consumer::{
    api::{Access, ApiState, Limits, health_routes, limit::Limiter, routes as api_routes, write_routes},
    dead_letters::DeadLetters,
    health::Health,
    people::{
        self, Policy, Role,
        door::Door,
        login::IdentityProvider,
        oidc::Provider,
        roles::{Act, Grant, grant},
        routes, sessions,
        tokens::{self, Wish},
        users::{self, User},
    },
    pulse::Pulse,
    store::{IssueStore, NoteKind, Store, sqlite::SqliteStore},
    ui::{self, UiState},
    visits::Visits,
};
use http_body_util::BodyExt as _;
use issue::{finish::Rules, id::TrackerName};
use issuer::Issuer;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::Algorithm;
use kafka::{
    local::{LocalSource, local},
    source::{Incoming, RecordSource as _},
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

const SECRET: &str = "0123456789abcdef-the-secret";
const HOST: &str = "tracker.test";

fn open_address() -> SocketAddr {
    "0.0.0.0:6001".parse().expect("an address")
}

fn policy(issuer: Option<&Issuer>) -> Policy {
    Policy {
        admins: vec!["root@example.com".to_owned()],
        default_role: Role::Tester,
        domains: vec!["example.com".to_owned()],
        public_url: Some(format!("http://{HOST}")),
        issuer: issuer.map(|issuer| people::Issuer {
            url: issuer.url.clone(),
            client_id: issuer::CLIENT.to_owned(),
            client_secret: issuer::SECRET.to_owned(),
        }),
        legacy_writers: false,
    }
}

fn guarded(policy: Policy) -> Api {
    let provider = policy
        .issuer
        .clone()
        .map(|issuer| Arc::new(Provider::new(issuer).expect("a client")) as Arc<dyn IdentityProvider>);
    let access = Access::with(open_address(), None, Some(SECRET), policy).expect("it may be opened");
    Api::whole(access, Limits { reads: 100_000, writes: 100_000, logins: 100_000 }, provider)
}

struct Api {
    router: Router,
    store: Arc<dyn Store>,
    _folder: tempfile::TempDir,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("text")).unwrap_or_default()
    }
}

fn strict() -> Api {
    guarded(policy(None))
}

/// A service with two dead letters, of which the first can be processed after all.
async fn with_letters() -> (Api, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let store: Arc<dyn Store> =
        Arc::new(SqliteStore::open(&folder.path().join("issues.db")).expect("the store opens"));
    let (_, mut source) = local(1, folder.path().join("dead-letters.jsonl"));
    let older = json!({"title": "t", "description": "d", "type": "bug", "priority": "low"}).to_string();
    for (offset, payload) in [(1, older.as_str()), (2, "not JSON")] {
        let payload = bytes::Bytes::from(payload.to_owned());
        let record = Incoming { partition: 0, offset, at: Timestamp::now(), key: None, payload };
        source.dead_letter(&record, "malformed", "told").await.expect("put aside");
    }
    let access = Access::with(open_address(), None, Some(SECRET), policy(None)).expect("it may be opened");
    let limits = Limits { reads: 100_000, writes: 100_000, logins: 100_000 };
    let api = Api::over(access, limits, None, store, Health::new(), TrackerName::local(), source, folder);
    let bearer = format!("Bearer {SECRET}");
    let list = api.ask("GET", "/api/v1/dead-letters", &[("authorization", &bearer)], "").await.body;
    let letters = list["dead_letters"].as_array().expect("letters").iter();
    (api, letters.map(|letter| letter["id"].as_str().expect("an id").to_owned()).collect())
}

impl Api {
    /// Whether the stream of events begins.
    async fn opens_events(&self) -> bool {
        let request = Request::get("/api/v1/events").header("host", HOST);
        let request = request.header("authorization", format!("Bearer {SECRET}")).body(Body::empty());
        let response = self.router.clone().oneshot(request.expect("a request")).await.expect("an answer");
        let media = response.headers()["content-type"].to_str().expect("text").to_owned();
        let first = response.into_body().frame().await.expect("a frame").expect("bytes");
        let first = String::from_utf8(first.into_data().expect("data").to_vec()).expect("UTF-8");
        media == "text/event-stream" && first.lines().any(|line| line == ": open" || line == ":open")
    }

    fn whole(access: Access, limits: Limits, provider: Option<Arc<dyn IdentityProvider>>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store: Arc<dyn Store> =
            Arc::new(SqliteStore::open(&folder.path().join("issues.db")).expect("the store opens"));
        let (tracker, health) = (TrackerName::local(), Health::new());
        let (_, source) = local(1, folder.path().join("dead-letters.jsonl"));
        Self::over(access, limits, provider, store, health, tracker, source, folder)
    }

    #[expect(clippy::too_many_arguments, reason = "a test puts a service together")]
    fn over(
        access: Access,
        limits: Limits,
        provider: Option<Arc<dyn IdentityProvider>>,
        store: Arc<dyn Store>,
        health: Arc<Health>,
        tracker: TrackerName,
        source: LocalSource,
        folder: tempfile::TempDir,
    ) -> Self {
        let issues = Arc::clone(&store) as Arc<dyn IssueStore>;
        let letters = DeadLetters {
            tracker: tracker.clone(),
            reader: source.dead_letters(),
            store: Arc::clone(&issues),
            health: Arc::clone(&health),
        };
        let limiter = Arc::new(Limiter::new(limits));
        let door = Door { access: Arc::new(access), store: Arc::clone(&issues), limiter };
        let visits = Arc::new(Visits::new(tracker.clone(), Arc::clone(&issues), Default::default()));
        let state = ApiState {
            tracker,
            store: Arc::clone(&store),
            health,
            letters: Arc::new(letters),
            door: Arc::new(door.clone()),
            pulse: Arc::new(Pulse::new(issues, CancellationToken::new())),
            rules: Arc::new(Rules::default()),
            counts: Arc::default(),
            visits,
        };
        let mut pages = UiState::behind(door, &state);
        pages.provider = provider;
        let router = api_routes(state.clone())
            .merge(write_routes(state.clone()))
            .merge(health_routes(state))
            .merge(ui::routes(pages));
        Self { router, store, _folder: folder }
    }

    async fn answer(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        Answer { status: head.status, headers: head.headers, body }
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut all = vec![];
        if !headers.iter().any(|(name, _)| *name == "host") {
            all.push(("host", HOST));
        }
        if method == "POST" && !is_for_programs(path) {
            all.extend([
                ("content-type", "application/x-www-form-urlencoded"),
                ("sec-fetch-site", "same-origin"),
            ]);
        } else if !body.is_empty() {
            all.push(("content-type", "application/json"));
        }
        all.extend(headers);
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in all {
            request = request.header(name, value);
        }
        let request = request.body(Body::from(body.to_owned())).expect("a request");
        self.answer(request).await
    }

    async fn add_user(&self, id: &str, role: Role) {
        let user = User {
            id: id.to_owned(),
            email: id.to_owned(),
            role,
            display_name: id.to_owned(),
            photo_url: None,
            created_at: Timestamp::now(),
            last_login: None,
            disabled: false,
            subject: None,
        };
        users::users(&*self.store).put(&users::key(id), 0, &user).await.expect("kept");
    }

    async fn session_of(&self, id: &str) -> String {
        let session = sessions::begin(&*self.store, id, None, Timestamp::now()).await.expect("begun");
        format!("issuetracker={session}")
    }

    async fn token_of(&self, id: &str, scope: Role) -> String {
        let wish = Wish { name: "test".into(), user: id.to_owned(), scope, days: 1 };
        let (_, text) = tokens::make(&*self.store, wish, "test", Timestamp::now()).await.expect("made");
        format!("Bearer {text}")
    }

    /// Writes an issue as somebody; answers its id.
    async fn issue_of(&self, reporter: &str) -> String {
        let body = json!({"title": reporter, "description": "d", "type": "task", "priority": "low", "reporter_id": reporter});
        let bearer = format!("Bearer {SECRET}");
        let made = self.ask("POST", "/api/v1/issues", &[("authorization", &bearer)], &body.to_string()).await;
        assert_eq!(made.status, StatusCode::ACCEPTED, "{}", made.body);
        made.body["id"].as_str().expect("an id").to_owned()
    }
}

/// Whether an address answers JSON: the API and the addresses of the older services.
fn is_for_programs(path: &str) -> bool {
    path.starts_with("/api/") || path.starts_with("/v1/")
}

fn user_of(role: Role) -> String {
    match role {
        Role::Service => "api@service.local-dev.local".to_owned(),
        role => format!("{}@example.com", role.as_str()),
    }
}

/// A request body that would be taken, and the address with its places filled in.
fn filled(path: &str, issue: &str) -> String {
    path.replace("{id}", issue)
        .replace("{user}", "nobody@example.com")
        .replace("{item}", "0197f000-0000-7000-8000-000000000000")
        .replace("{incident}", "0197f000-0000-7000-8000-000000000000")
        .replace("{delivery}", "0197f000-0000-7000-8000-000000000000")
        .replace("{token}", "0000000000000000")
        .replace("{letter}", "0-1")
        .replace("{hash}", "0")
        .replace("{name}", "style.css")
}

#[tokio::test]
async fn every_route_answers_every_role_as_the_table_says() {
    let api = strict();
    let mut people = Vec::new();
    for role in Role::ALL {
        let user = user_of(role);
        api.add_user(&user, role).await;
        let own = api.issue_of(&user).await;
        people.push((role, own, api.session_of(&user).await, api.token_of(&user, role).await));
    }
    let other = api.issue_of("somebody@example.com").await;
    let mut asked = 0;
    for route in routes::all().filter(|route| route.path != "/api/v1/events") {
        for (role, own, session, token) in &people {
            for issue in [own, &other] {
                let path = filled(route.path, issue);
                // What admins delete is gone for the others: a version that none has keeps it there.
                let tag = ("if-match", "\"never\"");
                let by_session = [("cookie", session.as_str()), ("sec-fetch-site", "same-origin"), tag];
                let by_token = [("authorization", token.as_str()), tag];
                let api_route = is_for_programs(route.path);
                for headers in [&by_session[..], &by_token[..]].iter().take(if api_route { 2 } else { 1 }) {
                    let answer = api.ask(route.method, &path, headers, "").await;
                    let is_issue = route.path.starts_with("/api/v1/issues/{id}");
                    let expected = match grant(*role, route.act) {
                        Grant::Yes => true,
                        Grant::Own => is_issue && issue == own,
                        Grant::No => false,
                    };
                    let told = answer.body.to_string();
                    let by_role = told.contains("the role ") && answer.status == StatusCode::FORBIDDEN;
                    assert_eq!(
                        !by_role, expected,
                        "{} {path} as {role:?}: {} {told}",
                        route.method, answer.status
                    );
                    assert_ne!(
                        answer.status,
                        StatusCode::UNAUTHORIZED,
                        "{} {path} as {role:?}",
                        route.method
                    );
                    assert!(answer.status.as_u16() != 405, "{} {path} is not there", route.method);
                    asked += 1;
                }
            }
        }
    }
    assert!(asked > 1_000, "{asked}");
}

#[tokio::test]
async fn nothing_is_reached_without_a_login_but_health_login_and_files() {
    let api = strict();
    let ended = api.session_of("tester@example.com").await;
    api.add_user("tester@example.com", Role::Tester).await;
    let secret = ended.split_once('=').expect("a cookie").1.to_owned();
    sessions::end(&*api.store, &secret).await.expect("ended");
    let long_ago = Timestamp::now().saturating_sub(sessions::LASTS).expect("a time");
    let expired = sessions::begin(&*api.store, "tester@example.com", None, long_ago).await.expect("begun");
    let expired = format!("issuetracker={expired}");
    let token = api.token_of("tester@example.com", Role::Tester).await;
    let id = token.split('_').nth(1).expect("an id").to_owned();
    tokens::revoke(&*api.store, &id, |_| true).await.expect("revoked").expect("it was there");
    let strangers: Vec<Vec<(&str, &str)>> = vec![
        vec![],
        vec![("cookie", &ended)],
        vec![("cookie", &expired)],
        vec![("cookie", "issuetracker=0000")],
        vec![("authorization", &token)],
        vec![("authorization", "Bearer itk_0000000000000000_0")],
        vec![("authorization", "Bearer 0123456789abcdef")],
        vec![("authorization", "Basic YWRtaW46YWRtaW4=")],
        vec![("x-user-id", "root@example.com")],
        vec![
            ("x-forwarded-for", "127.0.0.1"),
            ("x-forwarded-user", "root@example.com"),
            ("x-real-ip", "127.0.0.1"),
        ],
        vec![("x-original-url", "/login"), ("x-rewrite-url", "/login"), ("x-http-method-override", "GET")],
        vec![("authorization", ""), ("cookie", "")],
    ];
    for route in routes::all().filter(|route| !matches!(route.act, Act::Open | Act::Enter)) {
        for headers in &strangers {
            let path = filled(route.path, "0197f000-0000-7000-8000-000000000000");
            let answer = api.ask(route.method, &path, headers, "").await;
            let to_login = answer.header("location").starts_with("/login");
            let page = !is_for_programs(&path);
            let refused = match (page, route.method) {
                (true, "GET") => answer.status == StatusCode::SEE_OTHER && to_login,
                _ => answer.status == StatusCode::UNAUTHORIZED,
            };
            assert!(refused, "{} {path} {headers:?}: {} {}", route.method, answer.status, answer.body);
        }
    }
    for (path, status) in [("/livez", 200), ("/api/health", 200), ("/metrics", 200), ("/login", 200)] {
        assert_eq!(api.ask("GET", path, &[], "").await.status.as_u16(), status, "{path}");
    }
}

#[tokio::test]
async fn tricks_with_paths_and_ids_lead_nowhere() {
    let api = strict();
    api.add_user(&user_of(Role::Service), Role::Service).await;
    api.add_user(&user_of(Role::Viewer), Role::Viewer).await;
    let own = api.issue_of(&user_of(Role::Service)).await;
    let other = api.issue_of("somebody@example.com").await;
    let service = api.token_of(&user_of(Role::Service), Role::Service).await;
    let viewer = api.token_of(&user_of(Role::Viewer), Role::Admin).await;
    let own_path = format!("/api/v1/issues/{own}");
    assert_eq!(api.ask("GET", &own_path, &[("authorization", &service)], "").await.status, StatusCode::OK);
    for path in [
        format!("/api/v1/issues/{other}"),
        format!("/api/v1/issues/{}", other.to_uppercase()),
        format!("/api/v1/issues/{other}?id={own}"),
        format!("/api/v1/issues/{own}/../{other}"),
        format!("/api/v1/issues/{own}%2f..%2f{other}"),
        format!("/api/v1//issues/{other}"),
        format!("/api/v1/issues/{other}/comments"),
        "/api/v1/issues".to_owned(),
        "/api/v1/dead-letters".to_owned(),
        "/issues".to_owned(),
    ] {
        let answer = api.ask("GET", &path, &[("authorization", &service)], "").await;
        assert!([403, 404].contains(&answer.status.as_u16()), "{path}: {} {}", answer.status, answer.body);
        assert!(!answer.body.to_string().contains("somebody@example.com"), "{path}");
    }
    // A token's scope is not its owner's role, and nobody says who they are.
    let headers = [("authorization", viewer.as_str()), ("x-user-id", "root@example.com")];
    let patched = api.ask("PATCH", &own_path, &headers, r#"{"status":"closed"}"#).await;
    assert_eq!(patched.status, StatusCode::FORBIDDEN);
    let me = api.ask("GET", "/api/v1/me", &headers, "").await.body;
    assert_eq!((&me["id"], &me["role"]), (&json!(user_of(Role::Viewer)), &json!("viewer")));
    // Two proofs at once are none.
    let two = [("authorization", viewer.as_str()), ("authorization", service.as_str())];
    assert_eq!(api.ask("GET", &own_path, &two, "").await.status, StatusCode::BAD_REQUEST);
    let twice = api.session_of(&user_of(Role::Viewer)).await;
    let twice = format!("{twice}; {twice}");
    assert_eq!(
        api.ask("GET", "/api/v1/me", &[("cookie", &twice)], "").await.status,
        StatusCode::UNAUTHORIZED
    );
}

/// Other spellings of an address, as proxies and routers have been fooled with.
fn spellings(path: &str) -> Vec<String> {
    let encoded = |of: &str, to: &str| path.replacen(of, to, 2).replacen(to, of, 1);
    vec![
        format!("/{path}"),
        format!("//{path}"),
        format!("{path}/"),
        format!("{path}//"),
        format!("{path}/."),
        format!("{path}/%2e"),
        format!("{path};/login"),
        format!("{path}%00"),
        format!("{path}%20"),
        format!("{path}?/login"),
        format!("/login/..{path}"),
        format!("/login/%2e%2e{path}"),
        format!("/login/..%2f{}", path.trim_start_matches('/')),
        format!("/assets/0/..%2f..{path}"),
        format!("/assets/0/style.css/../../..{path}"),
        format!("/assets/0/style.css/%2e%2e/%2e%2e/%2e%2e{path}"),
        format!("/./{}", path.trim_start_matches('/')),
        path.to_uppercase(),
        path.replace("/api/", "/API/").replace("/users", "/Users").replace("/dead", "/Dead"),
        encoded("/", "%2f"),
        path.replace('e', "%65"),
        format!("{path}.json"),
        format!("http://tracker.test{path}"),
    ]
}

/// Headers by which other services were talked into another address, method, user or origin.
const MISLEADING: &[&[(&str, &str)]] = &[
    &[("x-http-method-override", "DELETE"), ("x-method-override", "DELETE"), ("x-http-method", "DELETE")],
    &[("x-forwarded-for", "127.0.0.1"), ("forwarded", "for=127.0.0.1;host=localhost;proto=https")],
    &[("x-forwarded-host", "localhost:6001"), ("x-forwarded-proto", "https"), ("x-forwarded-port", "6001")],
    &[("x-forwarded-user", "root@example.com"), ("x-forwarded-email", "root@example.com")],
    &[
        ("x-remote-user", "root@example.com"),
        ("x-auth-request-email", "root@example.com"),
        ("remote-user", "root"),
    ],
    &[("x-original-url", "/login"), ("x-rewrite-url", "/login"), ("x-original-uri", "/login")],
    &[("x-forwarded-prefix", "/assets"), ("x-forwarded-uri", "/login"), ("x-user-role", "admin")],
    &[("x-user-id", "root@example.com"), ("x-role", "admin"), ("x-admin", "true")],
    &[("host", "localhost:6001")],
    &[("host", "127.0.0.1:6001")],
    &[("host", "issuetracker.shop.svc:6001")],
];

#[tokio::test]
async fn no_spelling_of_an_address_lets_a_stranger_in_or_a_viewer_further() {
    let api = strict();
    api.add_user(&user_of(Role::Viewer), Role::Viewer).await;
    let issue = api.issue_of("somebody@example.com").await;
    let cookie = api.session_of(&user_of(Role::Viewer)).await;
    let viewer = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
    let mut asked = 0;
    for route in routes::all().filter(|route| !matches!(route.act, Act::Open | Act::Enter)) {
        if route.path == "/api/v1/events" {
            continue;
        }
        let path = filled(route.path, &issue);
        let denied = grant(Role::Viewer, route.act) == Grant::No;
        for spelling in spellings(&path) {
            if spelling.parse::<axum::http::Uri>().is_err() {
                continue;
            }
            // Where a way out of `/login` is asked for, the login itself may answer; nothing else may.
            let entrance = spelling.contains("/login") || spelling.contains("/LOGIN");
            for (who, headers) in [("a stranger", &[][..]), ("a viewer", &viewer[..])] {
                let answer = api.ask(route.method, &spelling, headers, "").await;
                let told = answer.body.to_string();
                let done = answer.status.is_success() && !(entrance && told.contains("Log in"));
                let allowed = who == "a viewer" && !denied;
                assert!(!done || allowed, "{} {spelling} as {who}: {} {told}", route.method, answer.status);
                let leaks = told.contains("somebody@example.com") && !allowed;
                assert!(!leaks, "{} {spelling} as {who}: {told}", route.method);
                asked += 1;
            }
        }
    }
    assert!(asked > 2_000, "{asked}");
}

#[tokio::test]
async fn no_header_makes_somebody_else_of_who_asks() {
    let api = strict();
    api.add_user(&user_of(Role::Viewer), Role::Viewer).await;
    let issue = api.issue_of("somebody@example.com").await;
    let cookie = api.session_of(&user_of(Role::Viewer)).await;
    let path = format!("/api/v1/issues/{issue}");
    for misleading in MISLEADING {
        let viewer = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
        let headers = [&viewer[..], misleading].concat();
        let me = api.ask("GET", "/api/v1/me", &headers, "").await;
        if me.status == StatusCode::OK {
            assert_eq!((&me.body["id"], &me.body["role"]), (&json!(user_of(Role::Viewer)), &json!("viewer")));
        }
        for (method, path) in [
            ("GET", "/api/v1/dead-letters"),
            ("GET", "/api/v1/audit"),
            ("GET", "/users"),
            ("PATCH", path.as_str()),
            ("DELETE", &path),
            ("POST", "/api/v1/issues:bulk"),
        ] {
            for headers in [&headers[..], misleading] {
                let answer = api.ask(method, path, headers, r#"{"status": "closed"}"#).await;
                let refused =
                    answer.status.is_client_error() || answer.header("location").starts_with("/login");
                assert!(refused, "{method} {path} {headers:?}: {} {}", answer.status, answer.body);
            }
        }
        // A method that a header wishes for is not done.
        for method in ["GET", "HEAD"] {
            api.ask(method, &path, &headers, "").await;
        }
    }
    let bearer = format!("Bearer {SECRET}");
    let kept = api.ask("GET", &path, &[("authorization", &bearer)], "").await;
    assert_eq!((kept.status, &kept.body["status"]), (StatusCode::OK, &json!("open")));
}

#[tokio::test]
async fn a_token_ends_and_a_user_who_is_shut_out_has_none() {
    let api = strict();
    let user = user_of(Role::Developer);
    api.add_user(&user, Role::Developer).await;
    let (token, cookie) = (api.token_of(&user, Role::Developer).await, api.session_of(&user).await);
    let wish = Wish { name: "old".into(), user: user.clone(), scope: Role::Developer, days: 1 };
    let long_ago = Timestamp::now() - SignedDuration::from_hours(25);
    let (_, expired) = tokens::make(&*api.store, wish, "test", long_ago).await.expect("made");
    let expired = format!("Bearer {expired}");
    let statuses = async || {
        let mut statuses = Vec::new();
        for header in [("authorization", token.as_str()), ("cookie", &cookie), ("authorization", &expired)] {
            statuses.push(api.ask("GET", "/api/v1/me", &[header], "").await.status.as_u16());
        }
        statuses
    };
    assert_eq!(statuses().await, [200, 200, 401]);
    let bearer = format!("Bearer {SECRET}");
    let path = format!("/api/v1/users/{user}");
    let shut = api.ask("PATCH", &path, &[("authorization", &bearer)], r#"{"disabled": true}"#).await;
    assert_eq!(shut.status, StatusCode::OK, "{}", shut.body);
    assert_eq!(statuses().await, [401, 401, 401]);
}

#[tokio::test]
async fn an_id_is_an_id_and_nothing_else() {
    let api = strict();
    let bearer = format!("Bearer {SECRET}");
    let admin = [("authorization", bearer.as_str())];
    let id = api.issue_of("somebody@example.com").await;
    for wrong in [
        "0",
        "-1",
        "*",
        "%2a",
        "null",
        "..",
        "%2e%2e",
        "%00",
        "' OR 1=1 --",
        "{id}",
        &format!("{id}%00"),
        &format!("{id}%0a"),
        &format!("{id},{id}"),
        &format!("{id}' OR '1'='1"),
        &"9".repeat(4_000),
    ] {
        let wrong = wrong.replace(' ', "%20");
        for (method, path) in [
            ("GET", format!("/api/v1/issues/{wrong}")),
            ("PATCH", format!("/api/v1/issues/{wrong}")),
            ("DELETE", format!("/api/v1/issues/{wrong}")),
            ("GET", format!("/api/v1/issues/{wrong}/comments")),
            ("GET", format!("/api/v1/backlog/{wrong}")),
            ("GET", format!("/issues/{wrong}")),
        ] {
            if path.parse::<axum::http::Uri>().is_err() {
                continue;
            }
            let answer = api.ask(method, &path, &admin, r#"{"status": "closed"}"#).await;
            assert!(answer.status.is_client_error(), "{method} {path}: {} {}", answer.status, answer.body);
        }
    }
    assert_eq!(api.ask("GET", &format!("/api/v1/issues/{id}"), &admin, "").await.body["status"], "open");
}

#[tokio::test]
async fn a_login_changes_things_only_from_our_own_pages() {
    let api = strict();
    api.add_user("developer@example.com", Role::Developer).await;
    let cookie = api.session_of("developer@example.com").await;
    let path = format!("/api/v1/issues/{}", api.issue_of("a@example.com").await);
    for (headers, status) in [
        (vec![], 403),
        (vec![("sec-fetch-site", "cross-site")], 403),
        (vec![("sec-fetch-site", "same-site")], 403),
        (vec![("origin", "http://evil.example")], 403),
        (vec![("origin", "null")], 403),
        (vec![("sec-fetch-site", "same-origin")], 200),
        (vec![("origin", "http://tracker.test")], 200),
    ] {
        let headers: Vec<_> = [("cookie", cookie.as_str())].into_iter().chain(headers).collect();
        let answer = api.ask("PATCH", &path, &headers, r#"{"priority":"high"}"#).await;
        assert_eq!(answer.status.as_u16(), status, "{headers:?}");
    }
    // A form's token is that of its own session.
    let page = path.replace("/api/v1", "");
    for token in [
        "",
        "0",
        &sessions::find(&*api.store, cookie.split_once('=').expect("a cookie").1, Timestamp::now())
            .await
            .expect("asked")
            .expect("a session")
            .form_token,
    ] {
        let body = format!("token={token}&value=high");
        let answer = api.ask("POST", &format!("{page}/priority"), &[("cookie", &cookie)], &body).await;
        assert_eq!(answer.status.as_u16(), if token.len() == 64 { 303 } else { 403 }, "{token:?}");
    }
}

#[tokio::test]
async fn the_token_of_the_secret_logs_in_and_out() {
    let api = strict();
    let wrong = api.ask("POST", "/login", &[], "secret=0123456789abcdef-the-secreT").await;
    assert_eq!((wrong.status, wrong.header("set-cookie")), (StatusCode::FORBIDDEN, ""));
    let foreign =
        api.ask("POST", "/login", &[("origin", "http://evil.example")], &format!("secret={SECRET}")).await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
    let entered = api.ask("POST", "/login", &[], &format!("secret={SECRET}&next=/dashboard")).await;
    assert_eq!((entered.status, entered.header("location")), (StatusCode::SEE_OTHER, "/dashboard"));
    let set = entered.header("set-cookie").to_owned();
    assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=86400"), "{set}");
    let cookie = set.split(';').next().expect("a cookie").to_owned();
    let me = api.ask("GET", "/api/v1/me", &[("cookie", &cookie)], "").await.body;
    assert_eq!((&me["id"], &me["role"], &me["via"]), (&json!("admin"), &json!("admin"), &json!("session")));
    // A login in the middle of another ends the other.
    let again = api.ask("POST", "/login", &[("cookie", &cookie)], &format!("secret={SECRET}")).await;
    let newer = again.header("set-cookie").split(';').next().expect("a cookie").to_owned();
    assert_eq!(
        api.ask("GET", "/api/v1/me", &[("cookie", &cookie)], "").await.status,
        StatusCode::UNAUTHORIZED
    );
    let page = api.ask("GET", "/issues", &[("cookie", &newer)], "").await.body.to_string();
    let token = page.split("name=\\\"token\\\" value=\\\"").nth(1).and_then(|rest| rest.split("\\\"").next());
    let left = api
        .ask("POST", "/logout", &[("cookie", &newer)], &format!("token={}", token.expect("a token")))
        .await;
    assert_eq!((left.status, left.header("location")), (StatusCode::SEE_OTHER, "/login"));
    assert_eq!(
        api.ask("GET", "/api/v1/me", &[("cookie", &newer)], "").await.status,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn an_ended_login_gives_back_what_was_written() {
    let api = strict();
    let path = format!("/issues/{}/comments", api.issue_of("a@example.com").await);
    let answer =
        api.ask("POST", &path, &[("cookie", "issuetracker=0")], "token=x&value=my+long+%3Cb%3Ethought").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let page = answer.body.as_str().expect("a page");
    assert!(page.contains("Your login has ended") && page.contains("my long &#60;b&#62;thought"), "{page}");
}

#[tokio::test]
async fn a_form_that_fails_gives_back_what_was_typed() {
    let api = strict();
    let path = format!("/issues/{}/comments", api.issue_of("a@example.com").await);
    api.add_user("developer@example.com", Role::Developer).await;
    let cookie = api.session_of("developer@example.com").await;
    let backlog = "token=x&title=Dark+mode&description=please&category=suggestions&priority=low";
    for (path, cookie, body, status, kept) in [
        ("/backlog", "issuetracker=0", backlog, 401, "Dark mode\n\nplease"),
        ("/backlog", cookie.as_str(), backlog, 403, "Dark mode\n\nplease"),
        (&path, &cookie, "token=x&value=a+thought", 403, "a thought"),
        ("/tokens", "issuetracker=0", "token=x&name=ci&scope=viewer", 401, "ci"),
        ("/login", "", "secret=0123456789abcdef-the-secre&value=b", 403, ""),
    ] {
        let answer = api.ask("POST", path, &[("cookie", cookie)], body).await;
        let page = answer.body.as_str().expect("a page");
        assert_eq!(answer.status.as_u16(), status, "{path} {page}");
        let found = page.split_once("readonly>").and_then(|(_, rest)| rest.split("</textarea>").next());
        assert_eq!(found.unwrap_or_default(), kept, "{path}");
        assert!(!page.contains("the-secre"), "a secret is shown");
    }
}

#[tokio::test]
async fn what_is_written_is_redacted_wherever_it_is_written() {
    let api = strict();
    api.add_user("developer@example.com", Role::Developer).await;
    let cookie = api.session_of("developer@example.com").await;
    let secret = cookie.split_once('=').expect("a cookie").1;
    let session =
        sessions::find(&*api.store, secret, Timestamp::now()).await.expect("asked").expect("a session");
    let issue = api.issue_of("a@example.com").await;
    let said = "it logs in with password=hunter2hunter2 and AKIAIOSFODNN7EXAMPLE";
    let form = |field: &str, more: &str| {
        format!("token={}&{field}={}{more}", session.form_token, said.replace(' ', "+").replace('=', "%3D"))
    };
    let json_headers = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
    let more = "&title=t&category=suggestions&priority=low";
    let comments = format!("/issues/{issue}/comments");
    for (path, body) in [(comments.as_str(), form("value", "")), ("/backlog", form("description", more))] {
        let sent = api.ask("POST", path, &[("cookie", &cookie)], &body).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{path} {}", sent.body);
    }
    let comment = json!({"content": said}).to_string();
    let item = json!({"title": "t", "description": said, "category": "suggestions"}).to_string();
    for (path, body) in [(format!("/api/v1{comments}"), comment), ("/api/v1/backlog".to_owned(), item)] {
        assert_eq!(api.ask("POST", &path, &json_headers, &body).await.status, StatusCode::CREATED);
    }
    for (path, list, field) in [
        (format!("/api/v1{comments}"), "comments", "content"),
        ("/api/v1/backlog".to_owned(), "items", "description"),
    ] {
        let found = api.ask("GET", &path, &json_headers, "").await.body;
        let texts: Vec<&str> =
            found[list].as_array().expect("a list").iter().filter_map(|each| each[field].as_str()).collect();
        assert!(texts.len() == 2 && texts[0] == texts[1], "{texts:?}");
        assert!(
            !texts[0].contains("hunter2") && !texts[0].contains("AKIA") && texts[0].starts_with("it logs in"),
            "{texts:?}"
        );
    }
}

/// A browser that follows the way to the issuer and back; answers the last answer and the session's cookie.
async fn through(api: &Api, before: Option<&str>) -> (Answer, Option<String>) {
    let cookies = |more: &str| before.map_or(more.to_owned(), |before| format!("{before}; {more}"));
    let start = api.ask("GET", "/login/start?next=%2Fdashboard", &[("cookie", &cookies(""))], "").await;
    assert_eq!(start.status, StatusCode::SEE_OTHER, "{}", start.body);
    let attempt = start.header("set-cookie").split(';').next().expect("a cookie").to_owned();
    let http =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let there = http.get(start.header("location")).send().await.expect("the issuer answers");
    let back = there.headers()["location"].to_str().expect("text").to_owned();
    let path = back.strip_prefix("http://tracker.test").expect("back here").to_owned();
    let answer = api.ask("GET", &path, &[("cookie", &cookies(&attempt))], "").await;
    let session = answer.headers.get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
    let session = session
        .filter_map(|cookie| cookie.split(';').next())
        .find(|cookie| cookie.starts_with("issuetracker="));
    let session = session.map(str::to_owned);
    (answer, session)
}

fn install_provider() {
    // Another test may have been first.
    rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
}

#[tokio::test]
async fn people_log_in_by_their_issuer() {
    install_provider();
    let issuer = Issuer::start().await;
    let api = guarded(policy(Some(&issuer)));
    for algorithm in [Algorithm::RS256, Algorithm::ES256] {
        issuer.sign_with(algorithm);
        let (answer, session) = through(&api, None).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (StatusCode::SEE_OTHER, "/dashboard"),
            "{}",
            answer.body
        );
        let session = session.expect("a session");
        let me = api.ask("GET", "/api/v1/me", &[("cookie", &session)], "").await.body;
        assert_eq!(
            me,
            json!({"id": "ada@example.com", "displayName": "Ada", "role": "tester", "via": "session"})
        );
        // A new login, a new session: the old one has ended.
        let (_, newer) = through(&api, Some(&session)).await;
        assert_ne!(newer.as_ref(), Some(&session));
        assert_eq!(
            api.ask("GET", "/api/v1/me", &[("cookie", &session)], "").await.status,
            StatusCode::UNAUTHORIZED
        );
    }
    issuer.person(json!({"sub": "2", "email": "root@example.com", "email_verified": "true"}));
    let (_, root) = through(&api, None).await;
    let root = root.expect("a session");
    let headers = [("cookie", root.as_str()), ("sec-fetch-site", "same-origin")];
    assert_eq!(api.ask("GET", "/api/v1/me", &headers, "").await.body["role"], "admin");
    // An admin takes a role, and shuts somebody out: at once, and at the next login.
    issuer.person(json!({"sub": "1", "email": "ada@example.com", "email_verified": true}));
    let (_, ada) = through(&api, None).await;
    let ada = ada.expect("a session");
    let path = "/api/v1/users/ada@example.com";
    assert_eq!(api.ask("PATCH", path, &headers, r#"{"role":"viewer"}"#).await.status, StatusCode::OK);
    assert_eq!(api.ask("GET", "/api/v1/me", &[("cookie", &ada)], "").await.body["role"], "viewer");
    assert_eq!(api.ask("PATCH", path, &headers, r#"{"disabled":true}"#).await.status, StatusCode::OK);
    assert_eq!(api.ask("GET", "/api/v1/me", &[("cookie", &ada)], "").await.status, StatusCode::UNAUTHORIZED);
    let (answer, session) = through(&api, None).await;
    assert_eq!((answer.status, session), (StatusCode::FORBIDDEN, None));
    let audit = api.ask("GET", "/api/v1/audit", &headers, "").await.body;
    let acts: Vec<_> =
        audit["entries"].as_array().expect("entries").iter().map(|entry| entry["act"].clone()).collect();
    assert_eq!(acts, ["login-refused", "user-disabled", "role-changed"]);
}

#[tokio::test]
async fn a_word_that_does_not_hold_lets_nobody_in() {
    install_provider();
    let issuer = Issuer::start().await;
    let api = guarded(policy(Some(&issuer)));
    let now = Timestamp::now().as_second();
    for (lie, strange) in [
        (json!({"aud": "another"}), false),
        (json!({"aud": [issuer::CLIENT, "another"]}), false),
        (json!({"azp": "another"}), false),
        (json!({"iss": "http://evil.example"}), false),
        (json!({"exp": now - 3600}), false),
        (json!({"nbf": now + 3600}), false),
        (json!({"nonce": "0"}), false),
        (json!({"nonce": null}), false),
        (json!({"sub": null}), false),
        (json!({"alg_none": 1}), false),
        (json!({}), true),
        (json!({"email": "ada@evil.example"}), false),
        (json!({"email": "ada@example.com@evil.example"}), false),
        (json!({"email": "ada@sub.example.com"}), false),
        (json!({"hd": "evil.example"}), false),
        (json!({"email_verified": false}), false),
        (json!({"email_verified": null}), false),
        (json!({"email": null}), false),
    ] {
        issuer.lie(lie.clone(), strange);
        let (answer, session) = through(&api, None).await;
        assert_eq!((answer.status, session), (StatusCode::FORBIDDEN, None), "{lie}: {}", answer.body);
    }
    issuer.lie(json!({"hd": "example.com"}), false);
    assert_eq!(through(&api, None).await.0.status, StatusCode::SEE_OTHER);
    // The address was given to another person.
    issuer.lie(json!({"sub": "other"}), false);
    assert_eq!(through(&api, None).await.0.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_way_back_is_used_once_and_in_its_own_browser() {
    install_provider();
    let issuer = Issuer::start().await;
    let api = guarded(policy(Some(&issuer)));
    let start = api.ask("GET", "/login/start", &[], "").await;
    let attempt = start.header("set-cookie").split(';').next().expect("a cookie").to_owned();
    let state = attempt.split_once('=').expect("a value").1;
    let (back, other) =
        (format!("/login/callback?code=x&state={state}"), format!("issuetracker-login={}", "0".repeat(64)));
    for cookie in ["", other.as_str()] {
        assert_eq!(
            api.ask("GET", &back, &[("cookie", cookie)], "").await.status,
            StatusCode::FORBIDDEN,
            "{cookie}"
        );
    }
    // The first one that is right uses it up, also when its code is none.
    let first = api.ask("GET", &back, &[("cookie", &attempt)], "").await;
    assert_eq!(first.status, StatusCode::SERVICE_UNAVAILABLE, "{}", first.body);
    assert_eq!(api.ask("GET", &back, &[("cookie", &attempt)], "").await.status, StatusCode::FORBIDDEN);
    let denied = api.ask("GET", "/login/callback?error=access_denied%3Cb%3E&state=x", &[], "").await;
    assert_eq!(denied.status, StatusCode::FORBIDDEN);
    assert!(!denied.body.to_string().contains("<b>"));
}

#[tokio::test]
async fn tokens_are_made_shown_once_and_end() {
    let api = strict();
    api.add_user("developer@example.com", Role::Developer).await;
    let cookie = api.session_of("developer@example.com").await;
    let headers = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
    for (body, status) in [
        (r#"{"name":"ci","scope":"admin"}"#, 422),
        (r#"{"name":"ci","service":"api"}"#, 403),
        (r#"{"name":"ci","days":0}"#, 422),
        (r#"{"name":"ci","days":367}"#, 422),
        (r#"{"name":"","scope":"viewer"}"#, 422),
        (r#"{"name":"ci","colour":"red"}"#, 422),
    ] {
        assert_eq!(api.ask("POST", "/api/v1/tokens", &headers, body).await.status.as_u16(), status, "{body}");
    }
    let made =
        api.ask("POST", "/api/v1/tokens", &headers, r#"{"name":"ci","scope":"viewer","days":1}"#).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let text = made.body["token"].as_str().expect("a token").to_owned();
    let bearer = format!("Bearer {text}");
    assert_eq!(api.ask("GET", "/api/v1/me", &[("authorization", &bearer)], "").await.body["role"], "viewer");
    let listed = api.ask("GET", "/api/v1/tokens", &headers, "").await.body;
    assert!(listed["tokens"][0]["lastUsedAt"].is_string(), "{listed}");
    let secret = text.rsplit('_').next().expect("a secret");
    assert!(!listed.to_string().contains(secret) && !listed.to_string().contains("hash"));
    let kept = api.store.notes(NoteKind::Token, None).await.expect("notes");
    assert!(!format!("{kept:?}").contains(secret), "a token is kept as it is");
    let later = Timestamp::now().saturating_add(SignedDuration::from_hours(25)).expect("a time");
    assert_eq!(tokens::find(&*api.store, &text, later).await.expect("asked"), None);
    // Of another's tokens nobody learns, nor ends them.
    api.add_user("viewer@example.com", Role::Viewer).await;
    let viewer = api.session_of("viewer@example.com").await;
    let theirs = [("cookie", viewer.as_str()), ("sec-fetch-site", "same-origin")];
    let path = format!("/api/v1/tokens/{}", made.body["id"].as_str().expect("an id"));
    assert_eq!(api.ask("DELETE", &path, &theirs, "").await.status, StatusCode::NOT_FOUND);
    assert_eq!(api.ask("GET", "/api/v1/tokens?all=true", &theirs, "").await.status, StatusCode::FORBIDDEN);
    assert_eq!(api.ask("DELETE", &path, &headers, "").await.status, StatusCode::NO_CONTENT);
    assert_eq!(
        api.ask("GET", "/api/v1/me", &[("authorization", &bearer)], "").await.status,
        StatusCode::UNAUTHORIZED
    );
    // A service's token writes as its service, whatever it claims.
    let root = format!("Bearer {SECRET}");
    let made = api
        .ask("POST", "/api/v1/tokens", &[("authorization", &root)], r#"{"name":"api","service":"api"}"#)
        .await;
    let bearer = format!("Bearer {}", made.body["token"].as_str().expect("a token"));
    let body = json!({"title": "t", "description": "d", "type": "task", "priority": "low", "reporter_id": "root@example.com"});
    let written = api.ask("POST", "/api/v1/issues", &[("authorization", &bearer)], &body.to_string()).await;
    let path = format!("/api/v1/issues/{}", written.body["id"].as_str().expect("an id"));
    let issue = api.ask("GET", &path, &[("authorization", &bearer)], "").await.body;
    assert_eq!(issue["reporterId"], user_of(Role::Service));
}

#[tokio::test]
async fn whoever_tries_tokens_is_slowed_down() {
    let access = Access::with(open_address(), None, Some(SECRET), policy(None)).expect("it may be opened");
    let api = Api::whole(access, Limits { reads: 100_000, writes: 100_000, logins: 3 }, None);
    let mut statuses = Vec::new();
    for n in 0..5 {
        let guess = format!("Bearer guess-number-{n}");
        statuses.push(api.ask("GET", "/api/v1/me", &[("authorization", &guess)], "").await.status.as_u16());
    }
    assert_eq!(statuses, [401, 401, 401, 429, 429]);
    assert_eq!(api.ask("POST", "/login", &[], "secret=x").await.status, StatusCode::TOO_MANY_REQUESTS);
    let right = format!("Bearer {SECRET}");
    assert_eq!(api.ask("GET", "/api/v1/me", &[("authorization", &right)], "").await.status, StatusCode::OK);
}

#[tokio::test]
async fn logins_that_begin_are_counted() {
    install_provider();
    let issuer = Issuer::start().await;
    let policy = policy(Some(&issuer));
    let provider = Provider::new(policy.issuer.clone().expect("an issuer")).expect("a client");
    let access = Access::with(open_address(), None, Some(SECRET), policy).expect("it may be opened");
    let limits = Limits { reads: 100_000, writes: 100_000, logins: 2 };
    let api = Api::whole(access, limits, Some(Arc::new(provider)));
    let mut statuses = Vec::new();
    for method in ["GET", "HEAD", "GET", "HEAD", "GET"] {
        statuses.push(api.ask(method, "/login/start", &[], "").await.status.as_u16());
    }
    assert_eq!(statuses, [303, 303, 429, 429, 429]);
    let begun = api.store.notes(NoteKind::Login, None).await.expect("notes");
    assert_eq!(begun.len(), 2, "a try that was refused leaves nothing");
    assert_eq!(api.ask("GET", "/login", &[], "").await.status, StatusCode::OK);
}

#[tokio::test]
async fn older_clients_write_where_the_resource_lets_them() {
    let mut rule = policy(None);
    rule.legacy_writers = true;
    rule.public_url = Some("https://issues.example.com".to_owned());
    let api = guarded(rule);
    let within = Request::post("/api/v1/issues").header("host", "issuetracker.shop.svc:6001");
    let body =
        json!({"title": "t", "description": "d", "type": "bug", "priority": "low", "reporter_id": "old"});
    let request = within.header("content-type", "application/json").body(Body::from(body.to_string()));
    let written = api.answer(request.expect("a request")).await;
    assert_eq!(written.status, StatusCode::ACCEPTED, "{}", written.body);
    let outside =
        api.ask("POST", "/api/v1/issues", &[("host", "issues.example.com")], &body.to_string()).await;
    assert_eq!(outside.status, StatusCode::UNAUTHORIZED);
    let id = written.body["id"].as_str().expect("an id");
    for path in [format!("/api/v1/issues/{id}"), "/api/v1/issues".to_owned(), "/issues".to_owned()] {
        let answer = api.ask("GET", &path, &[], "").await;
        assert!([401, 303].contains(&answer.status.as_u16()), "{path}");
    }
}
