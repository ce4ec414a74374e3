//! Deliveries to a fake Jira and a fake Linear on this machine, whose answers fail in every way that hurts.

mod issues;

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};

use ::frustration::{
    engine::{Effect, Engine},
    ingest,
    outbound::{Policy, Priority, email, jira, linear},
    rules::Rules,
    settings::{Kind, Project, Settings},
};
use axum::{
    Json, Router,
    extract::State as Of,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use issue::id::TrackerName;
use serde_json::{Value, json};

use super::*;
use crate::{
    outbound::{
        http::Https,
        smtp::server::{Server, Way},
    },
    store::sqlite::SqliteStore,
};

/// How an answer fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    Before,
    After,
    Silent,
    Busy,
    Refused,
}

/// Failed answers about one thing, at most. A delivery asks about two (a ticket and its labels, or a ticket and a search for
/// it), so none of them can be given up for failures alone.
const FAILURES: u32 = ATTEMPTS / 2 - 1;

/// Tickets by what finds them again, and how the answers come.
#[derive(Default)]
struct Fake {
    tickets: Mutex<HashMap<String, Vec<Value>>>,
    calls: AtomicU64,
    failed: Mutex<HashMap<String, u32>>,
    /// Each request meets one of these; which one follows from the seed and the request's number.
    faults: Vec<Fault>,
    seed: u64,
    /// Errors are GraphQL's, and come with status 400.
    graphql: bool,
}

impl Fake {
    fn fault(&self, about: &str) -> Fault {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        // SplitMix64: neighbouring numbers meet faults that have nothing to do with each other.
        let mut drawn = self.seed.wrapping_add(call.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        drawn = (drawn ^ (drawn >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        drawn = (drawn ^ (drawn >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let at = ((drawn ^ (drawn >> 31)) as usize) % self.faults.len().max(1);
        let fault = self.faults.get(at).copied().unwrap_or(Fault::None);
        let mut failed = self.failed.lock();
        let met = failed.entry(about.to_owned()).or_default();
        if fault == Fault::None || *met >= FAILURES {
            return Fault::None;
        }
        *met += 1;
        fault
    }

    fn make(&self, name: &str, ticket: Value) -> usize {
        let mut tickets = self.tickets.lock();
        tickets.entry(name.to_owned()).or_default().push(ticket);
        tickets.len()
    }

    async fn answer(&self, about: &str, make: impl FnOnce() -> Value) -> Response {
        match self.fault(about) {
            Fault::None => {
                let made = make();
                let failed = self.graphql && made.get("errors").is_some();
                let status = if failed { StatusCode::BAD_REQUEST } else { StatusCode::OK };
                (status, Json(made)).into_response()
            }
            Fault::Before => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            Fault::Busy if self.graphql => error("RATELIMITED", "Rate limit exceeded").into_response(),
            Fault::Busy => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "0")]).into_response(),
            Fault::Refused => {
                (StatusCode::BAD_REQUEST, Json(json!({"errors": {"summary": "no"}}))).into_response()
            }
            Fault::After => {
                make();
                StatusCode::BAD_GATEWAY.into_response()
            }
            Fault::Silent => {
                make();
                std::future::pending().await
            }
        }
    }
}

/// As Linear tells it.
fn error(code: &str, message: &str) -> (StatusCode, Json<Value>) {
    let error = json!({"message": message, "extensions": {"code": code}});
    (StatusCode::BAD_REQUEST, Json(json!({"errors": [error], "data": null})))
}

async fn jira_issue(Of(fake): Of<Arc<Fake>>, Json(body): Json<Value>) -> Response {
    let labels = body["fields"]["labels"].as_array().cloned().unwrap_or_default();
    let marker = labels.last().and_then(Value::as_str).unwrap_or_default().to_owned();
    let make = || json!({"id": "1", "key": format!("SHOP-{}", fake.make(&marker, body))});
    fake.answer(&marker, make).await
}

async fn jira_search(Of(fake): Of<Arc<Fake>>, Json(body): Json<Value>) -> Response {
    let jql = body["jql"].as_str().unwrap_or_default().to_owned();
    let found = fake.tickets.lock().keys().any(|marker| jql.contains(marker));
    let issues = if found { json!([{"key": "SHOP-found"}]) } else { json!([]) };
    fake.answer(&jql, || json!({"issues": issues})).await
}

async fn linear_call(Of(fake): Of<Arc<Fake>>, Json(body): Json<Value>) -> Response {
    if body["query"].as_str().unwrap_or_default().contains("issueLabels") {
        let label = |id: &str, name: &str, team: Value| json!({"id": id, "name": name, "team": team});
        let nodes = [
            label("l1", "ux", json!(null)),
            label("l2", "ux", json!({"id": "t"})),
            label("l3", "bug", json!({"id": "another"})),
            label("l4", "front end", json!(null)),
        ];
        return fake.answer("labels", || json!({"data": {"issueLabels": {"nodes": nodes}}})).await;
    }
    if body["query"].as_str().unwrap_or_default().starts_with("query") {
        let id = body["variables"]["id"].as_str().unwrap_or_default();
        let found = fake.tickets.lock().contains_key(id);
        let missing = || json!({"errors": [{"message": "Entity not found: Issue"}], "data": null});
        let issue = || json!({"data": {"issue": {"identifier": "LIN-found"}}});
        return fake.answer(id, || if found { issue() } else { missing() }).await;
    }
    let id = body["variables"]["input"]["id"].as_str().unwrap_or_default().to_owned();
    let make = || {
        // Linear refuses an id that is taken.
        if fake.tickets.lock().contains_key(&id) {
            return json!({"errors": [{"message": "id must be unique"}], "data": null});
        }
        let number = fake.make(&id, body);
        json!({"data": {"issueCreate": {"success": true, "issue": {"identifier": format!("LIN-{number}")}}}})
    };
    fake.answer(&id, make).await
}

async fn serve(fake: &Arc<Fake>) -> String {
    let router = Router::new()
        .route("/rest/api/3/issue", post(jira_issue))
        .route("/rest/api/3/search/jql", post(jira_search))
        .route("/graphql", post(linear_call))
        .route(
            "/hook",
            post(|Of(fake): Of<Arc<Fake>>, Json(body): Json<Value>| async move {
                let id = body["incident"]["incidentId"].as_str().unwrap_or_default().to_owned();
                fake.answer(&id, || json!(fake.make(&id, body))).await
            }),
        )
        .with_state(Arc::clone(fake));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
    format!("http://{address}")
}

/// An incident as the engine tells it of a recorded visit.
fn incident() -> Incident {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../frustration/testdata/recorded/rage.json");
    let request = ingest::read(&std::fs::read(path).expect("a recording")).expect("a request");
    let last = request.events.iter().filter_map(|event| event["timestamp"].as_i64()).max().expect("events");
    let (mut engine, rules) = (Engine::default(), Rules::default());
    for event in ingest::judge(&request.events, "shop", last, &Default::default()).events {
        engine.push(&event);
    }
    let effects = engine.advance(last + 3 * 3_600_000, |_| &rules).into_iter();
    let mut found = effects.filter_map(|effect| match effect {
        Effect::Incident(incident) => Some(*incident),
        _ => None,
    });
    found.next().expect("an incident")
}

struct World {
    visits: Arc<Visits>,
    folder: tempfile::TempDir,
}

impl World {
    fn new(outlets: impl FnOnce(&str) -> Vec<Outlet>) -> Self {
        // Another test of this process may have installed it.
        rustls::crypto::aws_lc_rs::default_provider().install_default().unwrap_or_default();
        let folder = tempfile::tempdir().expect("a folder");
        let secret = folder.path().join("secret");
        std::fs::write(&secret, "token\n").expect("a secret");
        let store = Arc::new(SqliteStore::open(&folder.path().join("issues.db")).expect("the store opens"));
        let policy = Policy { per_minute: 1_000_000, ..Policy::default() };
        let project = Project { name: "shop".to_owned(), policy, ..Project::default() };
        let outbound = outlets(secret.to_str().expect("a path"));
        let settings = Settings { projects: vec![project], outbound };
        Self { visits: Arc::new(Visits::new(TrackerName::local(), store, settings)), folder }
    }

    /// Incidents that are confirmed.
    async fn confirmed(&self, count: usize) -> Vec<String> {
        let (one, mut ids) = (incident(), Vec::new());
        for _ in 0..count {
            let incident_id = uuid::Uuid::new_v4().to_string();
            let told = Incident { incident_id: incident_id.clone(), ..one.clone() };
            let effect = Effect::Incident(Box::new(told));
            incidents::follow(&self.visits, &effect, Timestamp::now()).await.expect("it is kept");
            let found =
                incidents::get(&*self.visits.store, &incident_id).await.expect("asked").expect("there");
            let confirm = incidents::Decision {
                status: Some(::frustration::incident::Status::Confirmed),
                suppressed: None,
            };
            incidents::decide(&self.visits, found, confirm, "jane", Timestamp::now())
                .await
                .expect("done")
                .expect("kept");
            ids.push(incident_id);
        }
        ids
    }

    /// Lets two replicas deliver until nothing waits.
    async fn deliver(&self) {
        let (stop, mut tasks) = (CancellationToken::new(), Vec::new());
        for _ in 0..2 {
            let waits = Waits { look: Duration::from_millis(50), unsure: 0, pause: |_, _| 1 };
            let courier = Arc::new(Https { time: Duration::from_millis(400), ..Https::default() });
            let worker =
                Worker::new(Arc::clone(&self.visits), courier, Some("https://t.example".to_owned()), waits);
            tasks.push(tokio::spawn(worker.run(stop.clone())));
        }
        let waiting = async || {
            let all = deliveries::documents(&*self.visits.store).all().await.expect("deliveries");
            all.iter().filter(|found| found.body.state == State::Waiting).count()
        };
        let done = async {
            while waiting().await > 0 {
                tokio::time::sleep(Duration::from_millis(500)).await; // tidy: allow
            }
        };
        tokio::time::timeout(Duration::from_secs(600), done).await.expect("all of it ends in time");
        stop.cancel();
        for task in tasks {
            task.await.expect("it ends");
        }
    }

    async fn states(&self) -> HashMap<&'static str, usize> {
        let mut states = HashMap::new();
        for found in deliveries::documents(&*self.visits.store).all().await.expect("deliveries") {
            *states.entry(found.body.state.word()).or_default() += 1;
        }
        states
    }
}

fn outlet(name: &str, to: Kind) -> Outlet {
    Outlet {
        name: name.to_owned(),
        projects: Vec::new(),
        incidents: true,
        issues: None,
        dry_run: false,
        allow_private: true,
        per_minute: 1_000_000,
        to,
    }
}

fn jira_at(url: &str, secret: &str) -> Kind {
    let target: jira::Target = serde_json::from_value(json!({"project": "SHOP"})).expect("a target");
    Kind::Jira {
        url: url.to_owned(),
        email: Some("a@b.example".to_owned()),
        secret_file: secret.to_owned(),
        target,
    }
}

fn linear_at(url: &str, secret: &str) -> Kind {
    let target: linear::Target = serde_json::from_value(json!({"teamId": "t"})).expect("a target");
    Kind::Linear { url: format!("{url}/graphql"), secret_file: secret.to_owned(), target }
}

/// A thousand deliveries, half to each, by two replicas at once; a third of the answers fail, look-ups among them: before the
/// ticket is made, after it, by silence, by asking to wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_deliveries_make_a_thousand_tickets_whatever_the_answers_are() {
    const SEED: u64 = 7;
    use Fault::{After, Before, Busy, None, Silent};
    let faults = [vec![None; 12], vec![Before, Before, After, After, Busy, Silent]].concat();
    let jira = Arc::new(Fake { faults: faults.clone(), seed: SEED, ..Fake::default() });
    let linear = Arc::new(Fake { faults, seed: SEED + 1, graphql: true, ..Fake::default() });
    let urls = (serve(&jira).await, serve(&linear).await);
    let world = World::new(|secret| {
        vec![outlet("jira", jira_at(&urls.0, secret)), outlet("linear", linear_at(&urls.1, secret))]
    });
    let ids = world.confirmed(500).await;
    world.deliver().await;
    assert_eq!(world.states().await, HashMap::from([("done", 1_000)]));
    for fake in [&jira, &linear] {
        let tickets = fake.tickets.lock();
        assert_eq!(tickets.len(), 500);
        let doubled = tickets.values().filter(|made| made.len() > 1).count();
        assert_eq!(doubled, 0, "duplicate tickets");
        assert!(fake.calls.load(Ordering::SeqCst) > 600, "answers failed");
    }
    let found =
        incidents::get(&*world.visits.store, &ids[0]).await.expect("asked").expect("there").body.incident;
    assert!(found.external_ticket_id.is_some() && found.exported_at.is_some() && !found.export_failed);
    let ticket = jira.tickets.lock().values().next().expect("a ticket")[0]["fields"].clone();
    let urgent = Priority::of(found.confidence_score, found.severity_type).expect("it is sent").number();
    assert_eq!(
        ticket["priority"]["name"],
        ["Highest", "High", "Medium", "Low", "Lowest"][urgent],
        "{ticket}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_is_listed_and_can_be_tried_again() {
    let fake = Arc::new(Fake { faults: vec![Fault::Refused], ..Fake::default() });
    let url = serve(&fake).await;
    let world = World::new(|secret| vec![outlet("jira", jira_at(&url, secret))]);
    let ids = world.confirmed(1).await;
    world.deliver().await;
    let dead = deliveries::dead(&*world.visits.store, 10).await.expect("a list");
    assert_eq!(dead.len(), 1);
    assert!(
        dead[0].body.reason.as_deref().is_some_and(|reason| reason.contains("400")),
        "{:?}",
        dead[0].body
    );
    assert!(
        incidents::get(&*world.visits.store, &ids[0])
            .await
            .expect("asked")
            .expect("there")
            .body
            .incident
            .export_failed
    );
    assert_eq!(fake.tickets.lock().len(), 0);
    deliveries::again(&*world.visits.store, &dead[0].key, Timestamp::now())
        .await
        .expect("asked")
        .expect("it was dead");
    world.deliver().await;
    assert_eq!(world.states().await, HashMap::from([("dead", 1)]), "it is refused again, once");
    assert_eq!(fake.calls.load(Ordering::SeqCst), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_goes_that_may_not() {
    let fake = Arc::new(Fake::default());
    let url = serve(&fake).await;
    let world = World::new(|secret| {
        let dry = Outlet { dry_run: true, ..outlet("dry", jira_at(&url, secret)) };
        let hook = Kind::Webhook { url: format!("{url}/hook"), secret_file: secret.to_owned() };
        vec![dry, outlet("hook", hook), outlet("shut", jira_at(&url, "/not/there"))]
    });
    let ids = world.confirmed(2).await;
    // The second is suppressed before anybody has looked.
    let found = incidents::get(&*world.visits.store, &ids[1]).await.expect("asked").expect("there");
    let suppress = incidents::Decision { status: None, suppressed: Some(true) };
    incidents::decide(&world.visits, found, suppress, "jane", Timestamp::now())
        .await
        .expect("done")
        .expect("kept");
    world.deliver().await;
    let of = async |id: &str| deliveries::of_incident(&world.visits, id).await.expect("deliveries");
    let states = |all: Vec<Delivery>| all.iter().map(|one| one.state).collect::<Vec<_>>();
    assert_eq!(states(of(&ids[1]).await), [State::Skipped; 3]);
    let first = of(&ids[0]).await;
    assert_eq!(states(first.clone()), [State::Shown, State::Done, State::Dead]);
    let shown = first[0].request.as_ref().expect("what would be sent");
    assert!(!shown.to_string().contains("token"), "a dry run shows no secret: {shown}");
    assert!(first[2].reason.as_deref().is_some_and(|reason| reason.contains("/not/there")));
    assert_eq!(fake.tickets.lock().len(), 1, "the webhook alone was called");
    assert!(world.folder.path().exists());
}

/// A team's own label goes before that of all teams; another team's is none. What is not there holds nothing up, and is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn labels_are_found_by_their_names() {
    use Fault::{Before, Busy, None};
    let fake = Arc::new(Fake { faults: vec![None, Busy, Before], seed: 2, graphql: true, ..Fake::default() });
    let url = serve(&fake).await;
    let world = World::new(|secret| {
        let target = json!({"teamId": "t", "labelIds": ["l0", "l4"], "labels": ["ux", "bug", "front end"]});
        let target = serde_json::from_value(target).expect("a target");
        let to = Kind::Linear { url: format!("{url}/graphql"), secret_file: secret.to_owned(), target };
        vec![outlet("linear", to)]
    });
    let ids = world.confirmed(5).await;
    world.deliver().await;
    let tickets: Vec<Value> = fake.tickets.lock().values().flatten().cloned().collect();
    assert_eq!(tickets.len(), 5);
    for ticket in tickets {
        assert_eq!(ticket["variables"]["input"]["labelIds"], json!(["l0", "l2", "l4"]));
    }
    for id in ids {
        let sent = deliveries::of_incident(&world.visits, &id).await.expect("deliveries").remove(0);
        let told = sent.reason.is_none_or(|reason| reason.ends_with("does not have: bug"));
        assert!(sent.state == State::Done && told, "a ticket that a look-up found tells nothing of labels");
    }
}

fn mail_at(port: u16) -> Kind {
    let (from, to) = ("issues@shop.example".to_owned(), vec!["team@shop.example".to_owned()]);
    Kind::Email {
        host: "127.0.0.1".to_owned(),
        port: Some(port),
        tls: email::Tls::None,
        login: None,
        target: email::Target { from, to },
    }
}

/// The Message-IDs of what a mail server took.
fn mail_ids(server: &Server) -> Vec<String> {
    let taken = server.taken.lock();
    let id = |mail: &String| mail.lines().find(|line| line.starts_with("Message-ID: ")).map(str::to_owned);
    taken.iter().filter_map(id).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_is_tried_until_it_is_taken_and_taken_once() {
    use Way::{Cuts, Says};
    let ways = [
        Says("BANNER", "421 busy"),
        Cuts("EHLO"),
        Says("RCPT", "451 not now"),
        Cuts("DATA"),
        Says("DOT", "452 disk full"),
    ];
    let server = Server::of(ways);
    let port = server.serve().await;
    let world = World::new(|_| vec![outlet("mail", mail_at(port))]);
    world.confirmed(1).await;
    world.deliver().await;
    assert_eq!(world.states().await, HashMap::from([("done", 1)]));
    assert_eq!(mail_ids(&server).len(), 1);
    let mail = server.taken.lock()[0].clone();
    assert!(mail.contains("\r\nTo: team@shop.example\r\n") && mail.contains("https://t.example/incidents/"));
}

/// Of a mail whose dot was not answered nobody knows: it is not sent again by itself. Whoever has it sent again sends the same
/// mail, by its Message-ID.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_of_unknown_end_is_listed_and_not_doubled() {
    let server = Server::of([Way::Cuts("DOT")]);
    let port = server.serve().await;
    let world = World::new(|_| {
        let dry = Outlet { dry_run: true, ..outlet("dry", mail_at(port)) };
        vec![dry, outlet("mail", mail_at(port))]
    });
    let ids = world.confirmed(1).await;
    world.deliver().await;
    assert_eq!(world.states().await, HashMap::from([("shown", 1), ("dead", 1)]));
    assert_eq!(mail_ids(&server).len(), 1);
    let all = deliveries::of_incident(&world.visits, &ids[0]).await.expect("deliveries");
    let shown = all[0].request.as_ref().expect("what would be sent");
    assert_eq!(shown["to"], json!(["team@shop.example"]));
    assert!(shown["text"].as_str().is_some_and(|text| text.contains(&ids[0])), "{shown}");
    let again = deliveries::again(&*world.visits.store, &all[1].id, Timestamp::now()).await;
    again.expect("asked").expect("it was dead");
    world.deliver().await;
    assert_eq!(world.states().await, HashMap::from([("shown", 1), ("done", 1)]));
    let ids = mail_ids(&server);
    assert!(ids.len() == 2 && ids[0] == ids[1], "{ids:?}");
}
