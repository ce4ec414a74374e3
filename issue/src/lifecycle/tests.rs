//! The lifecycle, rule by rule.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    document::{Mute, Status, Tally},
    id::TrackerName,
    record::{IssueBody, IssueType, Place, ReportBody, Via, Workload},
    report::{Category, Kind, Language, Level, Priority, Report},
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).expect("a time")
}

fn id() -> IssueId {
    IssueId::of_fingerprint(&TrackerName::local(), "v1:1")
}

fn cause(n: u64, second: i64, actor: &str) -> Cause {
    let source = SourceId { spool: Uuid::from_u128(1), partitions: 6 };
    Cause { id: Cause::id_of_record(&source, n), at: at(second), actor: actor.to_owned() }
}

fn sighting(second: i64, release: Option<&str>) -> Sighting {
    let report = Report {
        kind: Kind::Exception,
        level: Level::Error,
        language: Language::Python,
        error_type: Some("ValueError".to_owned()),
        message: "bad 7".to_owned(),
        frames: Vec::new(),
        causes: Vec::new(),
        template: "bad <int>".to_owned(),
        culprit: None,
        log: None,
        redacted: Default::default(),
        fingerprint: "v1:1".to_owned(),
        category: Category::Code,
        priority: Priority::High,
        text: String::new(),
    };
    let body = ReportBody {
        title: report.title(),
        report,
        full: false,
        component: None,
        tags: Vec::new(),
        context: None,
    };
    let workload = Workload { kind: "Deployment".to_owned(), name: "api".to_owned() };
    Sighting {
        count: 1,
        first_at: at(second),
        last_at: at(second),
        via: Via::Stderr,
        place: Place { workload: Some(workload), release: release.map(str::to_owned), ..Place::default() },
        body: Body::Report(body),
    }
}

fn reported(second: i64, release: Option<&str>) -> Event {
    Event::Reported(Box::new(sighting(second, release)))
}

fn changed(changes: serde_json::Value) -> Event {
    Event::Changed(Box::new(serde_json::from_value(changes).expect("changes")))
}

/// Lets events happen one second apart, the first at second 0.
fn history(events: Vec<(&str, Event)>) -> State {
    let mut state = State::default();
    for (n, (actor, event)) in (0..).zip(events) {
        let second = i64::try_from(n).expect("small");
        apply(&mut state, id(), event, &cause(n, second, actor)).expect("it can happen");
    }
    state
}

fn issue(state: &State) -> &Issue {
    state.issue.as_ref().expect("an issue")
}

fn told(state: &State) -> Vec<(&str, &str)> {
    state.notifications.iter().map(|n| (n.user_id.as_str(), n.notification_type.as_str())).collect()
}

fn done(state: &State) -> Vec<ActivityType> {
    state.activities.iter().map(|activity| activity.activity_type).collect()
}

#[test]
fn reports_make_an_issue_and_are_counted() {
    let state = history(vec![
        ("api", reported(0, Some("r1"))),
        ("api", reported(1, Some("r2"))),
        ("api", reported(2, Some("r2"))),
    ]);
    let issue = issue(&state);
    assert_eq!((issue.count, issue.status, issue.priority), (3, Status::Open, Priority::High));
    assert_eq!((issue.first_seen, issue.last_seen), (Some(at(0)), Some(at(2))));
    assert_eq!((issue.first_release.as_deref(), issue.last_release.as_deref()), (Some("r1"), Some("r2")));
    assert_eq!(issue.releases.get("r2").map(|seen| seen.count), Some(2));
    assert_eq!(issue.workloads, [("Deployment/api".to_owned(), 3)].into());
    assert_eq!(issue.hours.values().sum::<u64>(), 3);
    assert_eq!(issue.reporter_id, "api");
    assert_eq!(state.occurrences.len(), 3);
    assert_eq!(done(&state), [ActivityType::Created]);
}

#[test]
fn only_a_report_that_happened_after_the_resolution_regresses() {
    for (happened, comes_back) in [(0, false), (1, false), (2, true)] {
        let state = history(vec![
            ("api", reported(0, None)),
            ("ada", changed(json!({"status": "resolved"}))),
            ("api", reported(happened, None)),
        ]);
        let issue = issue(&state);
        let status = if comes_back { Status::Open } else { Status::Resolved };
        assert_eq!((issue.status, issue.regressed, issue.count), (status, comes_back, 2), "{happened}");
        assert_eq!(issue.resolved_at.is_some(), !comes_back);
        assert_eq!(done(&state).contains(&ActivityType::Regressed), comes_back);
    }
}

#[test]
fn resolved_in_the_next_release_forgives_the_present_one() {
    for (release, comes_back) in [("r1", false), ("r2", true)] {
        let state = history(vec![
            ("api", reported(0, Some("r1"))),
            ("ada", changed(json!({"status": "resolved", "resolution": "next-release"}))),
            ("api", reported(9, Some(release))),
        ]);
        assert_eq!(issue(&state).status == Status::Open, comes_back, "{release}");
    }
}

#[test]
fn resolved_at_stands_only_while_it_is_resolved() {
    let state = history(vec![("api", reported(0, None)), ("ada", changed(json!({"status": "resolved"})))]);
    assert_eq!(issue(&state).resolved_at, Some(at(1)));
    let state = history(vec![
        ("api", reported(0, None)),
        ("ada", changed(json!({"status": "resolved", "resolution": "next-release"}))),
        ("ada", changed(json!({"status": "in-progress"}))),
    ]);
    assert_eq!((issue(&state).resolved_at, issue(&state).resolved_in.as_ref()), (None, None));
}

#[test]
fn a_closed_issue_counts_and_stays_closed() {
    let state = history(vec![
        ("api", reported(0, None)),
        ("ada", changed(json!({"status": "closed"}))),
        ("api", reported(9, None)),
    ]);
    assert_eq!((issue(&state).status, issue(&state).count), (Status::Closed, 2));
}

#[test]
fn a_mute_is_silent_until_its_condition_ends() {
    for mute in [json!({"count": 2}), json!({"until": at(5).to_string()}), json!({"nextRelease": ""})] {
        let mut events = vec![
            ("api", reported(0, Some("r1"))),
            ("ada", changed(json!({"assignee_id": "bob"}))),
            ("ada", changed(json!({"mute": mute}))),
        ];
        events.push(("ada", changed(json!({"status": "resolved"}))));
        events.push(("api", reported(4, Some("r1"))));
        let silent = history(events.clone());
        assert!(issue(&silent).mute.is_some() && issue(&silent).regressed, "{mute} ended early");
        assert!(!told(&silent).contains(&("bob", "regressed")), "{mute}");
        events.push(("api", reported(5, Some("r1"))));
        events.push(("api", reported(6, Some("r2"))));
        let heard = history(events);
        assert_eq!(issue(&heard).mute, None, "{mute} goes on");
        assert_eq!(issue(&heard).count, 4, "{mute}: muted reports are counted");
    }
}

#[test]
fn a_mute_names_the_count_at_which_it_ends() {
    let state = history(vec![("api", reported(0, None)), ("ada", changed(json!({"mute": {"count": 10}})))]);
    assert_eq!(issue(&state).mute, Some(Mute::Count(11)));
}

#[test]
fn every_change_keeps_old_and_new_values() {
    let state = history(vec![
        ("api", reported(0, None)),
        ("ada", changed(json!({"title": "t", "assignee_id": "bob", "priority": "low"}))),
        ("ada", changed(json!({"assignee_id": null}))),
        ("ada", changed(json!({"assignee_id": null, "priority": "low"}))),
    ]);
    use ActivityType::{Assigned, Created, Updated};
    assert_eq!(done(&state), [Created, Assigned, Updated, Assigned]);
    let changes: Vec<_> = state.activities.iter().flat_map(|activity| &activity.changes).collect();
    let as_json: Vec<_> = changes.iter().map(|c| json!([c.field, c.old_value, c.new_value])).collect();
    let expected = [
        json!(["assigneeId", null, "bob"]),
        json!(["priority", "high", "low"]),
        json!(["title", "ValueError: bad 7", "t"]),
        json!(["assigneeId", "bob", null]),
    ];
    assert_eq!(as_json, expected);
    assert_eq!(issue(&state).updated_at, at(2), "a change that changes nothing leaves no trace");
}

#[test]
fn those_concerned_are_told_and_the_actor_is_not() {
    let body = IssueBody {
        title: "Dark mode".to_owned(),
        description: "please".to_owned(),
        issue_type: IssueType::Feature,
        priority: Priority::Low,
        reporter_id: "eve".to_owned(),
        assignee_id: Some("bob".to_owned()),
        tags: Vec::new(),
        component: None,
        severity: None,
        context: None,
        fingerprint: None,
        created_at: None,
    };
    let comment = |content: &str| Event::Commented { content: content.to_owned() };
    let state = history(vec![
        ("eve", Event::Written { body: Box::new(body.clone()), place: None }),
        ("bob", changed(json!({"status": "in-progress"}))),
        ("ada", comment("@bob, see (@carol@example.org). mail@nobody.org @")),
        ("eve", Event::Written { body: Box::new(body), place: None }),
    ]);
    let expected = [
        ("bob", "assigned"),
        ("eve", "status-changed"),
        ("bob", "mentioned"),
        ("carol@example.org", "mentioned"),
        ("eve", "commented"),
    ];
    assert_eq!(told(&state), expected);
    assert_eq!((state.comments.len(), issue(&state).count), (1, 0));
}

#[test]
fn a_service_changes_only_what_it_reported() {
    let mut state = history(vec![("api", reported(0, None))]);
    let by = |name: Option<&str>| {
        let workload = name.map(|name| Workload { kind: "Deployment".to_owned(), name: name.to_owned() });
        let changes = Changes { priority: Some(Priority::Low), ..Changes::default() };
        let place = Box::new(Place { workload, ..Place::default() });
        Event::ChangedByReporter { changes: Box::new(changes), place }
    };
    let refused = Err(Refused::NotReportedBySender);
    assert_eq!(apply(&mut state, id(), by(Some("web")), &cause(7, 7, "api")), refused);
    assert_eq!(apply(&mut state, id(), by(None), &cause(8, 8, "web")), refused);
    assert_eq!(apply(&mut state, id(), by(Some("api")), &cause(9, 9, "api")), Ok(Effect::Changed));
    let unknown = apply(&mut State::default(), id(), by(Some("api")), &cause(9, 9, "api"));
    assert_eq!(unknown, Err(Refused::UnknownIssue));
}

#[test]
fn a_clock_that_runs_ahead_is_pulled_back() {
    let state = history(vec![("api", reported(86_400, None))]);
    assert_eq!(issue(&state).last_seen, Some(at(300)));
}

#[test]
fn hours_and_days_and_releases_and_workloads_are_bounded() {
    let mut state = State::default();
    for n in 0..2_000_u64 {
        let second = i64::try_from(n).expect("small") * 3_600;
        let mut sighting = sighting(second, Some(&format!("r{n}")));
        sighting.place.workload = Some(Workload { kind: "Job".to_owned(), name: format!("j{n}") });
        let event = Event::Reported(Box::new(sighting));
        apply(&mut state, id(), event, &cause(n, second, "api")).expect("it can happen");
    }
    let issue = issue(&state);
    assert_eq!((issue.hours.len(), issue.days.len()), (48, 30));
    assert_eq!((issue.releases.len(), issue.workloads.len()), (20, 20));
    assert!(issue.releases.contains_key("r1999") && issue.workloads.contains_key("Job/j1999"));
    let late = reported(0, None);
    let before = issue.hours.clone();
    let later = cause(5_000, 2_000 * 3_600, "api");
    apply(&mut state, id(), late, &later).expect("it can happen");
    assert_eq!(state.issue.expect("an issue").hours, before, "what is too old opens no bucket");
}

#[derive(Clone, Debug)]
enum Step {
    Report { back: i64, release: u8, count: u64 },
    Resolve { next: bool },
    Mute { count: u64 },
    Comment,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let report = (0_i64..10_000, 0_u8..4, 1_u64..50).prop_map(|(back, release, count)| Step::Report {
        back,
        release,
        count,
    });
    let step = prop_oneof![
        6 => report,
        1 => any::<bool>().prop_map(|next| Step::Resolve { next }),
        1 => (1_u64..20).prop_map(|count| Step::Mute { count }),
        1 => Just(Step::Comment),
    ];
    prop::collection::vec(step, 1..80)
}

fn event_of(step: &Step, now: i64) -> Event {
    match step {
        Step::Report { back, release, count } => {
            let mut sighting = sighting(now - back, (*release > 0).then_some(&*format!("r{release}")));
            sighting.count = *count;
            Event::Reported(Box::new(sighting))
        }
        Step::Resolve { next } => {
            let resolution = if *next { "next-release" } else { "now" };
            changed(json!({"status": "resolved", "resolution": resolution}))
        }
        Step::Mute { count } => changed(json!({"mute": {"count": count}})),
        Step::Comment => Event::Commented { content: "@bob".to_owned() },
    }
}

/// What a store would hold after batches of these lengths, each batch loaded, folded and written, with every record
/// sent again now and then.
fn stored(steps: &[Step], cuts: &[usize], replay: bool) -> (State, u64) {
    let mut stored = State::default();
    let mut seen: Option<u64> = None;
    let mut begin = 0;
    for cut in cuts.iter().cycle() {
        let end = (begin + cut).min(steps.len());
        let mut batch = State { issue: stored.issue.clone(), ..State::default() };
        let from = if replay { begin.saturating_sub(7) } else { begin };
        for (n, step) in steps.iter().enumerate().take(end).skip(from) {
            let seq = u64::try_from(n).expect("small");
            if seen.is_some_and(|seen| seq <= seen) {
                continue;
            }
            seen = Some(seq);
            let now = i64::try_from(n).expect("small") * 45;
            // A comment or a change that comes before the issue is refused, in every split.
            if apply(&mut batch, id(), event_of(step, now), &cause(seq, now, "api")).is_err() {
                assert!(batch.issue.is_none(), "only what has no issue is refused");
            }
        }
        stored.issue = batch.issue;
        stored.activities.extend(batch.activities);
        stored.comments.extend(batch.comments);
        stored.notifications.extend(batch.notifications);
        stored.occurrences.extend(reports::thinned(batch.occurrences));
        stored.occurrences = reports::thinned(std::mem::take(&mut stored.occurrences));
        begin = end;
        if begin == steps.len() {
            break;
        }
    }
    (stored, seen.unwrap_or_default())
}

proptest! {
    #[test]
    fn any_batch_split_and_any_replay_gives_the_same_documents(
        steps in steps(),
        cuts in prop::collection::vec(1_usize..15, 1..10),
    ) {
        let whole = stored(&steps, &[steps.len()], false);
        prop_assert_eq!(&stored(&steps, &cuts, false), &whole);
        prop_assert_eq!(&stored(&steps, &cuts, true), &whole);
        prop_assert_eq!(&stored(&steps, &[1], true), &whole);
    }
}

/// An issue of its own kind that has counted these seconds.
fn counted(n: u64, seconds: &[i64]) -> State {
    let mut state = State::default();
    for (k, second) in (1..).zip(seconds) {
        let id = IssueId::of_fingerprint(&TrackerName::local(), &format!("v1:{n}"));
        let event = Event::Reported(Box::new(sighting(*second, Some("r1"))));
        apply(&mut state, id, event, &cause(n * 1_000 + k, *second, "api")).expect("it counts");
    }
    state
}

fn issue_of(state: &State) -> &Issue {
    state.issue.as_ref().expect("an issue")
}

#[test]
fn a_merged_count_is_the_sum_and_unmerge_is_exact() {
    let (mut target, mut member) = (counted(1, &[10, 4_000]), counted(2, &[5, 20, 90_000]));
    let (before, alone) = (issue_of(&target).clone(), issue_of(&member).clone());
    let member_id = alone.id;
    let by = |n: u64| cause(50_000 + n, 100_000, "ada");
    merge::enter(&mut member, before.id, &by(1)).expect("it enters");
    merge::absorb(&mut target, member_id, &merge::own_tally(issue_of(&member)), &by(2)).expect("absorbed");
    let sum = issue_of(&target);
    assert_eq!((sum.count, sum.first_seen, sum.last_seen), (5, Some(at(5)), Some(at(90_000))));
    assert_eq!(sum.days.values().sum::<u64>(), 5);
    assert_eq!((issue_of(&member).status, merge::members(sum)), (Status::Closed, vec![member_id]));
    // Both go on counting; what the target knows of the member is taken over as often as one likes.
    let more = |state: &mut State, n, second| {
        let id = issue_of(state).id;
        let event = Event::Reported(Box::new(sighting(second, Some("r1"))));
        apply(state, id, event, &cause(n, second, "api")).expect("it counts");
    };
    more(&mut member, 2_900, 100_100);
    more(&mut target, 1_900, 100_200);
    for expect in [Effect::Changed, Effect::Nothing] {
        let tally = merge::own_tally(issue_of(&member));
        assert_eq!(merge::absorb(&mut target, member_id, &tally, &by(3)), Ok(expect));
    }
    assert_eq!(issue_of(&target).count, 7);
    merge::leave(&mut member, &by(4)).expect("it leaves");
    merge::release(&mut target, member_id, &by(5)).expect("released");
    let plain = |mut state: State| {
        let issue = state.issue.take().expect("an issue");
        Issue { updated_at: at(0), ..issue }
    };
    assert_eq!(
        plain(target),
        plain({
            let mut state = counted(1, &[10, 4_000]);
            more(&mut state, 1_900, 100_200);
            state
        })
    );
    assert_eq!(
        plain(member),
        plain({
            let mut state = counted(2, &[5, 20, 90_000]);
            more(&mut state, 2_900, 100_100);
            state
        })
    );
}

#[test]
fn a_members_report_brings_the_merged_issue_back_and_not_the_member() {
    let (mut target, mut member) = (counted(1, &[10]), counted(2, &[20]));
    let (target_id, member_id) = (issue_of(&target).id, issue_of(&member).id);
    merge::enter(&mut member, target_id, &cause(50_001, 30, "ada")).expect("it enters");
    merge::absorb(&mut target, member_id, &merge::own_tally(issue_of(&member)), &cause(50_002, 30, "ada"))
        .expect("absorbed");
    let resolve = Changes { status: Some(Status::Resolved), ..Changes::default() };
    apply(&mut target, target_id, Event::Changed(Box::new(resolve.clone())), &cause(50_003, 40, "ada"))
        .expect("resolved");
    let reopen = Changes { status: Some(Status::Open), ..Changes::default() };
    let refused = apply(&mut member, member_id, Event::Changed(Box::new(reopen)), &cause(50_004, 41, "ada"));
    assert_eq!(refused, Err(Refused::Merged));
    for (second, status) in [(35, Status::Resolved), (50, Status::Open)] {
        let why = cause(2_000 + u64::try_from(second).expect("small"), second, "api");
        let event = Event::Reported(Box::new(sighting(second, Some("r1"))));
        apply(&mut member, member_id, event, &why).expect("it counts");
        let tally = merge::own_tally(issue_of(&member));
        merge::absorb(&mut target, member_id, &tally, &why).expect("absorbed");
        assert_eq!((issue_of(&target).status, issue_of(&member).status), (status, Status::Closed));
    }
    assert!(issue_of(&target).regressed);
}

#[test]
fn merges_do_not_nest() {
    let (mut target, mut member) = (counted(1, &[10]), counted(2, &[20]));
    let (target_id, member_id) = (issue_of(&target).id, issue_of(&member).id);
    let by = cause(50_001, 30, "ada");
    assert_eq!(merge::enter(&mut member, member_id, &by), Err(Refused::Merged));
    assert_eq!(merge::enter(&mut member, target_id, &by), Ok(Effect::Changed));
    assert_eq!(merge::enter(&mut member, target_id, &by), Ok(Effect::Nothing));
    let tally = merge::own_tally(issue_of(&member));
    assert_eq!(merge::absorb(&mut member, target_id, &Tally::default(), &by), Err(Refused::Merged));
    merge::absorb(&mut target, member_id, &tally, &by).expect("absorbed");
    assert_eq!(merge::enter(&mut target, IssueId(Uuid::from_u128(9)), &by), Err(Refused::Merged));
    assert_eq!(merge::leave(&mut target, &by), Ok(Effect::Nothing));
}
