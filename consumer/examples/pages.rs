//! Serves the pages over sample documents, for looking at them: `cargo run -p consumer --example pages -- [sample|hostile|many|empty|down]`.

#[path = "../tests/ui/memory.rs"]
mod memory;
#[path = "../tests/ui/sample.rs"]
mod sample;

use std::sync::{Arc, atomic::Ordering};

use consumer::ui::{UiState, routes};
use issue::id::TrackerName;
use memory::Memory;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let scene = arguments.next().unwrap_or_else(|| "sample".to_owned());
    let listen = arguments.next().unwrap_or_else(|| "127.0.0.1:6010".to_owned());
    let mut store = Memory::default();
    match scene.as_str() {
        "sample" => {
            let issues = sample::issues();
            let children = sample::children(&issues[0]);
            store = Memory::with(issues, children);
        }
        "hostile" => {
            let texts = || sample::HOSTILE.iter().enumerate();
            let issues: Vec<_> = texts().map(|(index, text)| sample::hostile(index, text)).collect();
            let children =
                issues.iter().zip(texts()).map(|(issue, (_, text))| sample::hostile_children(issue, text));
            let children = children.flatten().collect();
            store = Memory::with(issues, children);
        }
        "down" => store.fails.store(true, Ordering::Relaxed),
        _ => {}
    }
    let mut state = UiState::new(Arc::new(store), TrackerName::parse("shop/main")?);
    state.clock = sample::now;
    state.person = "ada".to_owned();
    let listener = tokio::net::TcpListener::bind(&listen).await?;
    axum::serve(listener, routes(state)).await?;
    Ok(())
}
