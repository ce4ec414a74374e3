//! Takes what is due, one step a line: may it go, is it ours, did it arrive before, send, note how it ended.
//!
//! A claim lasts as long as an attempt may take; it is a compare-and-set, so that of two replicas one tries. Whoever dies in
//! the middle leaves a claim that ends and an attempt of unknown end, which the next one looks for.

use std::{collections::HashMap, sync::Arc, time::Duration};

use ::frustration::{
    incident::Incident,
    outbound::{Policy, Skip, Ticket, eligible, notice::message::Message, pause},
    settings::Outlet,
};
use futures::{StreamExt as _, stream};
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::{
    Courier, Failure, Parcel,
    deliveries::{self, Delivery, State},
    exchange::{Exchange, Meaning, What},
    notices,
};
use crate::{
    store::StoreError,
    store::documents::Document,
    visits::{
        Visits,
        counts::Stage,
        incidents::{self, Kept},
    },
};

/// Deliveries that are taken at a time, and at once.
const TAKEN: usize = 40;
const AT_ONCE: usize = 8;

/// A claim outlives an attempt: a courier gives up after a third of it.
const CLAIM: i64 = 60_000;

/// A delivery may be wanted a moment before the incident is confirmed.
const BEFORE: i64 = 60_000;

/// So often a delivery is tried before it is given up; with five minutes between the last ones that is most of an hour.
const ATTEMPTS: u32 = 20;

/// How often what was confirmed is held against what is wanted.
const SWEEP: Duration = Duration::from_secs(300);

/// An attempt begins only as long as its claim lasts long enough to end it; a mail server may read before it answers.
const LEFT: i64 = 25_000;
const LEFT_OF_MAIL: i64 = 55_000;

/// How long it waits.
#[derive(Clone, Copy, Debug)]
pub struct Waits {
    /// Between looks at the outbox.
    pub look: Duration,
    /// Before an attempt of unknown end is looked for: a system may show what it took only after a moment.
    pub unsure: i64,
    /// Milliseconds before attempt n; `frustration::outbound::pause` by default.
    pub pause: fn(u32, Option<u64>) -> u64,
}

impl Default for Waits {
    fn default() -> Self {
        Self { look: Duration::from_secs(1), unsure: 3_000, pause }
    }
}

/// The worker.
pub struct Worker {
    visits: Arc<Visits>,
    courier: Arc<dyn Courier>,
    /// The address of our pages, for links.
    base: Option<String>,
    waits: Waits,
    /// What was sent in which minute, by outlet and by project.
    sent: Mutex<HashMap<String, (i64, u32)>>,
}

/// What becomes of a delivery that is not sent now.
enum Held {
    Until(i64, &'static str),
    Skipped(&'static str),
}

impl Worker {
    /// Nothing happens before [`Worker::run`].
    pub fn new(visits: Arc<Visits>, courier: Arc<dyn Courier>, base: Option<String>, waits: Waits) -> Self {
        Self { visits, courier, base, waits, sent: Mutex::default() }
    }

    /// Delivers until it is told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut look = tokio::time::interval(self.waits.look);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut swept: Option<tokio::time::Instant> = None;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = look.tick() => {}
            }
            let is_time = swept.is_none_or(|at| at.elapsed() >= SWEEP);
            let done = async {
                if is_time {
                    self.sweep().await?;
                    swept = Some(tokio::time::Instant::now());
                }
                while self.step().await? > 0 {}
                Ok::<(), StoreError>(())
            };
            tokio::select! {
                () = stop.cancelled() => return,
                done = done => if let Err(error) = done {
                    tracing::warn!(error = crate::health::told(&error), "the outbox cannot be read; it is tried again");
                }
            }
        }
    }

    /// One round over what is due; tells how many were taken.
    pub async fn step(&self) -> Result<usize, StoreError> {
        let outlets = &self.visits.settings.outbound;
        if outlets.iter().any(|outlet| outlet.issues.is_some()) {
            notices::gather(&*self.visits.store, outlets, Timestamp::now()).await?;
        }
        let due = deliveries::due(&*self.visits.store, Timestamp::now().as_millisecond(), TAKEN).await?;
        let count = due.len();
        let all: Vec<Result<(), StoreError>> =
            stream::iter(due).map(|found| self.deliver(found)).buffer_unordered(AT_ONCE).collect().await;
        all.into_iter().collect::<Result<(), _>>()?;
        Ok(count)
    }

    /// A crash may come between a confirmation and what follows from it: what is confirmed and not sent is wanted again.
    async fn sweep(&self) -> Result<(), StoreError> {
        incidents::follow_confirmed(&self.visits, Timestamp::now()).await.map(drop)
    }

    async fn deliver(&self, found: Document<Delivery>) -> Result<(), StoreError> {
        let now = Timestamp::now();
        let wanted = &found.body;
        let outlet = self.visits.settings.outbound.iter().find(|outlet| outlet.name == wanted.outlet);
        let Some(outlet) = outlet else { return self.skip(&found, "gone", now).await };
        if !wanted.notices.is_empty() {
            return self.tell(found, outlet, now).await;
        }
        let Some(kept) = incidents::get(&*self.visits.store, &wanted.incident_id).await? else {
            return self.skip(&found, "gone", now).await;
        };
        match self.held(outlet, wanted, &kept.body, now) {
            Some(Held::Until(until, reason)) => self
                .keep(&found, found.body.clone().waits(until, Some(reason.to_owned()), now))
                .await
                .map(drop),
            Some(Held::Skipped(reason)) => {
                // One that was asked again and stays skipped was counted before.
                if found.body.reason.as_deref() != Some(reason) {
                    self.visits.counts.add(Stage::Skipped, reason, 1);
                }
                self.skip(&found, reason, now).await
            }
            None => {
                let incident = &kept.body.incident;
                let Some(ticket) = Ticket::of(incident, self.base.as_deref()) else {
                    return self.skip(&found, Skip::ConfidenceBelowMinimum.reason(), now).await;
                };
                self.attempt(found, outlet, What::Incident(incident, &ticket), now).await
            }
        }
    }

    /// Tells an outlet of issues. An attempt that may have arrived is not held back: it ends as what it was.
    async fn tell(
        &self,
        found: Document<Delivery>,
        outlet: &Outlet,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let at = now.as_millisecond();
        if !found.body.unsure && self.sent_in(&outlet.name, at) >= outlet.per_minute {
            let reason = Skip::RateLimitExceeded.reason().to_owned();
            return self
                .keep(&found, found.body.clone().waits(next_minute(at), Some(reason), now))
                .await
                .map(drop);
        }
        let told = notices::taken(&*self.visits.store, &found.body).await?;
        let Some(message) = Message::of(told, self.base.as_deref()) else {
            return self.skip(&found, "told_by_another", now).await;
        };
        self.count(&outlet.name, at);
        self.attempt(found, outlet, What::Issues(&message), now).await
    }

    /// Why it does not go now. An attempt that may have arrived is not held back: it is asked for first.
    fn held(&self, outlet: &Outlet, wanted: &Delivery, kept: &Kept, now: Timestamp) -> Option<Held> {
        let now = now.as_millisecond();
        let incident = Incident {
            // Several places may have a ticket of one incident; what was sent here, the delivery knows.
            external_ticket_id: None,
            ..kept.incident.clone()
        };
        if wanted.unsure {
            return None;
        }
        let policy: &Policy = &self.visits.project(&incident.project_id).project.policy;
        let project = format!("project {} {}", incident.project_id, outlet.name);
        match eligible(&incident, policy, self.sent_in(&project, now)) {
            Err(Skip::StatusNotConfirmed) if now - wanted.created_at.as_millisecond() < BEFORE => {
                Some(Held::Until(now + 1_000, Skip::StatusNotConfirmed.reason()))
            }
            Err(Skip::RateLimitExceeded) => {
                Some(Held::Until(next_minute(now), Skip::RateLimitExceeded.reason()))
            }
            Err(skip) => Some(Held::Skipped(skip.reason())),
            Ok(()) if self.sent_in(&outlet.name, now) >= outlet.per_minute => {
                Some(Held::Until(next_minute(now), Skip::RateLimitExceeded.reason()))
            }
            Ok(()) => {
                self.count(&project, now);
                self.count(&outlet.name, now);
                None
            }
        }
    }

    fn sent_in(&self, what: &str, now: i64) -> u32 {
        let sent = self.sent.lock();
        sent.get(what).filter(|(minute, _)| *minute == now / 60_000).map_or(0, |(_, count)| *count)
    }

    fn count(&self, what: &str, now: i64) {
        let mut sent = self.sent.lock();
        let entry = sent.entry(what.to_owned()).or_default();
        *entry = if entry.0 == now / 60_000 { (entry.0, entry.1 + 1) } else { (now / 60_000, 1) };
    }

    /// Claims it, looks for what may have arrived, sends, notes.
    async fn attempt(
        &self,
        found: Document<Delivery>,
        outlet: &Outlet,
        what: What<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let secrets = match read(&outlet.to.secret_files()).await {
            Ok(secrets) => secrets,
            Err(reason) => {
                let attempts = found.body.attempts + 1;
                let tried = Document { body: Delivery { attempts, ..found.body.clone() }, ..found };
                return self.later(&tried, &reason, None, now).await;
            }
        };
        let key = found.body.id.clone();
        let mut exchange = Exchange::new(outlet, &key, what, &secrets);
        if outlet.dry_run {
            let parcel = exchange.parcel(found.body.created_at, now);
            let shown = Delivery { request: Some(parcel.shown()), ..found.body.clone() };
            return self.keep(&found, shown.ends(State::Shown, None, now)).await.map(drop);
        }
        // Whatever comes now, the attempt may have been made: who finds it later looks first.
        let before = found.body.unsure;
        let claimed = Delivery { attempts: found.body.attempts + 1, unsure: true, ..found.body.clone() };
        let claimed = claimed.waits(now.as_millisecond() + CLAIM, found.body.reason.clone(), now);
        let Some(found) = self.keep(&found, claimed).await? else { return Ok(()) };
        let outcome = if before { self.look(&exchange, outlet).await } else { None };
        let (outcome, without) = match outcome {
            Some(outcome) => (outcome, None),
            None => match self.ask(&mut exchange, outlet).await {
                Ok(without) => (self.send(&exchange, outlet, &found.body).await, without),
                Err(not_sent) => (not_sent, None),
            },
        };
        self.note(found, outcome, without, outlet).await
    }

    /// Learns what must be known before it is sent; tells what it goes without.
    async fn ask(&self, exchange: &mut Exchange<'_>, outlet: &Outlet) -> Result<Option<String>, Meaning> {
        let Some(question) = exchange.question() else { return Ok(None) };
        match self.courier.carry(&question, outlet.allow_private).await {
            Ok(answer) => exchange.learn(&answer),
            // Nothing was sent that could have arrived.
            Err(failure) => Err(Meaning::Later(failure.to_string(), None)),
        }
    }

    /// What a look-up says of the attempt before; `None`: it is not there, so it is sent.
    async fn look(&self, exchange: &Exchange<'_>, outlet: &Outlet) -> Option<Meaning> {
        let Some(request) = exchange.look_up() else {
            let doubt =
                Meaning::Refused("an attempt may have arrived, and there is nobody to ask".to_owned());
            return if exchange.may_repeat() { None } else { Some(doubt) };
        };
        match self.courier.carry(&request, outlet.allow_private).await {
            Ok(answer) => match exchange.found(&answer) {
                Meaning::Refused(_) => None,
                // Nothing was sent, but what went before may still be there.
                Meaning::Later(told, _) => Some(Meaning::Unknown(told)),
                other => Some(other),
            },
            Err(failure) => Some(Meaning::Unknown(failure.to_string())),
        }
    }

    async fn send(&self, exchange: &Exchange<'_>, outlet: &Outlet, claimed: &Delivery) -> Meaning {
        let now = Timestamp::now();
        let (parcel, private) = (exchange.parcel(claimed.created_at, now), outlet.allow_private);
        let needed = if matches!(parcel, Parcel::Mail(_)) { LEFT_OF_MAIL } else { LEFT };
        // A process that stood still has lost its claim, and somebody else may be sending.
        if now.as_millisecond() > claimed.order - needed {
            return Meaning::Unknown("the claim was over before it could be sent".to_owned());
        }
        let request = match &parcel {
            Parcel::Mail(mail) => return self.courier.post(mail, private).await,
            Parcel::Request(request) => request,
        };
        match self.courier.carry(request, private).await {
            Ok(answer) => exchange.meaning(&answer),
            Err(Failure::NotSent(told)) => Meaning::Later(told, None),
            Err(Failure::Unknown(told)) => Meaning::Unknown(told),
        }
    }

    async fn note(
        &self,
        found: Document<Delivery>,
        outcome: Meaning,
        without: Option<String>,
        outlet: &Outlet,
    ) -> Result<(), StoreError> {
        let (now, system) = (Timestamp::now(), outlet.to.word());
        if !matches!(outcome, Meaning::Arrived(_)) {
            self.visits.counts.add(Stage::Failed, system, 1);
        }
        let sure = Delivery { unsure: false, ..found.body.clone() };
        match outcome {
            Meaning::Arrived(name) => {
                let incident = &found.body.incident_id;
                if !incident.is_empty() {
                    incidents::exported(&self.visits, incident, system, name.as_deref(), now).await?;
                }
                let done = Delivery { external_id: name, ..sure }.ends(State::Done, without, now);
                if self.keep(&found, done).await?.is_some() {
                    self.visits.counts.add(Stage::Exported, system, 1);
                }
                Ok(())
            }
            Meaning::Refused(told) => self.give_up(&found, sure, told, now).await,
            Meaning::Later(told, wait) => {
                let known = Document { body: sure, ..found.clone() };
                self.later(&known, &told, wait, now).await
            }
            Meaning::Unknown(told) => {
                let wait = i64::try_from((self.waits.pause)(found.body.attempts, None)).unwrap_or(i64::MAX);
                if found.body.attempts >= ATTEMPTS {
                    return self.give_up(&found, found.body.clone(), told, now).await;
                }
                let until = now.as_millisecond() + wait.max(self.waits.unsure);
                self.keep(&found, found.body.clone().waits(until, Some(told), now)).await.map(drop)
            }
        }
    }

    async fn later(
        &self,
        found: &Document<Delivery>,
        told: &str,
        wait: Option<u64>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let attempts = found.body.attempts.max(1);
        if attempts >= ATTEMPTS {
            return self.give_up(found, found.body.clone(), told.to_owned(), now).await;
        }
        let wait = i64::try_from((self.waits.pause)(attempts, wait)).unwrap_or(i64::MAX);
        let next = Delivery { attempts, ..found.body.clone() };
        let next = next.waits(now.as_millisecond().saturating_add(wait), Some(told.to_owned()), now);
        self.keep(found, next).await.map(drop)
    }

    async fn give_up(
        &self,
        found: &Document<Delivery>,
        delivery: Delivery,
        told: String,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        tracing::warn!(
            outlet = delivery.outlet,
            incident = delivery.incident_id,
            reason = told,
            "a delivery is given up"
        );
        if !delivery.incident_id.is_empty() {
            incidents::not_exported(&self.visits, &delivery.incident_id, now).await?;
        }
        self.keep(found, delivery.ends(State::Dead, Some(told), now)).await.map(drop)
    }

    async fn skip(&self, found: &Document<Delivery>, reason: &str, now: Timestamp) -> Result<(), StoreError> {
        let ended = found.body.clone().ends(State::Skipped, Some(reason.to_owned()), now);
        self.keep(found, ended).await.map(drop)
    }

    /// The document as it is then; `None`: somebody else changed it meanwhile.
    async fn keep(
        &self,
        found: &Document<Delivery>,
        next: Delivery,
    ) -> Result<Option<Document<Delivery>>, StoreError> {
        let put = deliveries::documents(&*self.visits.store).put(&found.key, found.rank, &next).await?;
        Ok(put.then(|| Document { key: found.key.clone(), rank: found.rank + 1, body: next }))
    }
}

fn next_minute(now: i64) -> i64 {
    (now / 60_000 + 1) * 60_000
}

/// Secrets are mounted files: whoever changes one need not restart anything.
async fn read(paths: &[&str]) -> Result<Vec<String>, String> {
    let mut secrets = Vec::new();
    for path in paths {
        let read = tokio::fs::read_to_string(path).await;
        secrets.push(read.map_err(|error| format!("its secret cannot be read from {path}: {error}"))?);
    }
    Ok(secrets)
}

#[cfg(all(test, feature = "outbound"))]
mod tests;
