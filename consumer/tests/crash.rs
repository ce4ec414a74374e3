//! A process that writes to the store is killed at any moment: every change is there whole or not at all, and none that
//! was answered is missing. Without the usual test harness, because the program calls itself to have something to kill.

#![expect(clippy::print_stdout, reason = "the child tells by its output what has been answered")]

use std::{
    io::{BufRead, BufReader, Write as _},
    path::Path,
    process::{Command, Stdio},
};

use consumer::store::{ChildKind, IssueStore, Loaded, Version, Wanted, Write, Written, sqlite::SqliteStore};
use issue::{
    id::{IssueId, SourceId, TrackerName},
    lifecycle::{Cause, Event, State, apply},
    record::{IssueBody, IssueType},
    report::Priority,
};
use jiff::Timestamp;
use uuid::Uuid;

const NAME: &str = "a_killed_writer_leaves_whole_changes";
const ISSUES: u32 = 5;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["write", path] => on_a_runtime(write_for_ever(Path::new(path))),
        // What test runners ask before they run anything.
        args if args.contains(&"--list") => {
            if !args.contains(&"--ignored") {
                println!("{NAME}: test");
            }
        }
        _ => {
            on_a_runtime(kill_again_and_again());
            println!("test {NAME} ... ok");
        }
    }
}

fn on_a_runtime(work: impl Future<Output = ()>) {
    tokio::runtime::Runtime::new().expect("a runtime").block_on(work);
}

fn id_of(n: u32) -> IssueId {
    IssueId::of_fingerprint(&TrackerName::local(), &format!("v1:{n}"))
}

fn source() -> SourceId {
    SourceId { spool: Uuid::from_u128(1), partitions: 6 }
}

async fn load(store: &SqliteStore, id: IssueId) -> Loaded {
    let wanted = [Wanted { id, sources: vec![source()] }];
    store.load(&wanted).await.expect("the store loads").pop().expect("an answer")
}

/// Counts all issues up together, and says so each time that it was answered.
async fn write_for_ever(path: &Path) {
    let store = SqliteStore::open(path).expect("the store opens");
    let mut round = highest_seen(&store).await;
    loop {
        round += 1;
        let mut writes = Vec::new();
        for n in 0..ISSUES {
            writes.push(next(&store, id_of(n), round).await);
        }
        let written = store.write(writes).await.expect("the store writes");
        assert!(written.iter().all(|written| matches!(written, Written::Done(_))));
        println!("{round}");
        std::io::stdout().flush().expect("the parent listens");
    }
}

async fn highest_seen(store: &SqliteStore) -> u64 {
    load(store, id_of(0)).await.seen.first().map_or(0, |(_, seq)| *seq)
}

/// The issue with one comment more.
async fn next(store: &SqliteStore, id: IssueId, round: u64) -> Write {
    let loaded = load(store, id).await;
    let mut state = State { issue: loaded.issue, ..State::default() };
    let cause = Cause {
        id: Cause::id_of_record(&source(), round),
        at: Timestamp::from_second(i64::try_from(round).expect("small")).expect("a time"),
        actor: "ada".to_owned(),
    };
    if loaded.version == Version::Absent {
        let written = Event::Written { body: Box::new(body()), place: None };
        apply(&mut state, id, written, &cause).expect("it can be written");
    }
    let comment = Event::Commented { content: format!("round {round}") };
    apply(&mut state, id, comment, &cause).expect("it can be commented on");
    Write {
        issue: state.issue.expect("an issue"),
        expect: loaded.version,
        seen: vec![(source(), round)],
        occurrences: state.occurrences,
        activities: state.activities,
        comments: state.comments,
        notifications: state.notifications,
        notes: Vec::new(),
    }
}

fn body() -> IssueBody {
    IssueBody {
        title: "t".to_owned(),
        description: "d".to_owned(),
        issue_type: IssueType::Task,
        priority: Priority::Low,
        reporter_id: "eve".to_owned(),
        assignee_id: None,
        tags: Vec::new(),
        component: None,
        severity: None,
        context: None,
        fingerprint: None,
        created_at: None,
    }
}

async fn kill_again_and_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("issues.db");
    for answers in [1, 2, 7, 3, 13, 5] {
        let answered = write_and_kill(&path, answers);
        let store = SqliteStore::open(&path).expect("the store opens after a crash");
        check(&store, answered).await;
    }
}

/// Lets a child write until it has been answered so often, and kills it there; tells the last answer.
fn write_and_kill(path: &Path, answers: usize) -> u64 {
    let program = std::env::current_exe().expect("this program");
    let mut child =
        Command::new(program).arg("write").arg(path).stdout(Stdio::piped()).spawn().expect("a child");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let mut last = 0;
    for _ in 0..answers {
        last = lines.next().expect("an answer").expect("a line").parse().expect("a number");
    }
    child.kill().expect("it is killed");
    // What it said after that counts as well.
    for line in lines.map_while(Result::ok) {
        last = line.parse().unwrap_or(last);
    }
    child.wait().expect("it is dead");
    last
}

async fn check(store: &SqliteStore, answered: u64) {
    let mut rounds = Vec::new();
    for n in 0..ISSUES {
        let seen = load(store, id_of(n)).await.seen.first().map_or(0, |(_, seq)| *seq);
        let comments = count(store, id_of(n), ChildKind::Comments).await;
        let activities = count(store, id_of(n), ChildKind::Activities).await;
        assert_eq!((comments, activities), (seen, seen + 1), "a change is there in part");
        rounds.push(seen);
    }
    assert!(rounds.iter().all(|round| *round == rounds[0]), "a batch is there in part: {rounds:?}");
    assert!(rounds[0] >= answered, "{answered} was answered, {} is there", rounds[0]);
}

async fn count(store: &SqliteStore, id: IssueId, kind: ChildKind) -> u64 {
    let page = store.children(id, kind, None, 100_000).await.expect("children");
    page.items.len() as u64
}
