//! What happens just now, for pages that are open: which issues got reports since a moment ago.
//!
//! One task of each process asks the store while anybody listens, and tells all who do. So it works across replicas, an
//! open page costs a channel's place, and a store that nobody watches is not asked.

use std::{
    collections::HashMap,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use issue::{document::Issue, id::IssueId};
use serde::Serialize;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::store::{IssueQuery, IssueStore, StoreError};

/// How often the store is asked. A report shall be on an open list within 2 s, and reading records takes some of them.
const EVERY: Duration = Duration::from_millis(800);

/// Issues that are looked at each time: the latest. More in one beat than these are told as "more".
const LATEST: usize = 50;

/// Beats that a slow listener may be behind.
const BEHIND: usize = 8;

/// What changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Beat {
    /// Issues that were not there before.
    pub new: Vec<IssueId>,
    /// Issues that got reports.
    pub changed: Vec<IssueId>,
    /// Whether there may be more than these.
    pub more: bool,
    /// Whether the store answered.
    pub store: bool,
}

impl Beat {
    /// Nothing happened, and the store answers.
    fn well() -> Self {
        Self { store: true, ..Self::default() }
    }
}

/// Tells listeners.
pub struct Pulse {
    store: Arc<dyn IssueStore>,
    beats: broadcast::Sender<Arc<Beat>>,
    running: Arc<AtomicBool>,
    stop: CancellationToken,
}

impl Pulse {
    /// Nobody listens yet.
    pub fn new(store: Arc<dyn IssueStore>, stop: CancellationToken) -> Self {
        Self { store, beats: broadcast::channel(BEHIND).0, running: Arc::default(), stop }
    }

    /// Ends when the service does.
    pub fn stop(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Every change from now on.
    pub fn listen(&self) -> broadcast::Receiver<Arc<Beat>> {
        let receiver = self.beats.subscribe();
        if !self.running.swap(true, Ordering::SeqCst) {
            let watch = Watch {
                store: Arc::downgrade(&self.store),
                beats: self.beats.clone(),
                running: Arc::clone(&self.running),
            };
            tokio::spawn(watch.run(self.stop.clone()));
        }
        receiver
    }
}

struct Watch {
    store: Weak<dyn IssueStore>,
    beats: broadcast::Sender<Arc<Beat>>,
    running: Arc<AtomicBool>,
}

impl Watch {
    async fn run(self, stop: CancellationToken) {
        let mut known: Option<Known> = None;
        let mut away = false;
        let mut every = tokio::time::interval(EVERY);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = every.tick() => {}
            }
            if self.beats.receiver_count() == 0 {
                self.running.store(false, Ordering::SeqCst);
                // Whoever came in between found it running: then it goes on.
                if self.beats.receiver_count() == 0 || self.running.swap(true, Ordering::SeqCst) {
                    return;
                }
            }
            let Some(store) = self.store.upgrade() else { return };
            let beat = match latest(&*store).await {
                Ok(now) => {
                    let beat = known.as_ref().map_or(Beat::well(), |known| known.until(&now));
                    known = Some(now);
                    // That it is back is told also where nothing else is.
                    let told = std::mem::take(&mut away);
                    Some(beat).filter(|beat| told || !beat.new.is_empty() || !beat.changed.is_empty())
                }
                Err(_) => {
                    away = true;
                    Some(Beat::default())
                }
            };
            if let Some(beat) = beat {
                // Nobody listens any more: the next round ends it.
                self.beats.send(Arc::new(beat)).ok();
            }
        }
    }
}

/// The latest issues at one moment: how many reports each had, and when it was last seen.
struct Known(HashMap<IssueId, (u64, Option<jiff::Timestamp>, jiff::Timestamp)>);

async fn latest(store: &dyn IssueStore) -> Result<Known, StoreError> {
    let query = IssueQuery { limit: LATEST, ..IssueQuery::default() };
    let page = store.list(&query).await?;
    let stands = |issue: &Issue| {
        (issue.id, (issue.count, issue.last_seen, issue.first_seen.unwrap_or(issue.created_at)))
    };
    Ok(Known(page.items.iter().map(stands).collect()))
}

impl Known {
    fn until(&self, now: &Self) -> Beat {
        let newest = self.0.values().map(|(.., first)| *first).max();
        let differs = |id: &IssueId| self.0.get(id) != now.0.get(id);
        let mut beat = Beat::well();
        for (id, (.., first)) in now.0.iter().filter(|(id, _)| differs(id)) {
            // One that came up from further down was not among the latest, and is none the newer for it.
            let is_new = !self.0.contains_key(id) && newest.is_none_or(|newest| *first > newest);
            if is_new { beat.new.push(*id) } else { beat.changed.push(*id) }
        }
        beat.more = beat.new.len() + beat.changed.len() >= LATEST;
        beat
    }
}
