//! `cargo xbench`: prints figures of this machine, each beside a baseline of the same run.

use clap::{Parser, ValueEnum};
use tests::bench::{Figure, admission, consumer, engine, intake, pages, path, visits};

/// Measure the error reader, the intake, the consumer, the webhook, the pages, visits and the whole path on this machine.
#[derive(Parser)]
#[command(
    name = "xbench",
    after_help = "Examples:\n  cargo xbench\n  cargo xbench engine\n\nFigures depend on the machine; the ratio to the baseline beside each travels better."
)]
struct Cli {
    /// What to measure [default: everything].
    what: Vec<What>,
    /// Issues that the pages are measured over, with ten occurrences each.
    #[arg(long, default_value_t = 100_000, value_name = "N")]
    issues: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Text to fingerprints, on one core.
    Engine,
    /// Durable acknowledgements over HTTP.
    Intake,
    /// Records to stored counts.
    Consumer,
    /// The webhook on a pod with twenty containers, without a network.
    Admission,
    /// Pages and lists over many issues, and 500 open ones; the usual 100,000 take minutes to fill.
    Pages,
    /// Events of front ends through privacy, sessions and signals, on one core; memory of 100,000 open sessions.
    Visits,
    /// Sidecar, Kafka and consumer as processes: answers with Kafka up and down, report to list, a storm, memory.
    Path,
}

#[expect(clippy::print_stdout, reason = "figures are what this program is for")]
fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let asked = |what| cli.what.is_empty() || cli.what.contains(&what);
    let print = |figures: Vec<Figure>| figures.iter().for_each(|figure| println!("{}", figure.line()));
    if asked(What::Engine) {
        print(engine::figures()?);
    }
    if asked(What::Intake) {
        print(intake::figures()?);
    }
    if asked(What::Consumer) {
        print(consumer::figures()?);
    }
    if asked(What::Admission) {
        print(admission::figures()?);
    }
    if asked(What::Pages) {
        print(pages::figures(cli.issues)?);
    }
    if asked(What::Visits) {
        print(visits::figures()?);
    }
    if asked(What::Path) {
        print(path::figures()?);
    }
    Ok(())
}
