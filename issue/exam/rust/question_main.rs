use std::fmt;

#[derive(Debug)]
enum StartError {
    Config { path: String, source: std::num::ParseIntError },
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StartError::Config { path, .. } = self;
        write!(f, "bad config {path}")
    }
}
impl std::error::Error for StartError {}

fn port(text: &str) -> Result<u16, StartError> {
    text.parse().map_err(|source| StartError::Config { path: "app.toml".into(), source })
}

fn main() -> Result<(), StartError> {
    port("80a")?;
    Ok(())
}
