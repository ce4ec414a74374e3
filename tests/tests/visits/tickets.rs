//! From the press of a mouse to one ticket: the SDK in a real Chromium on the sample shop, the service, a fake Jira and a
//! fake Linear.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::{Value, json};
use tests::wait;

use super::{
    jira::{self, Jira},
    linear::{self, Linear},
    service::{PATIENCE, Service, Shop, wait_for},
};

/// Visit, main signal, kind, failure point, whether its confidence confirms itself.
const VISITS: &[(&str, &str, &str, &str, bool)] = &[
    ("rage", "rage", "Bug", "/shop/:buy:click", true),
    ("blocked", "blocked", "Bug", "/shop/#/contact:contact:submit", true),
    ("abandoned", "abandonment", "Bug", "/shop/#/checkout:pay:abandon", true),
    ("lost", "confusion", "UX", "/shop/#/shipping:navigation:navigate", false),
];

/// Least confidence, and the priorities of Critical, High, Medium and Low from it on: the matrix that users are told of.
const MATRIX: [(u64, [usize; 4]); 3] = [(90, [0, 1, 2, 3]), (80, [1, 1, 2, 3]), (70, [2, 2, 3, 4])];

/// The service answers 200 reads a minute.
const PACE: Duration = Duration::from_millis(700);

/// P0 to P4 in each system's words.
const IN_JIRA: [&str; 5] = ["Highest", "High", "Medium", "Low", "Lowest"];
const IN_LINEAR: [u64; 5] = [1, 2, 3, 4, 0];

fn priority(incident: &Value) -> usize {
    let confidence = incident["confidenceScore"].as_u64().expect("a number");
    let column = ["Critical", "High", "Medium", "Low"].iter().position(|s| incident["severityType"] == *s);
    let row = MATRIX.iter().find(|(least, _)| confidence >= *least);
    let (_, row) = row.unwrap_or_else(|| panic!("it makes no ticket: {incident:#}"));
    row[column.expect("a severity")]
}

/// Both systems at one address.
fn systems() -> (Arc<Jira>, Arc<Linear>, String) {
    let (jira, linear) = (Arc::<Jira>::default(), Arc::<Linear>::default());
    let routes = jira::routes(&jira).merge(linear::routes(&linear));
    let url = wait_for(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, routes).await.expect("it serves") });
        url
    });
    (jira, linear, url)
}

fn told(folder: &std::path::Path, url: &str) -> Value {
    let secret = folder.join("token");
    std::fs::write(&secret, "token\n").expect("a secret");
    json!({
        "projects": [{"name": "shop", "keys": ["dev"], "origins": ["http://127.0.0.1:*"], "autoConfirm": "high"}],
        "outbound": [
            {"name": "jira", "allowPrivate": true, "to": {"jira": {"url": url, "email": "ada@shop.example",
                "secretFile": secret, "target": {"project": "SHOP"}}}},
            {"name": "linear", "allowPrivate": true, "to": {"linear": {"url": format!("{url}/graphql"),
                "secretFile": secret, "target": {"teamId": linear::TEAM}}}},
        ],
    })
}

fn deliveries(service: &Service) -> Vec<Value> {
    service.get("/api/v1/deliveries?state=all&limit=100")["deliveries"].as_array().cloned().expect("a list")
}

#[test]
fn each_frustration_in_a_real_browser_is_one_incident_and_one_ticket_in_each_system() {
    let (jira, linear, url) = systems();
    let folder = tempfile::tempdir().expect("a folder");
    let told = told(folder.path(), &url);
    let service = Service::start(folder, &told);
    let names: Vec<&str> = VISITS.iter().map(|(name, ..)| *name).chain(["calm"]).collect();
    let sessions = Shop::open().visited(&service.url(), &names);
    let confirmed = |all: &[Value]| all.iter().filter(|one| one["status"] == "confirmed").count();
    let incidents = wait::until_every(
        PACE,
        "an incident of each visit, those of high confidence confirmed",
        PATIENCE,
        || {
            let all = service.incidents();
            (all.len() >= VISITS.len() && confirmed(&all) >= 3).then_some(all)
        },
    );
    assert_eq!(incidents.len(), VISITS.len(), "one of each, and none of the calm visit: {incidents:#?}");
    let mut of_session = BTreeMap::new();
    for (visit, session) in VISITS.iter().zip(&sessions) {
        let found = incidents.iter().find(|one| one["sessionId"] == session.as_str());
        let incident = found.unwrap_or_else(|| panic!("{visit:?} has none: {incidents:#?}"));
        let (name, signal, kind, place, high) = *visit;
        let signals = incident["triggeringSignals"].as_array().expect("signals");
        assert!(signals.iter().any(|one| one == signal), "{name}: {incident:#}");
        assert_eq!(
            (&incident["kind"], &incident["primaryFailurePoint"]),
            (&json!(kind), &json!(place)),
            "{name}"
        );
        assert_eq!(incident["status"] == "confirmed", high, "{name}: {incident:#}");
        of_session.insert(name, incident.clone());
    }
    // Nothing on the page said that the visitor was lost: somebody has to confirm it.
    let lost = &of_session["lost"];
    let path = format!("/api/v1/incidents/{}", lost["incidentId"].as_str().expect("an id"));
    let (status, answer) = service.send("PATCH", &path, &json!({"status": "confirmed"}));
    assert_eq!(status, 200, "{answer}");
    let all = wait::until_every(PACE, "every delivery has ended", PATIENCE, || {
        let all = deliveries(&service);
        let open = all.iter().any(|one| one["state"] == "waiting");
        (all.len() == 2 * VISITS.len() && !open).then_some(all)
    });
    tickets_are_right(&of_session, &all, &jira, &linear);
}

fn tickets_are_right(incidents: &BTreeMap<&str, Value>, all: &[Value], jira: &Jira, linear: &Linear) {
    let refused = [jira.refused.lock().clone(), linear.refused.lock().clone()].concat();
    assert!(refused.is_empty(), "{refused:#?}");
    let (issues, in_linear) = (jira.issues.lock(), linear.issues.lock());
    assert_eq!((issues.len(), in_linear.len()), (VISITS.len(), VISITS.len()), "{issues:#?} {in_linear:#?}");
    for (name, incident) in incidents {
        let id = incident["incidentId"].as_str().expect("an id");
        let own: Vec<&Value> = all.iter().filter(|one| one["incidentId"] == id).collect();
        let urgent = priority(incident);
        assert_eq!(own.iter().filter(|one| one["state"] == "done").count(), 2, "{name}: {own:#?}");
        let marker = format!("issuetracker-{id}");
        let mine: Vec<&Value> = issues
            .iter()
            .filter(|issue| issue["labels"].as_array().expect("labels").contains(&json!(marker)))
            .collect();
        let [ticket] = mine.as_slice() else { panic!("{name} has {} tickets in Jira", mine.len()) };
        assert_eq!(ticket["priority"]["name"], IN_JIRA[urgent], "{name}: {incident:#}");
        let mine: Vec<&Value> = in_linear
            .values()
            .filter(|issue| issue["description"].as_str().is_some_and(|d| d.contains(id)))
            .collect();
        let [ticket] = mine.as_slice() else { panic!("{name} has {} tickets in Linear", mine.len()) };
        assert_eq!(ticket["priority"], IN_LINEAR[urgent], "{name}: {incident:#}");
        eprintln!(
            "{name}: confidence {}, {} severity, P{urgent}, in Jira {}, in Linear {}",
            incident["confidenceScore"], incident["severityType"], IN_JIRA[urgent], IN_LINEAR[urgent]
        );
    }
}
