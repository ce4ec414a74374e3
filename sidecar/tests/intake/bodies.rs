//! Bodies: sizes, codings, bombs, and those that never end.

use std::{io::Write, time::Duration};

use axum::body::{Body, Bytes};
use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};
use futures::{StreamExt, stream};
use serde_json::json;
use sidecar::intake::Limits;

use crate::spool::{Answer, Door, post};

const MIB: usize = 1024 * 1024;

/// A sound body of exactly `size` bytes.
fn body_of(size: usize) -> Vec<u8> {
    let (head, tail) = (br#"{"reports":[{"message":""#, br#""}]}"#);
    let filling = vec![b'x'; size - head.len() - tail.len()];
    [head.as_slice(), &filling, tail].concat()
}

fn coded(coding: &str, body: &[u8]) -> Vec<u8> {
    match coding {
        "gzip" | "x-gzip" => {
            let mut coder = GzEncoder::new(Vec::new(), Compression::best());
            coder.write_all(body).unwrap();
            coder.finish().unwrap()
        }
        "deflate" => {
            let mut coder = ZlibEncoder::new(Vec::new(), Compression::best());
            coder.write_all(body).unwrap();
            coder.finish().unwrap()
        }
        "br" => {
            let mut coded = Vec::new();
            brotli::CompressorWriter::new(&mut coded, 4096, 5, 22).write_all(body).unwrap();
            coded
        }
        _ => body.to_vec(),
    }
}

async fn send(door: &Door, coding: &str, body: Vec<u8>) -> Answer {
    let request = post("/api/v1/reports").header("content-encoding", coding);
    door.send(request.body(Body::from(body)).unwrap()).await
}

const CODINGS: [&str; 5] = ["gzip", "x-gzip", "deflate", "br", "identity"];

#[tokio::test]
async fn a_mebibyte_is_taken_in_every_coding_and_a_byte_more_is_not() {
    let door = Door::new();
    for coding in CODINGS {
        for size in [100, 20_000, MIB] {
            let answer = send(&door, coding, coded(coding, &body_of(size))).await;
            assert_eq!(answer.status, 202, "{coding} {size}: {answer:?}");
        }
        send(&door, coding, coded(coding, &body_of(MIB + 1))).await.problem(413);
    }
}

#[tokio::test]
async fn bombs_are_cut_off_while_they_unfold() {
    let door = Door::new();
    // 32 MiB of blanks: 32 KiB in gzip, less in Brotli.
    let bomb = vec![b' '; 32 * MIB];
    for coding in ["gzip", "deflate", "br"] {
        let small = coded(coding, &bomb);
        assert!(small.len() < MIB, "{coding} {}", small.len());
        send(&door, coding, small).await.problem(413);
    }
}

#[tokio::test]
async fn a_brotli_stream_that_asks_for_a_gibibyte_of_window_is_refused() {
    let door = Door::new();
    let large = brotli::enc::BrotliEncoderParams { large_window: true, lgwin: 30, ..Default::default() };
    let mut stream = Vec::new();
    brotli::BrotliCompress(&mut body_of(5_000).as_slice(), &mut stream, &large).unwrap();
    assert!(send(&door, "br", stream).await.problem(400).contains("large windows"));
}

#[tokio::test]
async fn streams_that_stop_in_the_middle_or_are_no_streams_are_malformed() {
    let door = Door::new();
    for coding in ["gzip", "deflate", "br"] {
        let whole = coded(coding, &body_of(5_000));
        for broken in [whole[..whole.len() / 2].to_vec(), Vec::new(), b"{\"reports\":[]}".to_vec()] {
            send(&door, coding, broken).await.problem(400);
        }
    }
    assert!(door.spool.taken().is_empty());
}

#[tokio::test]
async fn codings_that_are_not_known_are_refused_with_those_that_are() {
    let door = Door::new();
    for coding in ["zstd", "gzip, br", "compress"] {
        let answer = send(&door, coding, body_of(100)).await;
        answer.problem(415);
        assert_eq!(answer.headers["accept-encoding"], "gzip, deflate, br");
    }
}

#[tokio::test]
async fn ten_mebibytes_are_refused_whether_announced_or_not() {
    let door = Door::new();
    send(&door, "identity", body_of(10 * MIB)).await.problem(413);
    let chunk = Bytes::from(vec![b' '; 64 * 1024]);
    let endless = stream::repeat_with(move || Ok::<_, std::io::Error>(chunk.clone()));
    let request = post("/api/v1/reports").body(Body::from_stream(endless)).unwrap();
    door.send(request).await.problem(413);
    let announced =
        post("/api/v1/reports").header("content-length", 10 * MIB).header("expect", "100-continue");
    door.send(announced.body(Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>())).unwrap())
        .await
        .problem(413);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_malformed() {
    let door = Door::new();
    let chunks = [Ok(Bytes::from_static(b"{\"reports\":")), Err(std::io::Error::other("reset"))];
    let request = post("/api/v1/reports").body(Body::from_stream(stream::iter(chunks))).unwrap();
    assert!(door.send(request).await.problem(400).contains("broke off"));
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_given_up() {
    let door = Door::with(Limits { body_time: Duration::from_millis(300), ..Limits::default() });
    let first = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"{"))]);
    let request = post("/api/v1/reports").body(Body::from_stream(first.chain(stream::pending()))).unwrap();
    assert!(door.send(request).await.problem(408).contains("did not arrive"));
}

#[tokio::test]
async fn large_bodies_wait_for_their_turn_and_small_ones_do_not() {
    let limits = Limits { large_bodies: 1, body_time: Duration::from_secs(1), ..Limits::default() };
    let door = Door::with(limits);
    let slow = stream::iter([Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 50_000])), Ok(Bytes::new())]);
    let slow = Body::from_stream(slow.chain(stream::pending()));
    let holding = door.clone();
    let held = tokio::spawn(async move { holding.send(post("/api/v1/reports").body(slow).unwrap()).await });
    let small = json!({"reports": [{"message": "m"}]});
    assert_eq!(door.post("/api/v1/reports", &small).await.status, 202);
    held.await.unwrap().problem(408);
    assert_eq!(send(&door, "identity", body_of(MIB)).await.status, 202, "the place is free again");
}
