//! Attacks on the port that every process of a pod can reach. Each must be refused or bounded, cost little memory, and
//! be forgotten when it is over.

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};
use rustix::process::{Resource, getrlimit, setrlimit};

use crate::program::{Program, post, until};

/// What an attack may cost at its height, in KiB: the sidecar's memory limit is 32 MiB.
const MOST: u64 = 24 * 1024;

fn allow_files(count: u64) {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < count) {
        limit.current = Some(limit.maximum.map_or(count, |maximum| maximum.min(count)));
        setrlimit(Resource::Nofile, limit).unwrap();
    }
}

#[test]
fn ten_thousand_connections_keep_nobody_out_and_cost_little() {
    const CONNECTIONS: usize = 10_000;
    allow_files(CONNECTIONS as u64 + 500);
    let program = Program::start(&[]);
    assert_eq!(program.report(1), 202);
    let before = program.resident();
    let mut held = Vec::with_capacity(CONNECTIONS);
    let (mut highest, mut slowest) = (before, Duration::ZERO);
    for number in 0..CONNECTIONS {
        // A third say nothing, a third stop in the head, a third stop in the body.
        let mut stream = TcpStream::connect(program.address).unwrap();
        let said: &[u8] = match number % 3 {
            0 => b"",
            1 => b"POST /api/v1/reports HTTP/1.1\r\nhost: 127.0.0.1\r\nx: ",
            _ => b"GET /livez HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n",
        };
        stream.write_all(said).ok();
        held.push(stream);
        if number % 1000 == 999 {
            let began = Instant::now();
            assert_eq!(program.report(2), 202, "with {number} connections");
            slowest = slowest.max(began.elapsed());
            highest = highest.max(program.resident());
        }
    }
    eprintln!(
        "10,000 connections: {before} KiB before, {highest} KiB at most; a report took {slowest:?} at most"
    );
    assert!(highest < before + MOST, "{before} KiB became {highest} KiB");
    assert!(slowest < Duration::from_secs(2), "older clients give up after 2 s: {slowest:?}");
    drop(held);
    until("an answer as if nothing had been", || (program.report(3) == 202).then_some(()));
    let complaints = program.log().lines().filter(|line| line.contains("connection")).count();
    assert!(complaints < 5, "{}", program.log());
}

#[test]
fn while_all_places_are_busy_newcomers_are_told_to_come_again_and_then_served() {
    let program = Program::start(&[]);
    let mut held = Vec::new();
    for _ in 0..600 {
        let mut stream = TcpStream::connect(program.address).unwrap();
        // The body never comes: each is busy until its time is over.
        stream
            .write_all(b"POST /api/v1/reports HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 9\r\n\r\n{")
            .ok();
        held.push(stream);
    }
    let (status, body) = until("a refusal", || {
        let answer = program.exchange(&post("/api/v1/reports", "", br#"{"reports":[{"message":"m"}]}"#));
        (answer.0 == 503).then_some(answer)
    });
    assert!(status == 503 && body.contains("come again") && body.contains("\"error\""), "{body}");
    // They have not gone: their time is over.
    until("places that are free again", || (program.report(1) == 202).then_some(()));
    let mut answer = String::new();
    let first = held.first_mut().unwrap();
    first.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    first.read_to_string(&mut answer).ok();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
}

fn bomb(coding: &str) -> Vec<u8> {
    const MEBIBYTES: usize = 512;
    let blanks = vec![b' '; 1024 * 1024];
    match coding {
        "gzip" => {
            let mut coder = GzEncoder::new(Vec::new(), Compression::fast());
            (0..MEBIBYTES).for_each(|_| coder.write_all(&blanks).unwrap());
            coder.finish().unwrap()
        }
        "deflate" => {
            let mut coder = ZlibEncoder::new(Vec::new(), Compression::fast());
            (0..MEBIBYTES).for_each(|_| coder.write_all(&blanks).unwrap());
            coder.finish().unwrap()
        }
        _ => {
            let mut coded = Vec::new();
            let mut coder = brotli::CompressorWriter::new(&mut coded, 4096, 1, 22);
            (0..MEBIBYTES).for_each(|_| coder.write_all(&blanks).unwrap());
            drop(coder);
            coded
        }
    }
}

#[test]
fn bombs_from_many_at_once_are_cut_off() {
    let program = Program::start(&[]);
    assert_eq!(program.report(1), 202);
    let before = program.resident();
    for coding in ["gzip", "deflate", "br"] {
        let bomb = bomb(coding);
        let size = bomb.len();
        let mut highest = before;
        for path in ["/api/v1/reports", "/api/1/envelope/", "/v1/logs"] {
            let request = post(path, &format!("content-encoding: {coding}\r\n"), &bomb);
            thread::scope(|scope| {
                let senders: Vec<_> = (0..16).map(|_| scope.spawn(|| program.exchange(&request).0)).collect();
                while senders.iter().any(|sender| !sender.is_finished()) {
                    highest = highest.max(program.resident());
                    thread::yield_now();
                }
                for sender in senders {
                    let status = sender.join().unwrap();
                    assert!([413, 415].contains(&status), "{coding} {path}: {status}");
                }
            });
        }
        eprintln!(
            "{coding}: {size} bytes for 512 MiB, 16 at once: {before} KiB before, {highest} KiB at most"
        );
        assert!(highest < before + MOST, "{coding}: {before} KiB became {highest} KiB");
    }
    assert_eq!(program.report(2), 202);
}

#[test]
fn oversized_heads_are_refused() {
    let program = Program::start(&[]);
    let long = format!("GET /livez HTTP/1.1\r\nhost: 127.0.0.1\r\nx: {}\r\n\r\n", "x".repeat(200_000));
    let many = format!("GET /livez HTTP/1.1\r\nhost: 127.0.0.1\r\n{}\r\n", "x: y\r\n".repeat(500));
    let target = format!("GET /{} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n", "x".repeat(200_000));
    for request in [long, many, target] {
        let (status, _) = program.exchange(request.as_bytes());
        // A closed connection is a refusal as well: the answer may be lost when unread bytes are left.
        assert!([0, 400, 414, 431].contains(&status), "{status}");
    }
    assert_eq!(program.report(1), 202);
}

#[test]
fn foreign_hosts_and_origins_are_refused_by_the_program_too() {
    let program = Program::start(&[]);
    let body = r#"{"reports":[{"message":"m"}]}"#;
    for (more, expect) in [
        ("host: evil.example\r\n", 403),
        ("host: 127.0.0.1\r\norigin: https://evil.example\r\n", 403),
        ("host: 127.0.0.1\r\norigin: null\r\n", 403),
        ("host: 127.0.0.1\r\n", 202),
    ] {
        let request = format!(
            "POST /api/v1/reports HTTP/1.1\r\nconnection: close\r\ncontent-type: application/json\r\n{more}\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        assert_eq!(program.exchange(request.as_bytes()).0, expect, "{more}");
    }
}

#[test]
fn a_thousand_pipelined_requests_are_answered_in_order_and_bounded() {
    let program = Program::start(&[]);
    let good = br#"{"reports":[{"message":"m"}]}"#.as_slice();
    let mut requests = Vec::new();
    for number in 0..1000 {
        let body = if number % 2 == 0 { good } else { b"{" };
        let head = "POST /api/v1/reports HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ";
        requests.extend_from_slice(format!("{head}{}\r\n\r\n", body.len()).as_bytes());
        requests.extend_from_slice(body);
    }
    requests.extend_from_slice(&post("/api/v1/reports", "", good));
    let mut stream = TcpStream::connect(program.address).unwrap();
    stream.set_read_timeout(Some(crate::program::PATIENCE)).unwrap();
    let mut writing = stream.try_clone().unwrap();
    let writer = thread::spawn(move || writing.write_all(&requests).unwrap());
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    writer.join().unwrap();
    let statuses: Vec<&str> = answers.split("HTTP/1.1 ").skip(1).filter_map(|one| one.get(..3)).collect();
    assert_eq!(statuses.len(), 1001);
    assert!(statuses.iter().enumerate().all(|(n, status)| *status == if n % 2 == 0 { "202" } else { "400" }));
}
