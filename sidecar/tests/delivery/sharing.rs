//! The window that replicas share: what it saves, and that nothing else hangs on it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use sidecar::{shared::SharedWindow, status::Link};

use crate::world::World;

/// How a window answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Honest,
    Refuses,
    NeverAnswers,
    Garbage,
    TooFew,
    Forgets,
}

#[derive(Clone)]
struct Window {
    manner: Manner,
    notes: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Window {
    fn new(manner: Manner) -> Self {
        Self { manner, notes: Arc::default() }
    }
}

#[async_trait]
impl SharedWindow for Window {
    async fn noted(&mut self, keys: &[String]) -> Result<Vec<Option<String>>, String> {
        match self.manner {
            Manner::Refuses => return Err("no".into()),
            Manner::NeverAnswers => std::future::pending().await,
            Manner::Garbage => return Ok(vec![Some("\u{0}garbage".into()); keys.len()]),
            Manner::TooFew => return Ok(Vec::new()),
            Manner::Forgets => self.notes.lock().expect("whole").clear(),
            Manner::Honest => {}
        }
        let notes = self.notes.lock().expect("whole");
        Ok(keys.iter().map(|key| notes.get(key).cloned()).collect())
    }

    async fn note(&mut self, entries: &[(String, String)]) -> Result<(), String> {
        match self.manner {
            Manner::Refuses => return Err("no".into()),
            Manner::NeverAnswers => std::future::pending().await,
            _ => {}
        }
        let mut notes = self.notes.lock().expect("whole");
        for (key, value) in entries {
            notes.entry(key.clone()).or_insert(value.clone());
        }
        Ok(())
    }

    fn forget(&mut self) {}
}

async fn start(world: &mut World, window: &Window) {
    let window = Box::new(window.clone());
    let started =
        sidecar::start_sharing(world.settings.clone(), world.broker.publisher(), Some(window)).await;
    world.sidecar = Some(started.expect("a start"));
}

/// Reports each of 20 kinds three times; returns how many full texts travelled.
async fn reports(world: &mut World) -> usize {
    for _ in 0..3 {
        for kind in 0..20 {
            world.report(kind).await.expect("room");
        }
    }
    tokio::time::advance(Duration::from_secs(12)).await;
    world.until("all published", |world| world.sidecar().status().read().ledger.published == 60).await;
    world.balanced();
    let full = |record: &issue::record::Record| record.report.as_ref().is_some_and(|report| report.full);
    world.broker.read().iter().filter(|record| full(record)).count()
}

#[tokio::test(start_paused = true)]
async fn of_two_sidecars_one_sends_the_full_text_and_both_count_all() {
    let window = Window::new(Manner::Honest);
    let (mut first, mut second) = (World::stopped(), World::stopped());
    start(&mut first, &window).await;
    assert_eq!(reports(&mut first).await, 20);
    first.until("noted", |_| window.notes.lock().expect("whole").len() == 20).await;
    start(&mut second, &window).await;
    assert_eq!(reports(&mut second).await, 0);
    assert_eq!(first.broker.counts(), second.broker.counts());
    assert_eq!(second.sidecar().status().read().shared, Some(Link::Up));
    let key = window.notes.lock().expect("whole").keys().next().expect("a key").clone();
    assert!(key.starts_with("local/dev:error_fingerprint:v1:"), "{key}");
}

#[tokio::test(start_paused = true)]
async fn a_window_that_fails_in_any_manner_changes_nothing() {
    let mut plain = World::new().await;
    let expect = (reports(&mut plain).await, plain.broker.counts());
    for manner in [Manner::Refuses, Manner::NeverAnswers, Manner::Garbage, Manner::TooFew, Manner::Forgets] {
        let window = Window::new(manner);
        let mut world = World::stopped();
        start(&mut world, &window).await;
        assert_eq!((reports(&mut world).await, world.broker.counts()), expect, "{manner:?}");
        let down = [Manner::Refuses, Manner::NeverAnswers, Manner::TooFew].contains(&manner);
        let link = world.sidecar().status().read().shared;
        assert_eq!(link == Some(Link::Down), down, "{manner:?} {link:?}");
    }
}

#[tokio::test]
async fn nobody_waits_for_the_window() {
    let mut world = World::stopped();
    start(&mut world, &Window::new(Manner::NeverAnswers)).await;
    let began = std::time::Instant::now();
    for kind in 0..50 {
        world.report(kind).await.expect("room");
    }
    // Each waits for a sync of the disk, none for the 50 ms of the window.
    assert!(began.elapsed() < Duration::from_millis(50 * 50), "{:?}", began.elapsed());
    world.until("all published", |world| world.broker.total() == 50).await;
}

#[tokio::test]
async fn a_sample_is_noted_only_when_it_is_acknowledged() {
    let window = Window::new(Manner::Honest);
    let mut world = World::stopped();
    world.broker.otherwise(crate::broker::Fate::Silent);
    start(&mut world, &window).await;
    world.report(1).await.expect("room");
    world.until("sent", |world| world.broker.total() == 1).await;
    assert!(window.notes.lock().expect("whole").is_empty());
    world.broker.otherwise(crate::broker::Fate::Acked);
    world.broker.break_connection();
    world.until("noted", |_| window.notes.lock().expect("whole").len() == 1).await;
}
