use anyhow::{Context, Result};

fn read() -> Result<String> {
    std::fs::read_to_string("/does/not/exist").context("reading the list")
}

fn main() -> Result<()> {
    read().context("starting the service")?;
    Ok(())
}
