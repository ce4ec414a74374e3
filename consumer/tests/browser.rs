//! The pages in a real Chromium: how they look, that hostile text stays text, and what people go through with them. The
//! scenes are in `browser/pages.mjs`; here is the tracker that they are played on. Pictures of every page stay in
//! `target/xtest/browser/`.

#![expect(clippy::panic, reason = "helpers of tests fail by panicking")]

#[expect(dead_code, reason = "the tests of access use the rest of it")]
#[path = "access/issuer.rs"]
mod issuer;
#[path = "browser/switch.rs"]
mod switch;
#[path = "browser/visits.rs"]
mod visits;

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{Router, extract, http::StatusCode, routing::post};
use bytes::Bytes;
use consumer::{
    Events, Settings, Tracker,
    api::{Access, Limits},
    backlog::{self, Category, Item},
    consume::Pace,
    people::{
        self, Policy, Role, sessions,
        tokens::{self, Wish},
        users::{self, User},
    },
    store::{Store, sqlite::SqliteStore},
};
use issue::id::{IssueId, TrackerName};
use issuer::Issuer;
use jiff::{SignedDuration, Timestamp};
use kafka::{
    local::{LocalPublisher, local},
    publish::{Delivery, Outgoing, Publisher as _},
    source::{Incoming, RecordSource as _},
};
use serde_json::{Value, json};
use serve::{Times, serve};
use switch::Switch;
use tokio::net::TcpListener;

const SECRET: &str = "0123456789abcdef-the-secret";

const HOSTILE: &str =
    "\"><img src=x onerror=window.hacked=1><script>window.hacked=1</script> [x](javascript:window.hacked=1)";

/// Service, release, error type, message, where, minutes since the last report, how many.
type Line = (&'static str, &'static str, &'static str, &'static str, &'static str, i64, u64);

const LINES: &[Line] = &[
    (
        "checkout-api",
        "2.14.0",
        "com.acme.OrderException",
        "no stock for order 4711",
        "com.acme.checkout.Orders in place",
        4,
        180,
    ),
    (
        "checkout-api",
        "2.13.1",
        "java.net.SocketTimeoutException",
        "Read timed out",
        "com.acme.checkout.Mail in send",
        47,
        2_204,
    ),
    (
        "gateway",
        "v81",
        "runtime error",
        "invalid memory address or nil pointer dereference",
        "proxy/pool.go in (*Pool).Pick",
        2,
        3,
    ),
    (
        "storefront",
        "9f1c2ab",
        "TypeError",
        "Cannot read properties of undefined (reading 'currency')",
        "src/cart/total.ts in formatTotal",
        9,
        733,
    ),
    (
        "ingest-worker",
        "41",
        "sqlalchemy.exc.OperationalError",
        "connection to server at \"db-0.db\", port 5432 failed: Connection refused",
        "ingest/batch.py in flush",
        300,
        91,
    ),
    ("ingest-worker", "41", "KeyError", "'fx_rate_eur'", "report/currency.py in convert", 4_000, 1),
];

/// What comes while a scene is played.
const NEWS: Line =
    ("mailer", "7", "smtp.Refused", "the relay refused a letter", "mail/relay.py in deliver", 0, 1);

/// The topic's other end.
struct Feed {
    publisher: tokio::sync::Mutex<LocalPublisher>,
    seq: AtomicU64,
    text: &'static str,
}

impl Feed {
    /// A report of a line, at this time. Of a line that is not one of [`LINES`] each is an issue of its own.
    fn record(&self, line: &Line, at: Timestamp, count: u64, release: &str) -> Outgoing {
        let (service, _, kind, message, culprit, ..) = *line;
        let text = self.text;
        let seq = self.seq.fetch_add(1, Ordering::SeqCst) + 1;
        let number = LINES.iter().position(|each| each == line).map_or(seq << 32, |place| place as u64);
        let fingerprint = format!("v1:{number:064x}");
        let id = IssueId::of_fingerprint(&TrackerName::local(), &fingerprint);
        let frames: Vec<Value> = (0..9)
            .map(|n| {
                json!({"function": format!("step_{n}{text}"), "module": format!("com.acme.flow{text}"),
                "file": format!("Flow.java{text}"), "line": 10 + n, "column": null, "in_app": n % 3 == 0})
            })
            .collect();
        let record = json!({
            "v": 1, "kind": "report", "id": uuid::Uuid::now_v7(), "issue_id": id, "tracker": "local/dev",
            "at": at, "first_at": at, "last_at": at, "count": count,
            "source": {
                "id": "00000000-0000-0000-0000-000000000001/1", "seq": seq, "via": "stderr", "namespace": "shop",
                "pod": format!("{service}-6d5f-x2x1"), "container": "app", "node": "n1",
                "workload": {"kind": "Deployment", "name": format!("{service}{text}")},
                "image": format!("registry.example/{service}:{release}"), "release": format!("{release}{text}"),
            },
            "report": {
                "kind": "exception", "level": "error", "language": "jvm", "type": format!("{kind}{text}"),
                "message": format!("{message} {text}"), "template": message, "culprit": format!("{culprit}{text}"),
                "fingerprint": fingerprint, "frames": frames, "title": format!("{kind}: {message} {text}"),
                "category": "code", "priority": "high", "full": true,
                "tags": [format!("stock{}", text.get(..40).unwrap_or_default())],
                "context": {"order": 4711, (format!("cart{text}")): text},
            },
        });
        Outgoing { seq, partition: 0, key: id.to_string(), payload: Bytes::from(record.to_string()) }
    }

    async fn publish(&self, records: Vec<Outgoing>) {
        let last = records.last().expect("a record").seq;
        let mut publisher = self.publisher.lock().await;
        for record in records {
            publisher.send(record).expect("there is room");
        }
        loop {
            match publisher.delivered().await {
                Delivery::Acked { seq } if seq == last => return,
                Delivery::Acked { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

/// What a scene lets happen: a report of something new, and the end and the return of the store.
fn control(feed: Arc<Feed>, switch: Arc<Switch>) -> Router {
    let report = move || {
        let feed = Arc::clone(&feed);
        async move {
            let news = feed.record(&NEWS, Timestamp::now(), 1, NEWS.1);
            feed.publish(vec![news]).await;
            StatusCode::NO_CONTENT
        }
    };
    let store = move |extract::Path(state): extract::Path<String>| {
        switch.turn(state == "down");
        std::future::ready(StatusCode::NO_CONTENT)
    };
    Router::new().route("/report", post(report)).route("/store/{state}", post(store))
}

/// Serves routes at an address of this machine.
async fn listen(listener: TcpListener, routes: Router) -> String {
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(serve(listener, routes, std::future::pending(), Times::default()));
    url
}

async fn somewhere() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a port")
}

fn routes(tracker: &Tracker) -> Router {
    let routes = tracker.health_routes().merge(tracker.api_routes());
    routes.merge(tracker.write_routes()).merge(tracker.ui_routes())
}

/// A tracker with people, reports and everything that a page shows: two processes on one store.
struct Site {
    url: String,
    store: Arc<dyn Store>,
    feed: Arc<Feed>,
    text: &'static str,
    told: Value,
    _trackers: [Tracker; 2],
    _folder: tempfile::TempDir,
}

impl Site {
    /// `text` stands at the end of every text that somebody outside could have written.
    async fn start(text: &'static str) -> Self {
        // Another test may have been first.
        rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
        let listener = somewhere().await;
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let issuer = Issuer::start().await;
        let policy = Policy {
            admins: vec!["root@example.com".to_owned()],
            default_role: Role::Developer,
            domains: vec!["example.com".to_owned()],
            public_url: Some(url.clone()),
            issuer: Some(people::Issuer {
                url: issuer.url.clone(),
                client_id: issuer::CLIENT.to_owned(),
                client_secret: issuer::SECRET.to_owned(),
            }),
            legacy_writers: false,
        };
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("issues.db");
        let switch = Arc::new(Switch::new(SqliteStore::open(&file).expect("the store opens")));
        let store: Arc<dyn Store> = Arc::clone(&switch) as Arc<dyn Store>;
        let (publisher, mut source) = local(1, folder.path().join("dead-letters.jsonl"));
        let letter = format!("{{\"title\": \"{}\"}}", text.replace('"', "'"));
        let payload = Bytes::from(letter);
        let record = Incoming { partition: 0, offset: 0, at: Timestamp::now(), key: None, payload };
        let detail = format!("the field description is missing {text}");
        source.dead_letter(&record, "malformed", &detail).await.expect("put aside");
        // Whoever is asked for a name decides who may come in, not where this test listens.
        let anywhere = "0.0.0.0:6001".parse().expect("an address");
        let settings = || Settings {
            tracker: TrackerName::local(),
            access: Access::with(anywhere, None, Some(SECRET), policy.clone()).expect("it may be opened"),
            limits: Limits { reads: 100_000, writes: 100_000, logins: 100_000 },
            pace: Pace::default(),
        };
        let (shut, events) = local(1, folder.path().join("dead-events.jsonl"));
        let events = Events { settings: visits::settings(), ends: Some((Box::new(events), Box::new(shut))) };
        let tracker =
            consumer::start_with(settings(), Box::new(source), Arc::clone(&store), Some(events)).await;
        listen(listener, routes(&tracker)).await;
        // Another process of the same tracker: it reads nothing of the topic, and shows the same.
        let (_, nothing) = local(1, folder.path().join("other-dead-letters.jsonl"));
        let other = consumer::start(settings(), Box::new(nothing), Arc::clone(&store)).await;
        let replica = listen(somewhere().await, routes(&other)).await;
        let publisher = tokio::sync::Mutex::new(publisher);
        let feed = Arc::new(Feed { publisher, seq: AtomicU64::new(0), text });
        let control = listen(somewhere().await, control(Arc::clone(&feed), switch)).await;
        let told = json!({"url": url, "replica": replica, "control": control, "issuer": issuer.url, "secret": SECRET,
            "hostile": HOSTILE, "pictures": pictures()});
        let (_trackers, _folder) = ([tracker, other], folder);
        let mut site = Self { url, store, feed, text, told, _trackers, _folder };
        site.people().await;
        site.reports().await;
        site.plans().await;
        site.told["incident"] = json!(visits::told(&site.store, text).await);
        site
    }

    async fn people(&mut self) {
        let mut cookies = json!({});
        for (name, role) in [
            ("root", Role::Admin),
            ("ada", Role::Developer),
            ("grace", Role::Developer),
            ("viewer", Role::Viewer),
        ] {
            let id = format!("{name}@example.com");
            let service = User::service(&TrackerName::local(), name, Timestamp::now());
            let display_name = format!("{name} {}", self.text);
            let user = User { id: id.clone(), email: id.clone(), role, display_name, ..service };
            users::users(&*self.store).put(&users::key(&id), 0, &user).await.expect("kept");
            let session = sessions::begin(&*self.store, &id, None, Timestamp::now()).await.expect("begun");
            cookies[name] = json!(session);
        }
        self.told["cookies"] = cookies;
    }

    async fn plans(&self) {
        let now = Timestamp::now();
        for (title, category) in
            [("Dark receipts", Category::FeatureRequest), ("Retry the mailer", Category::MustHave)]
        {
            let said = format!("As **asked** by support:\n- twice\n- `today`\n\n{}", self.text);
            let item = Item { category, description: said, ..Item::new("ada@example.com", now) };
            let item = Item { title: format!("{title} {}", self.text), ..item };
            backlog::items(&*self.store).put(&backlog::key(item.id), 0, &item).await.expect("kept");
        }
        let wish = Wish {
            name: format!("ci {}", self.text),
            user: "root@example.com".into(),
            scope: Role::Viewer,
            days: 30,
        };
        tokens::make(&*self.store, wish, "root@example.com", now).await.expect("made");
        people::audit::note(&*self.store, "root@example.com", "role-changed", "ada@example.com", self.text)
            .await;
    }

    async fn reports(&mut self) {
        let now = Timestamp::now();
        let ago = |minutes| now - SignedDuration::from_mins(minutes);
        let mut records = Vec::new();
        for line in LINES {
            let (.., minutes, count) = *line;
            for n in (0..count.min(30)).rev() {
                let at = ago(minutes + i64::try_from(n).expect("small") * 61);
                records.push(self.feed.record(line, at, count.div_ceil(30), line.1));
            }
        }
        self.feed.publish(records).await;
        let id =
            |n: usize| IssueId::of_fingerprint(&TrackerName::local(), &format!("v1:{n:064x}")).to_string();
        self.told["regressed"] = json!(id(0));
        self.told["other"] = json!(id(3));
        let said = format!("@root@example.com and @grace@example.com, `Orders.place` again? {}", self.text);
        let comment = json!({"content": said, "author_id": "ada@example.com"});
        self.ask("POST", &format!("/api/v1/issues/{}/comments", id(0)), &comment).await;
        let owner = json!({"assignee_id": "root@example.com", "tags": [format!("stock{}", self.text.get(..40).unwrap_or_default())]});
        self.ask("PATCH", &format!("/api/v1/issues/{}", id(1)), &owner).await;
        self.ask("PATCH", &format!("/api/v1/issues/{}", id(0)), &json!({"status": "resolved"})).await;
        let later =
            self.feed.record(&LINES[0], Timestamp::now() + SignedDuration::from_millis(1), 1, "2.15.0");
        self.feed.publish(vec![later]).await;
    }

    /// Asks the API as Ada.
    async fn ask(&self, method: &str, path: &str, body: &Value) {
        let request = reqwest::Client::new()
            .request(method.parse().expect("a method"), format!("{}{path}", self.url))
            .bearer_auth(SECRET)
            .header("x-user-id", "ada@example.com")
            .header("content-type", "application/json")
            .body(body.to_string());
        let answer = request.send().await.expect("an answer");
        assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap_or_default());
    }

    /// Plays a scene; what it says is shown when it fails.
    async fn play(&self, scene: &'static str) {
        let mut node = Command::new("node");
        node.args(["--experimental-websocket", "--no-warnings", "pages.mjs", scene, &self.told.to_string()]);
        node.current_dir(ready());
        let played = tokio::task::spawn_blocking(move || node.output()).await.expect("no panic");
        let played = played.expect("node starts: it is needed, in version 20 or later");
        let said = [played.stdout, played.stderr].concat();
        assert!(played.status.success(), "{scene}: {}", String::from_utf8_lossy(&said));
    }
}

fn pictures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/xtest/browser")
}

/// The folder of the scenes, with what they need.
fn ready() -> &'static Path {
    static READY: OnceLock<PathBuf> = OnceLock::new();
    READY.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
        if !folder.join("node_modules/axe-core/axe.min.js").exists() {
            let npm =
                Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder).output();
            let npm = npm.expect("npm starts: it is needed");
            assert!(npm.status.success(), "{}", String::from_utf8_lossy(&npm.stderr));
        }
        folder
    })
}

macro_rules! scenes {
    ($($name:ident: $scene:literal with $text:expr;)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            Site::start($text).await.play($scene).await;
        })*
    };
}

scenes! {
    every_page_is_whole_at_every_width_and_for_everybody: "looks" with "";
    hostile_text_stays_text_on_every_page: "hostile" with HOSTILE;
    people_log_in_at_their_issuer_and_out: "login" with "";
    a_login_that_ends_while_somebody_writes_loses_nothing: "ended" with "";
    two_people_on_one_issue_are_told_of_each_other: "two" with "";
    what_comes_is_told_on_every_replica: "live" with "";
    a_store_that_is_away_is_told_and_nothing_is_half_written: "outage" with "";
    a_newcomer_finds_what_came_back_and_mutes_it: "newcomer" with "";
    an_issue_is_done_with_the_keyboard_alone: "keyboard" with "";
    pages_are_read_without_scripts_and_by_their_addresses: "plain" with "";
}
