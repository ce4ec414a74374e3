//! How far large files are read, on a terminal behind stderr.

use std::{
    fs,
    io::{self, IsTerminal},
};

use indicatif::{ProgressBar, ProgressStyle};

use super::Input;

/// Files that are this large together take long enough for somebody to wonder.
const LARGE: u64 = 64 * 1024 * 1024;

/// A bar over the bytes of all files; hidden where nobody sees it or nobody needs it.
pub struct Progress {
    bar: ProgressBar,
    /// Whether what is printed goes to the same screen as the bar.
    shared: bool,
}

impl Progress {
    /// The progress of reading `inputs`.
    pub fn over(inputs: &[Input]) -> Self {
        let size = |input: &Input| match input {
            Input::File(path) => {
                fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|metadata| metadata.len())
            }
            Input::Stdin { .. } => None,
        };
        // Where a pipe is among them nobody knows how much there is.
        let total = inputs.iter().map(size).try_fold(0_u64, |sum, size| Some(sum.saturating_add(size?)));
        let seen = io::stderr().is_terminal();
        let bar = match total {
            Some(total) if seen && total >= LARGE => ProgressBar::new(total),
            _ => ProgressBar::hidden(),
        };
        let style = "{bar:24} {percent:>3} %  {bytes} of {total_bytes}  {bytes_per_sec}  {eta} left";
        if let Ok(style) = ProgressStyle::with_template(style) {
            bar.set_style(style.progress_chars("━━ "));
        }
        Self { bar, shared: seen && io::stdout().is_terminal() }
    }

    /// `bytes` more were read.
    pub fn read(&self, bytes: usize) {
        self.bar.inc(u64::try_from(bytes).unwrap_or_default());
    }

    /// Prints something without the bar in between.
    pub fn around<T>(&self, print: impl FnOnce() -> T) -> T {
        if self.bar.is_hidden() { print() } else { self.bar.suspend(print) }
    }

    /// As [`Progress::around`] for stdout, which often is not the bar's screen.
    pub fn around_stdout<T>(&self, print: impl FnOnce() -> T) -> T {
        if self.shared { self.around(print) } else { print() }
    }

    /// Takes the bar away.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}
