//! Everything that `scan` writes to stdout, and what it knows at the end.

use std::io::{self, StdoutLock, Write};

use super::{Batch, Counts, Input, Settings, group::Groups, progress::Progress};
use crate::arguments::ScanFormat;

/// Writes batches as they come, or gathers their members.
pub struct Printer<'a> {
    settings: &'a Settings,
    progress: &'a Progress,
    out: StdoutLock<'static>,
    groups: Groups,
    counts: Counts,
}

impl<'a> Printer<'a> {
    /// A printer to stdout.
    pub fn new(settings: &'a Settings, progress: &'a Progress) -> Self {
        let out = io::stdout().lock();
        Self { settings, progress, out, groups: Groups::default(), counts: Counts::default() }
    }

    /// Takes what was found in the input of this index.
    pub fn take(&mut self, input: usize, batch: Batch) -> io::Result<()> {
        self.counts.merge(batch.counts);
        for member in batch.members {
            self.groups.add(input, member);
        }
        if batch.text.is_empty() {
            return Ok(());
        }
        let out = &mut self.out;
        self.progress.around_stdout(|| {
            out.write_all(&batch.text)?;
            out.flush()
        })
    }

    /// What is known at the end. Answers how many reports there was no room to group.
    pub fn finish(mut self, inputs: &[Input]) -> io::Result<u64> {
        let mut text = Vec::new();
        let groups = std::mem::take(&mut self.groups);
        match (self.settings.group, self.settings.format) {
            (true, ScanFormat::Ndjson) => groups.write_lines(&mut text, inputs)?,
            (true, ScanFormat::Pretty) => {
                groups.write_table(&mut text, inputs, self.settings.palette)?;
                self.total(&mut text, inputs)?;
            }
            (false, ScanFormat::Pretty) => self.total(&mut text, inputs)?,
            (false, ScanFormat::Ndjson) => {}
        }
        self.out.write_all(&text)?;
        self.out.flush()?;
        Ok(groups.dropped())
    }

    /// `2 fatal, 13 errors in 3 files`.
    fn total(&self, out: &mut impl Write, inputs: &[Input]) -> io::Result<()> {
        let Counts { warnings, errors, fatal } = self.counts;
        let plural = |count: u64| if count == 1 { "" } else { "s" };
        let parts = [
            (fatal, format!("{fatal} fatal")),
            (errors, format!("{errors} error{}", plural(errors))),
            (warnings, format!("{warnings} warning{}", plural(warnings))),
        ];
        let parts: Vec<String> =
            parts.into_iter().filter(|(count, _)| *count > 0).map(|(_, text)| text).collect();
        let found = if parts.is_empty() { "nothing found".to_owned() } else { parts.join(", ") };
        let place = match inputs {
            [one] => one.name().unwrap_or_else(|| "stdin".to_owned()),
            many => format!("{} files", many.len()),
        };
        let palette = self.settings.palette;
        let place = crate::terminal::harmless(&place, false).into_owned();
        writeln!(out, "{}{found} in {place}{}", palette.dim, palette.off)
    }
}
