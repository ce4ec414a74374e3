//! Reading a body within bounds: bytes, time, memory of all bodies together, and what a compressed one unfolds to.

use std::io::{self, Write};

use ::intake::problem::{Fault, Problem};
use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, header, request::Parts},
};
use bytes::Bytes;
use flate2::write::{MultiGzDecoder, ZlibDecoder};
use futures::StreamExt;
use tokio::{sync::OwnedSemaphorePermit, time::timeout};

use super::IntakeState;

/// Bodies up to this size are always read; larger ones wait for one of [`super::Limits::large_bodies`] places.
pub const SMALL: usize = 16 * 1024;
/// How much of a body that is too large is thrown away rather than left unread: a client that is still sending when
/// the connection is closed sees a broken pipe instead of our answer.
const DISCARD: usize = 32 * 1024 * 1024;

/// What a body may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// `application/json`, `application/*+json`, or nothing said.
    Json,
    /// The protocol's own matter.
    Any,
}

/// A body in memory.
#[derive(Debug)]
pub struct Read {
    /// Everything but the body.
    pub head: Parts,
    /// Decompressed.
    pub bytes: Vec<u8>,
    /// Its place among the large ones; to be held until what was made of it is handed over.
    pub place: Option<OwnedSemaphorePermit>,
}

/// Reads a request's body, decompressed while it comes in and cut off at the limit.
pub async fn read(request: Request, media: Media, state: &IntakeState) -> Result<Read, Problem> {
    let (head, body) = request.into_parts();
    check_media(&head.headers, media)?;
    let decoder = Decoder::of(&head.headers, state.limits.body)?;
    match timeout(state.limits.body_time, gather(body, &head.headers, decoder, state)).await {
        Ok(gathered) => gathered.map(|(bytes, place)| Read { head, bytes, place }),
        Err(_) => {
            let detail = format!("the body did not arrive within {} s", state.limits.body_time.as_secs());
            Err(Problem::new(Fault::Timeout, detail))
        }
    }
}

async fn gather(
    body: Body,
    headers: &HeaderMap,
    mut decoder: Decoder,
    state: &IntakeState,
) -> Result<(Vec<u8>, Option<OwnedSemaphorePermit>), Problem> {
    let mut place = None;
    let mut chunks = body.into_data_stream();
    let announced =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > state.limits.body) {
        // Who asks before sending has not sent anything that would have to be thrown away.
        if !headers.contains_key(header::EXPECT) {
            discard(chunks).await;
        }
        return Err(too_large(state));
    }
    while let Some(chunk) = chunks.next().await {
        let chunk =
            chunk.map_err(|error| Problem::new(Fault::Malformed, format!("the body broke off: {error}")))?;
        take_place(&mut place, &decoder, state).await;
        match decoder.feed(&chunk) {
            Ok(()) => {}
            Err(_) if decoder.sink().over => {
                discard(chunks).await;
                return Err(too_large(state));
            }
            Err(error) => return Err(undecodable(&error)),
        }
    }
    take_place(&mut place, &decoder, state).await;
    match decoder.finish() {
        Ok(bytes) => Ok((bytes, place)),
        Err(None) => Err(too_large(state)),
        Err(Some(error)) => Err(undecodable(&error)),
    }
}

/// Waits for a place among the large bodies once a body has become one.
async fn take_place(place: &mut Option<OwnedSemaphorePermit>, decoder: &Decoder, state: &IntakeState) {
    if place.is_none() && decoder.is_large() {
        // A window of Brotli takes as much memory as several bodies, so two of them take all places.
        let brotli = matches!(decoder, Decoder::Brotli { .. });
        let places = if brotli { state.limits.large_bodies.div_ceil(2) } else { 1 };
        let places = u32::try_from(places).unwrap_or(1);
        // The semaphore is never closed, so this only ever waits.
        *place = state.large_bodies.clone().acquire_many_owned(places).await.ok();
    }
}

/// Reads on without keeping, so that the sender gets to read the answer; within the body's time.
async fn discard(mut chunks: impl futures::Stream<Item = Result<Bytes, axum::Error>> + Unpin) {
    let mut discarded = 0;
    while let Some(Ok(chunk)) = chunks.next().await {
        discarded += chunk.len();
        if discarded > DISCARD {
            return;
        }
    }
}

fn too_large(state: &IntakeState) -> Problem {
    Problem::new(Fault::TooLarge, format!("the body has more than {} bytes, decompressed", state.limits.body))
}

fn undecodable(error: &io::Error) -> Problem {
    Problem::new(Fault::Malformed, format!("the body cannot be decompressed: {error}"))
}

fn check_media(headers: &HeaderMap, media: Media) -> Result<(), Problem> {
    let Some(content_type) = headers.get(header::CONTENT_TYPE).filter(|_| media == Media::Json) else {
        return Ok(());
    };
    let essence = content_type.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    if essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json")) {
        return Ok(());
    }
    Err(Problem::new(Fault::UnsupportedMedia, "send the body as application/json"))
}

/// A sink that refuses the first byte beyond its limit.
#[derive(Debug)]
struct Capped {
    bytes: Vec<u8>,
    limit: usize,
    over: bool,
}

impl Write for Capped {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        self.over |= more.len() > self.limit.saturating_sub(self.bytes.len());
        if self.over {
            return Err(io::Error::other("too large"));
        }
        self.bytes.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Content codings (RFC 9110, section 8.4.1).
enum Decoder {
    Plain(Capped),
    Gzip(Box<MultiGzDecoder<Capped>>),
    Deflate(Box<ZlibDecoder<Capped>>),
    Brotli { started: bool, decoder: Box<brotli::DecompressorWriter<Capped>> },
}

/// Room for what one step of the Brotli decoder unfolds.
const BROTLI_BUFFER: usize = 4096;

impl Decoder {
    fn of(headers: &HeaderMap, limit: usize) -> Result<Self, Problem> {
        let coding =
            headers.get(header::CONTENT_ENCODING).map(|coding| coding.to_str().unwrap_or("unreadable"));
        let sink = Capped { bytes: Vec::new(), limit, over: false };
        match coding.unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Ok(Self::Plain(sink)),
            "gzip" | "x-gzip" => Ok(Self::Gzip(Box::new(MultiGzDecoder::new(sink)))),
            "deflate" => Ok(Self::Deflate(Box::new(ZlibDecoder::new(sink)))),
            "br" => {
                let decoder = Box::new(brotli::DecompressorWriter::new(sink, BROTLI_BUFFER));
                Ok(Self::Brotli { started: false, decoder })
            }
            _ => Err(Problem::new(Fault::UnsupportedMedia, "the body may be coded as gzip, deflate or br")),
        }
    }

    /// Whether this body is no small one any more. One in Brotli never is: its window may have 16 MiB.
    fn is_large(&self) -> bool {
        matches!(self, Self::Brotli { .. }) || self.sink().bytes.len() > SMALL
    }

    fn feed(&mut self, chunk: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(sink) => sink.write_all(chunk),
            Self::Gzip(decoder) => decoder.write_all(chunk),
            Self::Deflate(decoder) => decoder.write_all(chunk),
            Self::Brotli { started, decoder } => {
                // The "large window" extension, which is not in RFC 7932 and begins so, would let a few bytes ask
                // for a gibibyte of window.
                if !*started && chunk.first().is_some_and(|byte| byte & 0x7f == 0x11) {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "large windows are not taken"));
                }
                *started |= !chunk.is_empty();
                decoder.write_all(chunk)
            }
        }
    }

    fn sink(&self) -> &Capped {
        match self {
            Self::Plain(sink) => sink,
            Self::Gzip(decoder) => decoder.get_ref(),
            Self::Deflate(decoder) => decoder.get_ref(),
            Self::Brotli { decoder, .. } => decoder.get_ref(),
        }
    }

    /// The whole body; an error if it stopped in the middle, none if its last bytes unfolded to too much.
    fn finish(self) -> Result<Vec<u8>, Option<io::Error>> {
        let truncated = || Some(io::Error::new(io::ErrorKind::UnexpectedEof, "it is not complete"));
        match self {
            Self::Plain(sink) => Ok(sink.bytes),
            Self::Gzip(mut decoder) => match decoder.try_finish() {
                Ok(()) => Ok(std::mem::take(&mut decoder.get_mut().bytes)),
                Err(error) => Err(Some(error).filter(|_| !decoder.get_ref().over)),
            },
            Self::Deflate(mut decoder) => match decoder.try_finish() {
                Ok(()) => Ok(std::mem::take(&mut decoder.get_mut().bytes)),
                Err(error) => Err(Some(error).filter(|_| !decoder.get_ref().over)),
            },
            Self::Brotli { decoder, .. } => match decoder.into_inner() {
                Ok(sink) => Ok(sink.bytes),
                Err(sink) => Err(truncated().filter(|_| !sink.over)),
            },
        }
    }
}
