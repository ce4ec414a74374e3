//! Two issues of one request find each other.

use std::sync::Arc;

use ::frustration::{
    incident::Status,
    settings::{Project, Settings},
};
use issue::{
    finish::{self, Origin},
    id::{SourceId, TrackerName},
    lifecycle::{Body, Cause, Event, Sighting},
    record::{Place, ReportBody, Via},
    report::{Kind, Language, Level, Parsed},
};
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::{
    edit,
    store::sqlite::SqliteStore,
    visits::{
        Visits, given,
        incidents::{self, Decision},
    },
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

struct World {
    visits: Visits,
    _folder: tempfile::TempDir,
}

fn world() -> World {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Arc::new(SqliteStore::open(&folder.path().join("issues.db")).expect("the store opens"));
    let project = Project { name: "shop".to_owned(), ..Project::default() };
    let settings = Settings { projects: vec![project], outbound: Vec::new() };
    World { visits: Visits::new(TrackerName::local(), store, settings), _folder: folder }
}

impl World {
    /// A backend reports something; answers its issue.
    async fn report(&self, message: &str, at: Timestamp, context: Value, tags: &[&str]) -> IssueId {
        let mut parsed = Parsed::of_text(Kind::Log, Level::Error, Language::Unknown, message.to_owned());
        parsed.error_type = Some("CardDeclined".to_owned());
        parsed.message = message.to_owned();
        let report = finish::finish(
            parsed,
            &self.visits.redaction,
            &Origin { component: Some("api"), fingerprint: None },
        );
        let id = IssueId::of_fingerprint(&self.visits.tracker, &report.fingerprint);
        let body = ReportBody {
            title: report.title(),
            full: true,
            component: Some("api".to_owned()),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            context: Some(context),
            report,
        };
        let sighting = Sighting {
            count: 1,
            first_at: at,
            last_at: at,
            via: Via::Http,
            place: Place::default(),
            body: Body::Report(body),
        };
        let source = SourceId { spool: Uuid::new_v4(), partitions: 1 };
        let cause = Cause { id: Cause::id_of_record(&source, 1), at, actor: "api".to_owned() };
        let loaded = edit::load(&*self.visits.store, id, Vec::new()).await.expect("loaded");
        let event = Event::Reported(Box::new(sighting));
        edit::once(&*self.visits.store, id, &event, &cause, loaded, vec![(source, 1)])
            .await
            .expect("written")
            .expect("nobody else writes");
        id
    }

    async fn links(&self, id: IssueId) -> Vec<(IssueId, By)> {
        let linked = of_issue(&*self.visits.store, id).await.expect("read");
        linked.iter().map(|linked| (linked.issue.id, linked.link.by)).collect()
    }
}

fn incident(at: Timestamp) -> Incident {
    let told = json!({"incidentId": Uuid::new_v4(), "sessionId": "visit-7", "projectId": "shop", "frustrationScore": 61,
        "confidenceLevel": "High", "confidenceScore": 85, "triggeringSignals": ["rage"], "primaryFailurePoint": "/cart:buy:click",
        "severityType": "High", "kind": "Bug", "timestamp": at.to_string(), "explanation": "It failed.", "signalDetails": [],
        "traceIds": [TRACE]});
    serde_json::from_value(told).expect("an incident")
}

#[tokio::test]
async fn an_incident_and_a_backend_of_one_trace_or_visit_are_linked_both_ways() {
    let world = world();
    let now = Timestamp::now();
    let ago = |seconds: i64| now - jiff::SignedDuration::from_secs(seconds);
    let at = ago(1_000);
    let parent = format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase());
    let near = ago(1_000 - 299);
    let by_trace =
        world.report("declined", near, json!({"contexts": {"trace": {"trace_id": TRACE}}}), &[]).await;
    let by_parent =
        world.report("no stock left", near, json!({"headers": [{"traceparent": parent}]}), &[]).await;
    let by_visit = world.report("cart is gone", near, json!({}), &["visit_id:visit-7"]).await;
    world.report("too late", ago(1_000 - 301), json!({"trace_id": TRACE}), &[]).await;
    world
        .report(
            "another",
            near,
            json!({"trace_id": "4bf92f3577b34da6a3ce929d0e0e4737", "visit_id": "visit-8"}),
            &[],
        )
        .await;
    let taken = given::take(&world.visits, incident(at), now).await.expect("kept");
    let found = incidents::get(&*world.visits.store, &taken.id).await.expect("read").expect("there");
    let confirm = Decision { status: Some(Status::Confirmed), suppressed: None };
    let kept =
        incidents::decide(&world.visits, found, confirm, "ada", now).await.expect("done").expect("in time");
    let own = kept.issue_id.expect("an issue");
    let mut links = world.links(own).await;
    links.sort_by_key(|(id, _)| id.to_string());
    let mut expected = vec![(by_trace, By::Trace), (by_parent, By::Trace), (by_visit, By::Visit)];
    expected.sort_by_key(|(id, _)| id.to_string());
    assert_eq!(links, expected);
    for (other, by) in expected {
        assert_eq!(world.links(other).await, [(own, by)]);
    }
    // Done again, it changes nothing.
    seek(&*world.visits.store, &kept.incident, own).await.expect("done");
    assert_eq!(world.links(own).await.len(), 3);
    assert_eq!(world.links(by_trace).await.len(), 1);
}
