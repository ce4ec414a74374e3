//! Where the blocking work happens: one thread that writes, and a few connections that read, off the async threads.

use std::{
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use rusqlite::Connection;
use tokio::sync::{Semaphore, oneshot};

use super::{Clock, Outcome, sweep};

/// How many reads run at a time. Each holds a page cache, so they are few.
const READERS: usize = 3;

/// How often what has outlived its time is looked for.
const SWEEP: Duration = Duration::from_secs(3600);

/// The store has been dropped, or its thread died.
#[derive(Debug, thiserror::Error)]
#[error("the store is closed")]
pub(super) struct Closed;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// The thread that owns the only writing connection. SQLite knows one writer at a time; a queue before it waits more
/// fairly than its lock does.
pub(super) struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(connection: Connection, clock: Clock) -> Outcome<Self> {
        let (jobs, queue) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || write_until_closed(connection, &queue, &clock))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Runs work on the writing connection.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Outcome<T> + Send + 'static,
    ) -> Outcome<T> {
        let (reply, answer) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // Nobody waits any more when the caller was cancelled; the work is done all the same.
            drop(reply.send(work(connection)));
        });
        self.jobs.as_ref().ok_or(Closed)?.send(job).map_err(|_| Closed)?;
        answer.await.map_err(|_| Closed)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that writes to the store ended by a panic");
        }
    }
}

fn write_until_closed(mut connection: Connection, queue: &mpsc::Receiver<Job>, clock: &Clock) {
    let mut swept = Instant::now();
    loop {
        match queue.recv_timeout(SWEEP) {
            Ok(job) => job(&mut connection),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => return,
        }
        if swept.elapsed() >= SWEEP
            && let Some(now) = clock.told()
        {
            swept = Instant::now();
            if let Err(error) = sweep::sweep(&mut connection, now) {
                tracing::warn!(error, "what has outlived its time could not be removed from the store");
            }
        }
    }
}

/// The connections that read.
pub(super) struct Readers {
    free: Arc<Mutex<Vec<Connection>>>,
    permits: Semaphore,
}

impl Readers {
    /// Opens them.
    pub(super) fn open(open: impl Fn() -> Outcome<Connection>) -> Outcome<Self> {
        let connections = (0..READERS).map(|_| open()).collect::<Outcome<Vec<_>>>()?;
        Ok(Self { free: Arc::new(Mutex::new(connections)), permits: Semaphore::new(READERS) })
    }

    /// Runs work on a reading connection, in one snapshot of the database.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Outcome<T> + Send + 'static,
    ) -> Outcome<T> {
        let _permit = self.permits.acquire().await?;
        let free = Arc::clone(&self.free);
        tokio::task::spawn_blocking(move || {
            let mut connection = free.lock().pop().ok_or(Closed)?;
            let done = connection.transaction().map_err(Into::into).and_then(|snapshot| work(&snapshot));
            free.lock().push(connection);
            done
        })
        .await?
    }
}
