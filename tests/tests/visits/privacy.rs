//! What must not be kept gets nowhere: forbidden forms are sent to the service, and then every byte of the topic, of the
//! store and of the log is looked through.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use consumer::{
    store::{IssueStore, NoteKind, sqlite::SqliteStore},
    visits::states,
};
use serde_json::{Value, json};
use tests::{
    faults::{load::letters, replay},
    wait,
};

use super::service::{PATIENCE, Service, wait_for};

/// In an event that is fine: it must be found everywhere, or nothing was looked at.
const FINE: &str = "zqmarkfine";

/// The forms, each with a mark of its own in the place of what must not be kept.
fn forms() -> Vec<(String, String, Value)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../frustration/testdata/forbidden.json");
    let forms: Vec<Value> = serde_json::from_slice(&fs::read(path).expect("the forms")).expect("JSON");
    let marked = |(number, form): (u64, &Value)| {
        let mark = format!("zqmark{}zq", letters(number).to_lowercase());
        let mut event: Value =
            serde_json::from_str(&form["event"].to_string().replace("MARK", &mark)).expect("JSON");
        event["eventType"] = json!("click");
        event["timestamp"] = json!(jiff::Timestamp::now().as_millisecond());
        for (name, value) in [("sessionId", "visit"), ("route", "/page")] {
            if event[name].is_null() {
                event[name] = json!(value);
            }
        }
        (form["name"].as_str().expect("a name").to_owned(), mark, event)
    };
    (0..).zip(&forms).map(marked).collect()
}

/// As text, in small letters: marks are plain ASCII, so whatever else there is does not matter.
fn readable(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).to_ascii_lowercase()
}

/// What there is to look through, by name. The service has ended.
fn kept(service: &Service) -> BTreeMap<String, String> {
    let mut kept: BTreeMap<String, String> = BTreeMap::new();
    for record in wait_for(replay::read(service.events.clone())).expect("the topic is read") {
        let topic = kept.entry("topic".to_owned()).or_default();
        topic.push_str(&readable(&record.key.unwrap_or_default()));
        topic.push_str(&readable(&record.payload));
    }
    for file in fs::read_dir(service.folder.path()).expect("the folder") {
        let file = file.expect("a file");
        let name = file.file_name().to_string_lossy().into_owned();
        // The store has files beside its own.
        let place = if name.starts_with("issues.db") { "store" } else { name.as_str() };
        let text = readable(&fs::read(file.path()).expect("it can be read"));
        kept.entry(place.to_owned()).or_default().push_str(&text);
    }
    // Sessions are packed in the store: they are looked at as what they are, too.
    let store: Arc<dyn IssueStore> = Arc::new(SqliteStore::open(&service.store()).expect("the store opens"));
    let notes = wait_for(store.notes(NoteKind::Visit, None)).expect("notes");
    let sessions = notes.into_iter().map(|note| states::unpacked(note).expect("a session").session);
    let texts: Vec<String> =
        sessions.map(|session| readable(&serde_json::to_vec(&session).expect("JSON"))).collect();
    kept.insert("sessions".to_owned(), texts.concat());
    kept
}

#[test]
fn no_form_of_what_is_forbidden_reaches_kafka_the_store_or_the_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = json!({"projects": [{"name": "shop", "keys": ["dev"], "origins": ["*"]}]});
    let mut service = Service::start(folder, &told);
    let forms = forms();
    assert!(forms.len() >= 60, "{} forms", forms.len());
    for (name, mark, event) in &forms {
        let (status, answer) =
            service.send("POST", "/v1/events", &json!({"api_key": "dev", "events": [event]}));
        assert_eq!(status, 200, "{name}: {answer}");
        assert!(
            !readable(answer.to_string().as_bytes()).contains(mark.as_str()),
            "{name}: the answer holds it: {answer}"
        );
    }
    // And all of them in the addresses of the older services, at once.
    let all: Vec<&Value> = forms.iter().map(|(.., event)| event).collect();
    for path in ["/v1/events", "/v1/sessions/events"] {
        let (status, answer) = service.send("POST", path, &json!({"api_key": "dev", "events": all}));
        assert_eq!(status, 200, "{path}: {answer}");
    }
    let fine = json!({"eventType": "click", "timestamp": jiff::Timestamp::now().as_millisecond(),
        "sessionId": FINE, "route": "/page", "target": {"type": "a", "id": FINE}});
    let (status, answer) = service.send("POST", "/v1/events", &json!({"api_key": "dev", "events": [fine]}));
    assert_eq!((status, &answer["processed"]), (200, &json!(1)), "{answer}");
    wait::until("the event that is fine is in the store", PATIENCE, || {
        let files = ["issues.db", "issues.db-wal"].map(|name| service.folder.path().join(name));
        files
            .iter()
            .any(|file| fs::read(file).is_ok_and(|bytes| readable(&bytes).contains(FINE)))
            .then_some(())
    });
    service.program.terminate(PATIENCE).expect("the service ends");
    let kept = kept(&service);
    for place in ["topic", "store", "sessions"] {
        assert!(kept[place].contains(FINE), "{place} holds what is fine, so it was looked at");
    }
    assert!(kept["consumer.log"].len() > 500, "the log was written");
    let mut wrong = Vec::new();
    for (name, mark, _) in &forms {
        let places =
            kept.iter().filter(|(_, text)| text.contains(mark.as_str())).map(|(place, _)| place.as_str());
        wrong.extend(places.map(|place| format!("{name} ({mark}) is in {place}")));
    }
    let cards = ["4111111111111111", "4111 1111", "4111-1111"];
    wrong.extend(kept.iter().flat_map(|(place, text)| {
        cards.iter().filter(|card| text.contains(**card)).map(move |card| format!("{card} is in {place}"))
    }));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    eprintln!("{} forms, none of them in {:?}", forms.len(), kept.keys().collect::<Vec<_>>());
}
