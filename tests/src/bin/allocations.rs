//! Prints how many allocations one report costs, from bytes to fingerprint. `cargo xbench engine` asks it: the counting
//! would slow down what is measured there.

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tests::bench::engine;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[expect(clippy::print_stdout, reason = "the figure is what this program is for")]
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn main() -> anyhow::Result<()> {
    let count = || {
        let stats = ALLOCATOR.stats();
        stats.allocations + stats.reallocations
    };
    let (reports, calls) = engine::counted(count)?;
    println!("{:.1}", calls as f64 / reports.max(1) as f64);
    Ok(())
}
