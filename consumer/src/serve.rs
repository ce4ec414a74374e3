//! The HTTP/1.1 server: `axum::serve` sets no time limit on a request's head, and whoever reaches the port could hold
//! it by sending a byte a minute. The same cure as in the sidecar, with the peer's address kept for the limits.

use std::{net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Extension, Router, extract::ConnectInfo};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::TcpListener,
    sync::Semaphore,
    time::{sleep, timeout},
};

/// How long things may take, and how many connections there may be at once; further ones wait in the system's queue.
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
        Self { head: Duration::from_secs(30), drain: Duration::from_secs(5), connections: 1024 }
    }
}

/// Serves `router` until `shutdown`, then lets answers under way finish.
pub async fn serve(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()>, times: Times) {
    let places = Arc::new(Semaphore::new(times.connections));
    let connections = GracefulShutdown::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let place = tokio::select! {
            () = &mut shutdown => break,
            place = Arc::clone(&places).acquire_owned() => place.ok(),
        };
        let (stream, peer) = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Of one connection, or of the process's open files: those need time.
                    tracing::debug!(%error, "no connection can be taken");
                    sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection stays with delayed sending");
        }
        let service = router.clone().layer(Extension(ConnectInfo::<SocketAddr>(peer)));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(times.head)
            .max_buf_size(64 * 1024)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
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
}
