//! The server itself, over real connections on 127.0.0.1.

use std::time::Duration;

use serve::{Times, serve};
use sidecar::intake::Limits;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    time::timeout,
};

use crate::spool::Door;

struct Server {
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    ended: tokio::task::JoinHandle<()>,
    door: Door,
}

async fn server(times: Times) -> Server {
    server_of(Door::new(), times).await
}

async fn server_of(door: Door, times: Times) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let shutdown = async move { stopped.await.unwrap_or_default() };
    let ended = tokio::spawn(serve(listener, door.router.clone(), shutdown, times));
    Server { address, stop, ended, door }
}

/// Sends `bytes` and reads until the server has closed the connection.
async fn exchange(server: &Server, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await.expect("an end").unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

fn request(body: &str, more: &str) -> String {
    let length = body.len();
    format!(
        "POST /api/v1/reports HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n{more}\r\n{body}"
    )
}

const REPORT: &str = r#"{"reports":[{"message":"m"}]}"#;

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = server(Times::default()).await;
    let last = request(REPORT, "Connection: close\r\n");
    let answer = exchange(&server, (request(REPORT, "") + &request("{", "") + &last).as_bytes()).await;
    let statuses: Vec<&str> = answer.split("HTTP/1.1 ").skip(1).filter_map(|one| one.get(..3)).collect();
    assert_eq!(statuses, ["202", "400", "202"], "{answer}");
}

#[tokio::test]
async fn a_head_that_does_not_arrive_ends_the_connection() {
    let server = server(Times { head: Duration::from_millis(100), ..Times::default() }).await;
    exchange(&server, b"POST /api/v1/reports HTT").await;
    exchange(&server, b"").await;
}

#[tokio::test]
async fn a_client_that_sends_ten_mebibytes_gets_to_read_why_not() {
    let server = server(Times::default()).await;
    let body = "x".repeat(10 * 1024 * 1024);
    let answer = exchange(&server, request(&body, "Connection: close\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{}", answer.lines().next().unwrap_or_default());
    assert!(answer.contains("\"error\""));
}

#[tokio::test]
async fn a_truncated_chunked_body_accepts_nothing() {
    let server = server(Times::default()).await;
    let head = "POST /api/v1/reports HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(format!("{head}10\r\n{}", REPORT.get(..10).unwrap()).as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await.expect("an end").unwrap();
    let wrong = exchange(&server, format!("{head}zz\r\n").as_bytes()).await;
    let truncated = String::from_utf8_lossy(&answer);
    for answer in [truncated.as_ref(), &wrong] {
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
    assert!(server.door.spool.taken().is_empty());
}

#[tokio::test]
async fn bytes_that_are_not_http_are_refused() {
    let server = server(Times::default()).await;
    for bytes in [b"\x16\x03\x01\x02\x00\x01\x00".as_slice(), b"\r\n\r\n\r\n\xff\r\n\r\n", &[b'A'; 100_000]] {
        let answer = exchange(&server, bytes).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
}

#[tokio::test]
async fn a_shutdown_lets_idle_connections_go_and_ends() {
    let server = server(Times::default()).await;
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(request(REPORT, "").as_bytes()).await.unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 202");
    server.stop.send(()).unwrap();
    timeout(Duration::from_secs(3), server.ended).await.expect("ended before the drain time").unwrap();
}

#[tokio::test]
async fn connections_beyond_the_bound_wait_until_idle_ones_have_ended() {
    let times = Times { connections: 20, head: Duration::from_millis(300), ..Times::default() };
    let server = server(times).await;
    let mut idle = Vec::new();
    for _ in 0..200 {
        idle.push(TcpStream::connect(server.address).await.unwrap());
    }
    let answer = exchange(&server, request(REPORT, "Connection: close\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
}

#[tokio::test]
async fn hundreds_of_idle_connections_do_not_keep_a_request_waiting() {
    let server = server(Times::default()).await;
    let mut idle = Vec::new();
    for _ in 0..400 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(b"POST /api/v1/reports HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Le").await.unwrap();
        idle.push(stream);
    }
    let request = request(REPORT, "Connection: close\r\n");
    let answer =
        timeout(Duration::from_secs(5), exchange(&server, request.as_bytes())).await.expect("at once");
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
}

#[tokio::test]
async fn a_body_that_drips_is_given_up_and_its_connection_ends() {
    let limits = Limits { body_time: Duration::from_millis(200), ..Limits::default() };
    let server = server_of(Door::with(limits), Times::default()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(request(&"x".repeat(1000), "").get(..200).unwrap().as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let dripping = async {
        loop {
            // A byte now and then keeps nobody waiting.
            tokio::time::sleep(Duration::from_millis(20)).await; // tidy: allow, the attack itself
            if stream.write_all(b"x").await.is_err() {
                // What came before the connection was reset can still be read, and then the reset is told.
                stream.read_to_end(&mut answer).await.unwrap_or_default();
                break;
            }
            let mut chunk = [0; 4096];
            match stream.try_read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => answer.extend_from_slice(&chunk[..read]),
                Err(_) => {}
            }
        }
    };
    timeout(Duration::from_secs(20), dripping).await.expect("an end");
    assert!(answer.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn an_idle_connection_makes_room_for_a_new_one() {
    let server = server(Times { connections: 3, ..Times::default() }).await;
    let mut open = Vec::new();
    for _ in 0..3 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(request(REPORT, "").as_bytes()).await.unwrap();
        let mut first = [0; 12];
        stream.read_exact(&mut first).await.unwrap();
        open.push(stream);
    }
    let answer = exchange(&server, request(REPORT, "Connection: close\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    let left = server.door.spool.taken().len();
    assert_eq!(left, 4);
}
