//! What outlets are told of issues: from records in a topic to what a webhook and a mail server take.

use ::frustration::outbound::notice::{Digest, Rules as Wanted};

use super::*;
use crate::{
    consume::tests::scripted::{Fault as Breaks, Flaky, Running, Topic, issue_id, report, update},
    outbound::{
        notices::{self, Tells},
        telling::Telling,
    },
    store::IssueStore,
};

/// What a webhook took, by `Idempotency-Key`.
type Taken = Arc<Mutex<HashMap<String, Value>>>;

async fn hook(faults: Vec<Fault>) -> (Taken, String) {
    let (taken, fake) = (Taken::default(), Arc::new(Fake { faults, seed: 3, ..Fake::default() }));
    let kept = Arc::clone(&taken);
    let take = move |headers: axum::http::HeaderMap, Json(body): Json<Value>| {
        let (kept, fake) = (Arc::clone(&kept), Arc::clone(&fake));
        async move {
            let key = headers["idempotency-key"].to_str().expect("a key");
            let take = || {
                let before = kept.lock().insert(key.to_owned(), body.clone());
                assert!(before.is_none_or(|before| before == body), "another text under the same key");
                json!({})
            };
            fake.answer(key, take).await
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", post(take))).await });
    (taken, url)
}

fn told(name: &str, to: Kind, rules: Wanted) -> Outlet {
    Outlet { issues: Some(rules), ..outlet(name, to) }
}

fn hook_at(url: &str, folder: &tempfile::TempDir) -> Kind {
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "key").expect("a secret");
    Kind::Webhook { url: url.to_owned(), secret_file: secret.to_str().expect("a path").to_owned() }
}

/// A world whose store fails on command.
fn world(store: &Arc<Flaky>, folder: tempfile::TempDir, outbound: Vec<Outlet>) -> World {
    let settings = Settings { projects: Vec::new(), outbound };
    settings.check().expect("settings that can be");
    let store: Arc<dyn IssueStore> = store.as_store();
    World { visits: Arc::new(Visits::new(TrackerName::local(), store, settings)), folder }
}

async fn read(world: &World, topic: &Topic) {
    let tells = Tells::of(&world.visits.settings.outbound);
    let store: Arc<dyn IssueStore> = Arc::new(Telling::new(Arc::clone(&world.visits.store), tells));
    let running = Running::start(topic, &store);
    topic.all_committed().await;
    running.stop().await;
}

/// How many wait for a delivery.
async fn waiting(world: &World) -> usize {
    let all = notices::documents(&*world.visits.store).all().await.expect("notices");
    all.iter().filter(|notice| notice.body.taken_by.is_none()).count()
}

/// As if so much time had passed.
async fn gather(world: &World, hours: i64) -> usize {
    let later = Timestamp::now() + jiff::SignedDuration::from_secs(hours * 3_600 + 5);
    notices::gather(&*world.visits.store, &world.visits.settings.outbound, later).await.expect("gathered")
}

async fn deliver_all(world: &World, hours: i64) {
    gather(world, hours).await;
    // What a later hour made is due now.
    for found in deliveries::documents(&*world.visits.store).all().await.expect("deliveries") {
        if found.body.state == State::Waiting {
            let now = found.body.clone().waits(0, None, Timestamp::now());
            deliveries::documents(&*world.visits.store).put(&found.key, found.rank, &now).await.expect("put");
        }
    }
    world.deliver().await;
}

/// Every issue and cause that was taken, as often as it was.
fn all(taken: &Taken) -> Vec<(String, String)> {
    let taken = taken.lock();
    let of = |body: &Value| body["issues"].as_array().cloned().unwrap_or_default();
    let word = |issue: &Value, field: &str| issue[field].as_str().unwrap_or_default().to_owned();
    let mut all: Vec<_> = taken.values().flat_map(of).collect();
    all.sort_by_key(|issue| issue.to_string());
    all.iter().map(|issue| (word(issue, "issueId"), word(issue, "cause"))).collect()
}

/// Writes whose answer is lost, lost races, and a topic that is read anew from its beginning; attempts that fail before and
/// after they arrived, with two replicas at work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issue_is_told_once_for_each_cause_whatever_dies() {
    use Fault::{After, Before, None};
    let (taken, url) = hook(vec![None, Before, After, None]).await;
    let (store, folder) = (Flaky::new(), tempfile::tempdir().expect("a folder"));
    let to = hook_at(&url, &folder);
    let world = world(&store, folder, vec![told("hook", to, Wanted::default())]);
    let records = || {
        let new = (1..=10).map(|n| report(n, n, 1));
        let back = [update(1, 20, "api", json!({"status": "resolved"})), report(1, 30, 1), report(1, 31, 1)];
        new.chain(back)
    };
    store.fail(Breaks::AfterWrite, 2);
    store.fail(Breaks::Conflict, 2);
    let topic = Topic::of(records());
    topic.at_most(4);
    read(&world, &topic).await;
    deliver_all(&world, 0).await;
    read(&world, &Topic::of(records())).await;
    deliver_all(&world, 1).await;
    let all = all(&taken);
    assert_eq!(all.iter().filter(|(_, cause)| cause == "new").count(), 10, "{all:?}");
    assert_eq!(all.iter().filter(|(_, cause)| cause == "regressed").count(), 1, "{all:?}");
    assert_eq!(all.len(), 11, "{all:?}");
    assert!(taken.lock().len() <= 2, "told together");
    assert_eq!(world.states().await.keys().copied().collect::<Vec<_>>(), ["done"]);
}

/// Deliveries that name the same notices: each goes with one of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notice_goes_with_one_delivery_alone() {
    let (store, folder) = (Flaky::new(), tempfile::tempdir().expect("a folder"));
    let to = hook_at("http://127.0.0.1:1/", &folder);
    let world = world(&store, folder, vec![told("hook", to, Wanted::default())]);
    read(&world, &Topic::of((1..=20).map(|n| report(n, n, 1)))).await;
    let keys: Vec<String> = notices::documents(&*world.visits.store)
        .all()
        .await
        .expect("notices")
        .into_iter()
        .map(|n| n.key)
        .collect();
    assert_eq!(keys.len(), 20);
    let of = |name: &str| {
        let outlet = &world.visits.settings.outbound[0];
        Delivery::of_notices(outlet, name, keys.clone(), Timestamp::now())
    };
    let (one, other) = (of("one"), of("other"));
    let store = &*world.visits.store;
    let (one, other) = tokio::join!(notices::taken(store, &one), notices::taken(store, &other));
    let (one, other) = (one.expect("taken"), other.expect("taken"));
    assert_eq!(one.len() + other.len(), 20);
    assert!(one.iter().all(|told| !other.contains(told)));
    // Whoever died while taking goes on where it was.
    assert_eq!(notices::taken(store, &of("one")).await.expect("taken"), one);
}

/// Two replicas look at once, and again within the minute: one message. What comes later in that minute waits for the next.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outlet_gets_one_message_a_minute_and_nothing_is_lost() {
    let (store, folder) = (Flaky::new(), tempfile::tempdir().expect("a folder"));
    let to = hook_at("http://127.0.0.1:1/", &folder);
    let world = world(&store, folder, vec![told("hook", to, Wanted::default())]);
    let topic = Topic::of((1..=30).map(|n| report(n, n, 1)));
    read(&world, &topic).await;
    let outlets = &world.visits.settings.outbound;
    let store = &*world.visits.store;
    let minute = (Timestamp::now().as_second() / 60 + 2) * 60;
    let at = |second: i64| Timestamp::from_second(minute + second).expect("a time");
    let (one, other) =
        tokio::join!(notices::gather(store, outlets, at(1)), notices::gather(store, outlets, at(2)));
    assert_eq!(one.expect("gathered") + other.expect("gathered"), 1);
    assert_eq!(notices::gather(store, outlets, at(59)).await.expect("gathered"), 0);
    let made = deliveries::documents(store).all().await.expect("deliveries");
    assert_eq!(notices::taken(store, &made[0].body).await.expect("taken").len(), 30);
    assert_eq!(notices::gather(store, outlets, at(60)).await.expect("gathered"), 0, "nothing is left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_digest_holds_everything_back_and_tells_it_together() {
    let server = Server::of([]);
    let port = server.serve().await;
    let (store, folder) = (Flaky::new(), tempfile::tempdir().expect("a folder"));
    // Twelve hours from now, so that it is not due while the test runs.
    let hour = (Timestamp::now().as_second() / 3_600 + 12) % 24;
    let digest = Some(Digest { at: format!("{hour:02}:00"), time_zone: "UTC".to_owned() });
    let rules = Wanted { digest, ..Wanted::default() };
    let dry = Outlet { dry_run: true, ..told("dry", mail_at(port), rules.clone()) };
    let world = world(&store, folder, vec![told("mail", mail_at(port), rules), dry]);
    read(&world, &Topic::of((1..=30).map(|n| report(n, n, 2)))).await;
    assert_eq!(gather(&world, 0).await, 0);
    assert_eq!(waiting(&world).await, 60);
    deliver_all(&world, 13).await;
    assert_eq!(waiting(&world).await, 0);
    assert_eq!(world.states().await, HashMap::from([("done", 1), ("shown", 1)]));
    let mail = server.taken.lock()[0].clone();
    assert!(mail.contains("Subject: 30 issues: 30 new\r\n") && mail.contains("And 10 more."), "{mail}");
}

/// What is meant for an outlet that was taken out of the resource stands before everything else, and keeps nobody waiting.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outlet_that_is_gone_holds_nobody_up() {
    let (store, folder) = (Flaky::new(), tempfile::tempdir().expect("a folder"));
    let to = hook_at("http://127.0.0.1:1/", &folder);
    let both = ["gone", "hook"].map(|name| told(name, to.clone(), Wanted::default()));
    let world = world(&store, folder, both.to_vec());
    read(&world, &Topic::of((1..=5).map(|n| report(n, n, 1)))).await;
    let store = &*world.visits.store;
    let left = &world.visits.settings.outbound[1..];
    let at = |hours: i64| Timestamp::now() + jiff::SignedDuration::from_secs(hours * 3_600 + 5);
    assert_eq!(notices::gather(store, left, at(0)).await.expect("gathered"), 1);
    let gone = |notice: &&Document<notices::Notice>| notice.body.outlet == "gone";
    let all = notices::documents(store).all().await.expect("notices");
    let order = |notice: &Document<notices::Notice>| notice.body.order;
    assert!(all.iter().filter(gone).all(|notice| order(notice) > at(0).as_millisecond()), "they are put off");
    // It comes back: what happened meanwhile is told.
    assert_eq!(notices::gather(store, &world.visits.settings.outbound, at(2)).await.expect("gathered"), 2);
    let made = deliveries::documents(store).all().await.expect("deliveries");
    for delivery in made {
        notices::taken(store, &delivery.body).await.expect("taken");
    }
    assert_eq!(waiting(&world).await, 0);
}

/// Jira and Linear answer in every way that hurts: each issue has one ticket in each, also when it comes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issue_has_one_ticket_whatever_the_answers_are() {
    use Fault::{After, Before, Busy, None, Silent};
    let faults = vec![None, Before, None, After, None, Silent, None, Busy];
    let jira = Arc::new(Fake { faults: faults.clone(), seed: 5, ..Fake::default() });
    let linear = Arc::new(Fake { faults, seed: 6, graphql: true, ..Fake::default() });
    let (store, folder) = (Flaky::new(), tempfile::tempdir().expect("a folder"));
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "token").expect("a secret");
    let secret = secret.to_str().expect("a path");
    let kinds = [jira_at(&serve(&jira).await, secret), linear_at(&serve(&linear).await, secret)];
    let outlets = kinds.map(|to| told(to.word(), to.clone(), Wanted::default()));
    let world = world(&store, folder, outlets.to_vec());
    read(&world, &Topic::of((1..=20).map(|n| report(n, n, 1)))).await;
    deliver_all(&world, 0).await;
    let back = [update(1, 40, "api", json!({"status": "resolved"})), report(1, 50, 1)];
    read(&world, &Topic::of(back)).await;
    deliver_all(&world, 1).await;
    for fake in [jira, linear] {
        let tickets = fake.tickets.lock();
        assert!(tickets.len() == 20 && tickets.values().all(|made| made.len() == 1), "{}", tickets.len());
    }
    assert_eq!(world.states().await, HashMap::from([("done", 40)]));
    assert_eq!(waiting(&world).await, 0, "that it came back is done with");
    let of_one = deliveries::of_issue(&world.visits, issue_id(1)).await.expect("deliveries");
    assert_eq!(of_one.iter().filter(|sent| sent.external_id.is_some()).count(), 2);
}

/// Ten reports within ten minutes, in batches that are written twice and read twice; searches that find and do not find.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_frequent_is_told_once_in_its_time_and_a_query_chooses() {
    let (taken, url) = hook(Vec::new()).await;
    let (store, folder) = (Flaky::new(), tempfile::tempdir().expect("a folder"));
    let rules = |text: &str| serde_json::from_str::<Wanted>(text).expect("rules");
    let to = hook_at(&url, &folder);
    let outlets = vec![
        told(
            "often",
            to.clone(),
            rules(r#"{"when": ["frequent"], "frequent": {"reports": 10, "minutes": 10}}"#),
        ),
        told("found", to.clone(), rules(r#"{"when": ["new"], "query": "is:unresolved workload:api BAD"}"#)),
        told("not-found", to, rules(r#"{"query": "workload:nowhere"}"#)),
    ];
    let world = world(&store, folder, outlets);
    // Issue, number and count; a number more is 20 seconds later. The first has ten within three minutes, and two hours later
    // again; the second has more than ten, within twelve.
    let reports = [
        (1, 3_u32, 4),
        (2, 4, 4),
        (1, 6, 4),
        (1, 9, 4),
        (1, 12, 4),
        (2, 21, 4),
        (2, 39, 4),
        (1, 360, 9),
        (1, 361, 1),
    ];
    store.fail(Breaks::AfterWrite, 3);
    for _ in 0..2 {
        let topic = Topic::of([]);
        for (issue, seq, count) in reports {
            let at = Timestamp::from_second(1_790_000_000 + i64::from(seq) * 20).expect("a time");
            topic.push_at(0, at, report(issue, u64::from(seq), count));
        }
        topic.at_most(1);
        read(&world, &topic).await;
        deliver_all(&world, 0).await;
    }
    let mut causes: Vec<String> = all(&taken).into_iter().map(|(_, cause)| cause).collect();
    causes.sort();
    assert_eq!(causes, ["frequent", "frequent", "new", "new"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_escalates_is_told_once_and_rules_choose() {
    let (taken, url) = hook(Vec::new()).await;
    let (store, folder) = (Flaky::new(), tempfile::tempdir().expect("a folder"));
    let rules = |text: &str| serde_json::from_str::<Wanted>(text).expect("rules");
    let to = hook_at(&url, &folder);
    let outlets = vec![
        told("sudden", to.clone(), rules(r#"{"when": ["escalating"], "priorities": ["high"]}"#)),
        told("other", to.clone(), rules(r#"{"priorities": ["critical"]}"#)),
        told("another", to, rules(r#"{"categories": ["crash"]}"#)),
    ];
    let world = world(&store, folder, outlets);
    let topic = Topic::of([report(1, 1, 1)]);
    for seq in [300, 301, 302] {
        let at = Timestamp::from_second(1_790_000_000 + seq * 20).expect("a time");
        topic.push_at(0, at, report(1, u64::try_from(seq).expect("small"), 25));
    }
    topic.at_most(1);
    read(&world, &topic).await;
    deliver_all(&world, 0).await;
    let all = all(&taken);
    assert_eq!(all.iter().map(|(_, cause)| cause.as_str()).collect::<Vec<_>>(), ["escalating"]);
}
