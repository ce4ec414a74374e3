//! The dedup window: a storm of one error becomes few records, and no count is lost. No clock, no I/O: time is a parameter.
//!
//! The first report of a fingerprint goes out at once. What follows within its window is one record, made when the
//! window ends; the next window is twice as long, up to a limit, and a window without repeats ends the storm.
//! One crash that is told by two ways in (an SDK's hook and the traceback on stderr) counts once: within one window
//! the way in with the most reports counts, the others are its pairs.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    time::{Duration, Instant},
};

use issue::{id::IssueId, record::Via};
use jiff::Timestamp;

/// The ways in, in the order of the counters.
pub const WAYS: [Via; 4] = [Via::Stderr, Via::Http, Via::Sentry, Via::Otlp];

/// How repeats are held together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Length of the first window.
    pub first: Duration,
    /// Windows double up to this.
    pub longest: Duration,
    /// At most one full sample of a fingerprint travels in this time.
    pub sample: Duration,
    /// Live fingerprints; the least recent leaves.
    pub most: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(10),
            longest: Duration::from_secs(300),
            sample: Duration::from_secs(60),
            most: 10_000,
        }
    }
}

impl Rules {
    /// For somebody who looks at once: counts are told within a second or so.
    pub fn short() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(5),
            sample: Duration::from_secs(5),
            ..Self::default()
        }
    }
}

/// What a report is to the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The first of its fingerprint: it goes out at once.
    First,
    /// A repeat whose full text is worth keeping, because the last full text is old.
    Sample,
    /// A repeat that only counts.
    Repeat,
}

/// What is known of one report besides its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The way in.
    pub via: Via,
    /// When it happened.
    pub at: Timestamp,
    /// Its number in the journal.
    pub lsn: u64,
}

/// One live fingerprint. `B` is where its text lies.
#[derive(Clone, Debug, PartialEq)]
pub struct Live<B> {
    /// Reports of this window by way in, in the order of [`WAYS`].
    pub seen: [u64; WAYS.len()],
    /// How many of this window have been counted already.
    pub counted: u64,
    /// Counted in earlier windows whose record is not made yet.
    pub owed: u64,
    /// Accepted, neither counted in a record nor paired.
    pub pending: u64,
    /// Reports of this window after the one that opened it.
    pub repeats: u64,
    /// Time of the first and last pending report.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Number of the last report.
    pub lsn: u64,
    /// The latest text.
    pub body: Option<B>,
    /// Whether that text is a full sample that has not travelled yet.
    pub fresh: bool,
    /// Length of this window.
    pub window: Duration,
    pub(crate) sampled: Instant,
    pub(crate) closes: Instant,
    pub(crate) tick: u64,
}

/// What a record made now would count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Reports it stands for. 0: no record is due.
    pub count: u64,
    /// Reports that are the other side of a pair.
    pub paired: u64,
}

/// What becomes of the window after a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// It goes on.
    Keep,
    /// The next one begins.
    Next,
    /// The fingerprint is forgotten.
    Forget,
}

impl<B> Live<B> {
    /// Decides the pairs: the way in with the most reports counts.
    pub fn due(&self) -> Due {
        let larger = self.seen.iter().copied().max().unwrap_or(0);
        let count = (self.owed + larger.saturating_sub(self.counted)).min(self.pending);
        Due { count, paired: self.pending - count }
    }

    fn count(&mut self, due: Due) {
        self.counted += due.count.saturating_sub(self.owed);
        self.pending = self.pending.saturating_sub(due.paired);
    }
}

/// All live fingerprints.
#[derive(Clone, Debug)]
pub struct Windows<B> {
    rules: Rules,
    lives: HashMap<IssueId, Live<B>>,
    closing: BTreeSet<(Instant, IssueId)>,
    recent: BTreeMap<u64, IssueId>,
    owing: BTreeSet<IssueId>,
    tick: u64,
}

impl<B> Windows<B> {
    /// None is live.
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            lives: HashMap::new(),
            closing: BTreeSet::new(),
            recent: BTreeMap::new(),
            owing: BTreeSet::new(),
            tick: 0,
        }
    }

    /// From here on; windows that are open end when they would have.
    pub fn set_rules(&mut self, rules: Rules) {
        self.rules = rules;
    }

    /// What a report of this issue would be.
    pub fn judge(&self, issue: IssueId, now: Instant) -> Verdict {
        match self.lives.get(&issue) {
            None => Verdict::First,
            Some(live) if now >= live.sampled + self.rules.sample => Verdict::Sample,
            Some(_) => Verdict::Repeat,
        }
    }

    /// Takes a report in. `sample` is its full text where [`Windows::judge`] asked for it.
    pub fn note(&mut self, issue: IssueId, sighting: Sighting, sample: Option<B>, now: Instant) {
        self.tick += 1;
        let tick = self.tick;
        let opened = !self.lives.contains_key(&issue);
        let live = self.lives.entry(issue).or_insert_with(|| {
            let closes = now + self.rules.first;
            self.closing.insert((closes, issue));
            Live::opened(self.rules.first, now, closes, tick)
        });
        self.recent.remove(&live.tick);
        self.recent.insert(tick, issue);
        live.tick = tick;
        live.repeats += u64::from(!opened);
        live.pending += 1;
        live.lsn = sighting.lsn;
        if let Some(seen) =
            WAYS.iter().position(|&via| via == sighting.via).and_then(|i| live.seen.get_mut(i))
        {
            *seen += 1;
        }
        let (first, last) = live.span.unwrap_or((sighting.at, sighting.at));
        live.span = Some((first.min(sighting.at), last.max(sighting.at)));
        if let Some(body) = sample {
            live.body = Some(body);
            live.fresh = true;
            live.sampled = now;
        }
    }

    /// A record with [`Live::due`] reports was made; `body` is its text.
    pub fn sealed(&mut self, issue: IssueId, due: Due, body: B, after: After, now: Instant) {
        let Some(live) = self.lives.get_mut(&issue) else { return };
        live.count(due);
        live.pending = live.pending.saturating_sub(due.count);
        live.owed = 0;
        live.span = None;
        live.body = Some(body);
        live.fresh = false;
        self.owing.remove(&issue);
        self.turn(issue, after, now);
    }

    /// The window ended, its pairs are decided, and no record was made: what counts is owed.
    pub fn closed(&mut self, issue: IssueId, paired: u64, after: After, now: Instant) {
        let Some(live) = self.lives.get_mut(&issue) else { return };
        live.count(Due { count: live.due().count, paired });
        live.owed = live.pending;
        if live.owed > 0 {
            self.owing.insert(issue);
        } else {
            live.span = None;
        }
        self.turn(issue, after, now);
    }

    fn turn(&mut self, issue: IssueId, after: After, now: Instant) {
        match after {
            After::Keep => {}
            After::Forget => drop(self.forget(issue)),
            After::Next => {
                let Some(live) = self.lives.get_mut(&issue) else { return };
                self.closing.remove(&(live.closes, issue));
                live.window = (live.window * 2).min(self.rules.longest).max(self.rules.first);
                live.seen = [0; WAYS.len()];
                (live.counted, live.repeats) = (0, 0);
                live.closes = now + live.window;
                self.closing.insert((live.closes, issue));
            }
        }
    }

    /// Takes a fingerprint out.
    pub fn forget(&mut self, issue: IssueId) -> Option<Live<B>> {
        let live = self.lives.remove(&issue)?;
        self.closing.remove(&(live.closes, issue));
        self.recent.remove(&live.tick);
        self.owing.remove(&issue);
        Some(live)
    }

    /// Puts a fingerprint back that a journal carried: its window ends when the first would, so that its count is soon told.
    pub fn restore(&mut self, issue: IssueId, mut live: Live<B>, now: Instant) {
        drop(self.forget(issue));
        self.tick += 1;
        live.tick = self.tick;
        live.closes = now + self.rules.first;
        self.closing.insert((live.closes, issue));
        self.recent.insert(live.tick, issue);
        if live.owed > 0 {
            self.owing.insert(issue);
        }
        self.lives.insert(issue, live);
    }

    /// The fingerprint whose window ended first, if one has.
    pub fn ended(&self, now: Instant) -> Option<IssueId> {
        self.closing.first().filter(|(closes, _)| *closes <= now).map(|&(_, issue)| issue)
    }

    /// A fingerprint with a count from earlier windows whose record is not made yet, among those that `wanted` takes.
    pub fn owing(&self, wanted: impl Fn(IssueId) -> bool) -> Option<IssueId> {
        self.owing.iter().copied().find(|&issue| wanted(issue))
    }

    /// The full text of this fingerprint need not travel now.
    pub fn spare(&mut self, issue: IssueId) {
        if let Some(live) = self.lives.get_mut(&issue) {
            live.fresh = false;
        }
    }

    /// A fingerprint that must leave before another may come.
    pub fn crowded(&self) -> Option<IssueId> {
        (self.lives.len() >= self.rules.most).then(|| self.recent.values().next().copied()).flatten()
    }

    /// When the next window ends.
    pub fn deadline(&self) -> Option<Instant> {
        self.closing.first().map(|&(closes, _)| closes)
    }

    /// One live fingerprint.
    pub fn get(&self, issue: IssueId) -> Option<&Live<B>> {
        self.lives.get(&issue)
    }

    /// All, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (IssueId, &Live<B>)> {
        self.lives.iter().map(|(&issue, live)| (issue, live))
    }

    /// All issues, in no order.
    pub fn issues(&self) -> Vec<IssueId> {
        self.lives.keys().copied().collect()
    }

    /// How many are live.
    pub fn len(&self) -> usize {
        self.lives.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.lives.is_empty()
    }

    /// The text moved.
    pub fn moved(&mut self, issue: IssueId, body: B) {
        if let Some(live) = self.lives.get_mut(&issue) {
            live.body = Some(body);
        }
    }
}

impl<B> Live<B> {
    /// An empty window that begins now.
    pub fn opened(window: Duration, now: Instant, closes: Instant, tick: u64) -> Self {
        Self {
            seen: [0; WAYS.len()],
            counted: 0,
            owed: 0,
            pending: 0,
            repeats: 0,
            span: None,
            lsn: 0,
            body: None,
            fresh: false,
            window,
            sampled: now,
            closes,
            tick,
        }
    }
}

#[cfg(test)]
mod tests;
