//! `GET /api/v1/events`: what happens just now, as server-sent events (HTML standard, section 9.2).

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    http::{HeaderName, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::{Stream, StreamExt, stream};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::ApiState;
use crate::pulse::Beat;

/// A line without meaning keeps proxies from ending a quiet connection.
const QUIET: Duration = Duration::from_secs(25);

/// The handler. Each event is named `issues` and holds `{"new": […], "changed": […], "more": bool, "store": bool}`.
pub async fn listen(State(state): State<ApiState>) -> Response {
    let stop = state.pulse.stop();
    let beats = beats(state.pulse.listen()).take_until(stop.cancelled_owned());
    let hello = stream::iter([Ok(Event::default().retry(Duration::from_secs(3)).comment("open"))]);
    let quiet = KeepAlive::new().interval(QUIET);
    let plain = [(header::CACHE_CONTROL, "no-store"), (HeaderName::from_static("x-accel-buffering"), "no")];
    (plain, Sse::new(hello.chain(beats)).keep_alive(quiet)).into_response()
}

fn beats(receiver: Receiver<std::sync::Arc<Beat>>) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(receiver, |mut receiver| async move {
        let beat = match receiver.recv().await {
            Ok(beat) => (*beat).clone(),
            // It was too slow to be told everything: there was more.
            Err(RecvError::Lagged(_)) => Beat { more: true, store: true, ..Beat::default() },
            Err(RecvError::Closed) => return None,
        };
        // Ids and flags: writing them cannot fail.
        let event = Event::default().event("issues").json_data(&beat).unwrap_or_default();
        Some((Ok(event), receiver))
    })
}
