//! The HTTP/1.1 server: `axum::serve` sets no time limit on a request's head, and a port that every process of a pod
//! can reach must not be held by one that sends a byte a minute.

use std::{future::Future, io, pin::pin, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{sleep, timeout},
};

/// How long things may take, and how many may happen at once.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// For a request's head, counted from the end of the previous request: idle connections end by it, too.
    pub head: Duration,
    /// For answers under way once a shutdown has begun.
    pub drain: Duration,
    /// Connections at once; further ones wait in the system's queue.
    pub connections: usize,
}

impl Default for Times {
    fn default() -> Self {
        Self { head: Duration::from_secs(30), drain: Duration::from_secs(5), connections: 10_000 }
    }
}

/// Serves `router` until `shutdown`, then lets answers under way finish.
pub async fn serve(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()>, times: Times) {
    let places = Arc::new(Semaphore::new(times.connections));
    let connections = GracefulShutdown::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let stream = tokio::select! {
            () = &mut shutdown => break,
            stream = next(&listener) => stream,
        };
        // The semaphore is never closed, so this only ever waits.
        let place = tokio::select! {
            () = &mut shutdown => break,
            place = Arc::clone(&places).acquire_owned() => place.ok(),
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(times.head)
            .max_buf_size(64 * 1024)
            .serve_connection(TokioIo::new(stream), service);
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke");
            }
            drop(place);
        });
    }
    drop(listener);
    if timeout(times.drain, connections.shutdown()).await.is_err() {
        tracing::warn!("requests were cut off: they did not end within {} s", times.drain.as_secs());
    }
}

/// The next connection. Errors concern one connection, or the process's open files: the first pass, the others need
/// time.
async fn next(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "a connection stays with delayed sending");
                }
                return stream;
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be taken; trying again");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}
