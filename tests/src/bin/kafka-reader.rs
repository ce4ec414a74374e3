//! Reads records and commits none: the consumer that a test kills.

use std::time::Duration;

use anyhow::{Context, Result};
use kafka::settings::Settings;
use kafka::source::broker::BrokerSource;
use kafka::source::{Polled, RecordSource};

/// `kafka-reader BROKERS TOPIC GROUP COUNT`: says `read COUNT` when it has them, and goes on polling.
#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = |name| arguments.next().context(name);
    let settings = Settings::new(argument("BROKERS")?, argument("TOPIC")?);
    let group = argument("GROUP")?;
    let count: usize = argument("COUNT")?.parse()?;
    let mut source = BrokerSource::subscribe(settings, &group)?;
    let mut read = 0;
    loop {
        if let Polled::Records(records) = source.poll(100, Duration::from_millis(500)).await?
            && !records.is_empty()
        {
            read += records.len();
            if read == count {
                write(&format!("read {read}\n"))?;
            }
        }
    }
}

fn write(line: &str) -> Result<()> {
    use std::io::Write;
    Ok(std::io::stdout().write_all(line.as_bytes())?)
}
