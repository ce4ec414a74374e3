//! The HTTP/1.1 server: `axum::serve` sets no time limit on a request's head, and a port that every process of a pod or of
//! a cluster can reach must not be held by one that sends a byte a minute.
//!
//! Connections are bounded because each costs memory that the pod's limit counts. When all places are taken, the one
//! that has been idle longest goes; when none is idle, the newcomer is told to come again.

mod crowd;

use std::{future::Future, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Extension, Router, body::Body, extract::ConnectInfo};
use http_body_util::BodyExt as _;
use hyper::{body::Incoming, server::conn::http1, service::Service, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
    service::TowerToHyperService,
};
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::{
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};

use self::crowd::{Crowd, Seat};

/// How long things may take, and how many may happen at once.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// For a request's head, counted from the end of the previous request: idle connections end by it, too.
    pub head: Duration,
    /// For answers under way once a shutdown has begun.
    pub drain: Duration,
    /// Connections at once.
    pub connections: usize,
}

impl Default for Times {
    fn default() -> Self {
        Self { head: Duration::from_secs(30), drain: Duration::from_secs(5), connections: 512 }
    }
}

/// Files that the process needs besides connections.
const OTHER_FILES: u64 = 128;

/// Asks the system for as many open files as these connections need. Returns how many of them it has room for.
pub fn room_for(connections: usize) -> usize {
    let needed = OTHER_FILES + connections as u64;
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < needed) {
        limit.current = Some(limit.maximum.map_or(needed, |maximum| maximum.min(needed)));
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::debug!(%error, "the limit of open files stays as it is");
        }
    }
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let room = usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX);
    room.clamp(1, connections.max(1))
}

/// Serves `router` until `shutdown`, then lets answers under way finish.
pub async fn serve(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()>, times: Times) {
    let crowd = Crowd::new(times.connections);
    let connections = GracefulShutdown::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let (stream, peer) = tokio::select! {
            () = &mut shutdown => break,
            next = next(&listener) => next,
        };
        match crowd.seat().await {
            Some(seat) => {
                let router = router.clone().layer(Extension(ConnectInfo::<SocketAddr>(peer)));
                tokio::spawn(attend(stream, router, seat, times, connections.watcher()));
            }
            None => crowd::refuse(&stream),
        }
    }
    drop(listener);
    if timeout(times.drain, connections.shutdown()).await.is_err() {
        tracing::warn!("requests were cut off: they did not end within {} s", times.drain.as_secs());
    }
}

/// One connection, until it ends or its seat is wanted.
async fn attend(stream: TcpStream, router: Router, seat: Seat, times: Times, watcher: Watcher) {
    let service = TowerToHyperService::new(router);
    let place = Arc::clone(seat.place());
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let busy = place.busy();
        let answer = service.call(request);
        async move {
            // Busy until the last of the answer is taken, or the connection is gone.
            let whole = |body: Body| {
                body.map_frame(move |frame| {
                    let _until_the_end = &busy;
                    frame
                })
            };
            answer.await.map(|answer| answer.map(whole))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(times.head)
        .max_buf_size(64 * 1024)
        .serve_connection(TokioIo::new(stream), service);
    let connection = watcher.watch(connection);
    tokio::select! {
        ended = connection => if let Err(error) = ended {
            tracing::debug!(%error, "a connection broke");
        },
        () = seat.wanted() => tracing::debug!("an idle connection made room"),
    }
}

/// The next connection. Errors concern one connection, or the process's open files: the first pass, the others need
/// time.
async fn next(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    let mut said = false;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "a connection stays with delayed sending");
                }
                return (stream, peer);
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                if !std::mem::replace(&mut said, true) {
                    tracing::warn!(%error, "no connection can be taken; tried until one can");
                }
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
        sync::oneshot,
    };

    use super::*;

    async fn ask(address: SocketAddr, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.write_all(bytes).await.expect("sent");
        let mut answer = Vec::new();
        timeout(Duration::from_secs(20), stream.read_to_end(&mut answer))
            .await
            .expect("an end")
            .expect("read");
        String::from_utf8_lossy(&answer).into_owned()
    }

    #[tokio::test]
    async fn a_head_that_does_not_arrive_ends_the_connection_and_peers_are_known() {
        let peer = async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.ip().to_string();
        let router = Router::new().route("/", get(peer));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async { stopped.await.unwrap_or_default() };
        let times = Times { head: Duration::from_millis(100), connections: 2, ..Times::default() };
        let served = tokio::spawn(serve(listener, router, shutdown, times));
        for slow in ["", "GET / HT", "GET / HTTP/1.1\r\nhost: x\r\ny: "] {
            ask(address, slow.as_bytes()).await;
        }
        let answer = ask(address, b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("127.0.0.1"), "{answer}");
        drop(stop);
        timeout(Duration::from_secs(5), served).await.expect("an end").expect("no panic");
    }

    #[tokio::test]
    async fn an_answer_under_way_is_not_cut_for_a_newcomer() {
        let (end, ended) = oneshot::channel::<()>();
        let ended = Arc::new(parking_lot::Mutex::new(Some(ended)));
        let slowly = move || {
            let ended = ended.lock().take();
            let rest = async move {
                ended.expect("one request").await.expect("a word");
                Ok::<_, std::convert::Infallible>("the end")
            };
            std::future::ready(Body::from_stream(futures::stream::once(rest)))
        };
        let router = Router::new().route("/", get(slowly));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let times = Times { connections: 1, ..Times::default() };
        tokio::spawn(serve(listener, router, std::future::pending(), times));
        let mut first = TcpStream::connect(address).await.expect("a connection");
        let request = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        first.write_all(request).await.expect("sent");
        let mut answer = vec![0; 12];
        first.read_exact(&mut answer).await.expect("a head");
        assert_eq!(answer, b"HTTP/1.1 200");
        let refused = ask(address, b"").await;
        assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
        end.send(()).expect("somebody waits");
        first.read_to_end(&mut answer).await.expect("the rest");
        assert!(String::from_utf8_lossy(&answer).contains("the end"));
    }
}
