//! Who may stay when all places are taken.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use ::intake::problem::{CONTENT_TYPE, Fault, Problem};
use parking_lot::Mutex;
use tokio::{
    net::TcpStream,
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// How long an idle connection has for leaving its place to another.
const LEAVING: Duration = Duration::from_millis(50);

/// All connections that are open.
#[derive(Clone, Debug)]
pub(super) struct Crowd {
    seats: Arc<Semaphore>,
    open: Arc<Mutex<Open>>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    places: BTreeMap<u64, Arc<Place>>,
}

/// What is known of one connection.
#[derive(Debug, Default)]
pub(super) struct Place {
    busy: AtomicBool,
    /// Counts requests over all connections: the lowest number has been idle longest.
    idle_since: AtomicU64,
    wanted: Notify,
}

/// A place that is taken; free again when this is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    number: u64,
    place: Arc<Place>,
    open: Arc<Mutex<Open>>,
    _permit: OwnedSemaphorePermit,
}

/// A request is being answered.
#[derive(Debug)]
pub(super) struct Busy(Arc<Place>);

/// Requests so far, over all connections.
static REQUESTS: AtomicU64 = AtomicU64::new(1);

impl Crowd {
    pub(super) fn new(seats: usize) -> Self {
        Self { seats: Arc::new(Semaphore::new(seats)), open: Arc::default() }
    }

    /// A place, at the cost of whoever is idle longest; none while all are busy.
    pub(super) async fn seat(&self) -> Option<Seat> {
        let permit = match Arc::clone(&self.seats).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                self.longest_idle()?.wanted.notify_one();
                timeout(LEAVING, Arc::clone(&self.seats).acquire_owned()).await.ok()?.ok()?
            }
        };
        let place = Arc::new(Place::default());
        place.rest();
        let mut open = self.open.lock();
        open.next += 1;
        let number = open.next;
        open.places.insert(number, Arc::clone(&place));
        drop(open);
        Some(Seat { number, place, open: Arc::clone(&self.open), _permit: permit })
    }

    /// Taken out of the list, so that the next newcomer asks another.
    fn longest_idle(&self) -> Option<Arc<Place>> {
        let mut open = self.open.lock();
        let idle = open.places.iter().filter(|(_, place)| !place.busy.load(Ordering::Acquire));
        let number =
            idle.min_by_key(|(_, place)| place.idle_since.load(Ordering::Acquire)).map(|(&n, _)| n)?;
        open.places.remove(&number)
    }
}

impl Place {
    /// Until the answer is dropped, this connection is not sent away.
    pub(super) fn busy(self: &Arc<Self>) -> Busy {
        self.busy.store(true, Ordering::Release);
        Busy(Arc::clone(self))
    }

    fn rest(&self) {
        self.idle_since.store(REQUESTS.fetch_add(1, Ordering::AcqRel), Ordering::Release);
        self.busy.store(false, Ordering::Release);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.rest();
    }
}

impl Seat {
    pub(super) fn place(&self) -> &Arc<Place> {
        &self.place
    }

    /// Returns when another wants the place and this connection is idle.
    pub(super) async fn wanted(&self) {
        loop {
            self.place.wanted.notified().await;
            if !self.place.busy.load(Ordering::Acquire) {
                return;
            }
            // A request has begun since: this connection stays.
            self.open.lock().places.insert(self.number, Arc::clone(&self.place));
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.open.lock().places.remove(&self.number);
    }
}

/// Tells a newcomer to come again. What does not fit into the socket's empty buffer is nobody's loss.
pub(super) fn refuse(stream: &TcpStream) {
    let problem = Problem::new(Fault::Unavailable, "too many connections are busy; come again in 1 s");
    let body = problem.to_json();
    let mut answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: {CONTENT_TYPE}\r\nretry-after: 1\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    answer.extend_from_slice(body.as_ref());
    if let Err(error) = stream.try_write(&answer) {
        tracing::debug!(%error, "a connection was refused without a word");
    }
}
