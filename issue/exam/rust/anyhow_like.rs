//! Prints an error the way the common error crates do from `main`.
use std::{error::Error, fmt};

struct Report(Box<dyn Error>);

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n\nCaused by:", self.0)?;
        let mut at = self.0.source();
        let mut n = 0;
        while let Some(e) = at {
            write!(f, "\n    {n}: {e}")?;
            at = e.source();
            n += 1;
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Context(&'static str, Option<Box<dyn Error>>);
impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.0) }
}
impl Error for Context {
    fn source(&self) -> Option<&(dyn Error + 'static)> { self.1.as_deref() }
}

fn load() -> Result<(), Report> {
    let io = std::fs::read("/nonexistent/key.pem").unwrap_err();
    let inner = Context("could not read the key", Some(Box::new(io)));
    Err(Report(Box::new(Context("TLS setup failed", Some(Box::new(inner))))))
}

fn main() -> Result<(), Report> {
    eprintln!("INFO tls: loading");
    load()
}
