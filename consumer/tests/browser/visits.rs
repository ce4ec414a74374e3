//! Incidents of recorded visits, with their timelines, and deliveries in every state.

use std::{path::Path, sync::Arc};

use ::frustration::{
    engine::{Effect, Engine},
    ingest,
    outbound::{jira, linear},
    rules::Rules,
    settings::{Kind, Outlet, Project, Settings},
};
use consumer::{
    outbound::deliveries::{self, Delivery, State},
    store::{IssueStore, Store},
    visits::{
        Visits,
        incidents::{self, Decision},
        states,
    },
};
use frustration::incident::Status;
use issue::id::TrackerName;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

const RECORDINGS: [&str; 4] = ["lost", "abandoned", "rage", "blocked"];

/// How each outlet's delivery stands: state, reason, ticket.
const STATES: [(State, &str, &str); 5] = [
    (State::Done, "", "SHOP-17"),
    (State::Dead, "linear answered 400: the team is archived", ""),
    (State::Skipped, "confidence_below_threshold", ""),
    (State::Shown, "", ""),
    (State::Waiting, "slack answered 503", ""),
];

/// What the tracker is told: a project, and places that tickets go to.
pub fn settings() -> Settings {
    let secret_file = || "/not/there".to_owned();
    let jira: jira::Target = serde_json::from_value(json!({"project": "SHOP"})).expect("a target");
    let linear: linear::Target = serde_json::from_value(json!({"teamId": "t"})).expect("a target");
    let url = || "https://shop.example".to_owned();
    let kinds = [
        Kind::Jira { url: url(), email: None, secret_file: secret_file(), target: jira },
        Kind::Linear { url: url(), secret_file: secret_file(), target: linear },
        Kind::Webhook { url: url(), secret_file: secret_file() },
        Kind::Webhook { url: url(), secret_file: secret_file() },
        Kind::Slack { secret_file: secret_file() },
    ];
    let outlet = |(number, to): (usize, Kind)| Outlet {
        name: format!("place-{number}"),
        projects: Vec::new(),
        incidents: true,
        issues: None,
        dry_run: false,
        allow_private: false,
        per_minute: 1,
        to,
    };
    let project = Project { name: "shop".to_owned(), keys: vec!["dev".to_owned()], ..Project::default() };
    Settings { projects: vec![project], outbound: kinds.into_iter().enumerate().map(outlet).collect() }
}

/// A recorded visit as it would be today; `text` stands at the end of what its page named and said.
fn recorded(name: &str, text: &str, ago: i64) -> Vec<Value> {
    let path = format!("../frustration/testdata/recorded/{name}.json");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let request = ingest::read(&std::fs::read(path).expect("a recording")).expect("a request");
    let mut events = request.events;
    let last = events.iter().filter_map(|event| event["timestamp"].as_i64()).max().expect("events");
    let end = Timestamp::now().as_millisecond() - ago;
    for event in &mut events {
        event["timestamp"] = json!(event["timestamp"].as_i64().expect("a time") - last + end);
        for pointer in ["/target/id", "/metadata/message", "/route"] {
            if let Some(Value::String(said)) = event.pointer_mut(pointer) {
                said.push_str(text);
            }
        }
    }
    events
}

/// Puts them into the store, as the loop of events would; tells the id of one that has everything.
pub async fn told(store: &Arc<dyn Store>, text: &str) -> String {
    let now = Timestamp::now();
    let issues = Arc::clone(store) as Arc<dyn IssueStore>;
    // It confirms and sends nothing: what is to be seen of deliveries is written here.
    let visits = Visits::new(TrackerName::local(), issues, Settings { outbound: Vec::new(), ..settings() });
    let (mut engine, rules) = (Engine::default(), Rules::default());
    for (number, name) in (1..).zip(RECORDINGS) {
        let events = recorded(name, text, number * 7_200_000);
        let batch = ingest::judge(&events, "shop", now.as_millisecond() - 7_200_000, &Default::default());
        assert_eq!(batch.rejected, [], "{name}");
        batch.events.iter().for_each(|event| {
            engine.push(event);
        });
    }
    let mut found = Vec::new();
    let later = now + SignedDuration::from_mins(1);
    for effect in engine.advance(later.as_millisecond(), |_| &rules) {
        incidents::follow(&visits, &effect, now).await.expect("it is kept");
        match effect {
            Effect::Incident(incident) => found.push(incident.incident_id),
            Effect::Closed(session) => {
                let note = states::packed(&session, 0, None).expect("it is packed");
                assert_eq!(store.keep(vec![note]).await.expect("kept"), [true]);
            }
            Effect::Completed(_) | Effect::Withdrawn { .. } => {}
        }
    }
    for session in engine.dirty() {
        let note = states::packed(&session, 0, None).expect("it is packed");
        assert_eq!(store.keep(vec![note]).await.expect("kept"), [true]);
    }
    assert_eq!(found.len(), RECORDINGS.len(), "an incident of each");
    let id = found.pop().expect("an incident");
    let kept = incidents::get(&**store, &id).await.expect("asked").expect("there");
    let confirm = Decision { status: Some(Status::Confirmed), suppressed: None };
    incidents::decide(&visits, kept, confirm, "ada@example.com", now).await.expect("decided");
    incidents::exported(&visits, &id, "jira", Some("SHOP-17"), now).await.expect("noted");
    deliver(store, &id, text, now).await;
    id
}

async fn deliver(store: &Arc<dyn Store>, incident: &str, text: &str, now: Timestamp) {
    for (outlet, (state, reason, ticket)) in settings().outbound.iter().zip(STATES) {
        let key = deliveries::key(outlet, incident);
        let some = |said: &str| Some(format!("{said}{text}")).filter(|_| !said.is_empty());
        let delivery = Delivery {
            id: key.clone(),
            outlet: outlet.name.clone(),
            system: outlet.to.word().to_owned(),
            incident_id: incident.to_owned(),
            issue_id: None,
            notices: Vec::new(),
            state,
            // Nothing of it is due while this test runs.
            order: now.as_millisecond() + 86_400_000,
            attempts: 3,
            unsure: false,
            reason: some(reason),
            external_id: some(ticket),
            request: None,
            created_at: now,
            updated_at: now,
        };
        assert!(deliveries::documents(&**store).put(&key, 0, &delivery).await.expect("kept"));
    }
}
