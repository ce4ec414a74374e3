use color_eyre::eyre::{Result, WrapErr};

fn read() -> Result<String> {
    std::fs::read_to_string("/does/not/exist").wrap_err("reading the list")
}

fn main() -> Result<()> {
    color_eyre::install()?;
    if std::env::args().count() > 1 {
        panic!("an eyre panic");
    }
    read().wrap_err("starting the service")?;
    Ok(())
}
