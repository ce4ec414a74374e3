//! `issuetracker scan`: logs in, one report a line out.

mod pretty;

use std::{
    fs::File,
    io::{self, Read, Write},
    path::Path,
    process::ExitCode,
};

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use issue::{
    assemble::{Block, Limits},
    finish::{Explanation, Origin, Rules, RulesSettings, finish, finish_explained},
    input::{Framing, Streams},
    parse::parse,
    report::{Level, Report},
};
use serde::Serialize;

use crate::{
    arguments::{ScanArguments, ScanFormat, ScanInput},
    terminal,
};

/// Bytes asked for at a time.
const READ: usize = 1024 * 1024;

/// Files from this size on show how far they are read.
const LARGE: u64 = 64 * 1024 * 1024;

/// One line of output.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    report: &'a Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    lines: [u64; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    explain: Option<Explain<'a>>,
}

/// `--explain`.
#[derive(Serialize)]
struct Explain<'a> {
    opened_by: &'a str,
    closed_by: &'a str,
    #[serde(flatten)]
    finish: Explanation,
}

/// Runs the command.
#[expect(clippy::print_stderr, reason = "an unreadable file is told while the others are still read")]
pub fn run(arguments: &ScanArguments) -> anyhow::Result<ExitCode> {
    let redact = arguments.redact.iter().map(|pattern| ("user".to_owned(), pattern.clone())).collect();
    let rules = Rules::new(&RulesSettings { redact, ..RulesSettings::default() })?;
    let out = io::BufWriter::with_capacity(64 * 1024, io::stdout().lock());
    let mut scan = Scan { arguments, rules, out, blocks: Vec::new(), buffer: vec![0; READ] };
    if arguments.files.is_empty() {
        scan.read(&mut io::stdin().lock(), None, &ProgressBar::hidden()).context("reading stdin")?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut code = ExitCode::SUCCESS;
    for path in &arguments.files {
        if let Err(error) = scan.file(path) {
            if crate::is_broken_pipe(&error) {
                return Err(error);
            }
            eprintln!("issuetracker: {error:#}");
            code = ExitCode::from(2);
        }
    }
    Ok(code)
}

struct Scan<'a, W: Write> {
    arguments: &'a ScanArguments,
    rules: Rules,
    out: W,
    blocks: Vec<Block>,
    buffer: Vec<u8>,
}

impl<W: Write> Scan<'_, W> {
    fn file(&mut self, path: &Path) -> anyhow::Result<()> {
        let name = path.display().to_string();
        if name == "-" {
            return self
                .read(&mut io::stdin().lock(), Some("-"), &ProgressBar::hidden())
                .context("reading stdin");
        }
        let mut file = File::open(path).with_context(|| format!("cannot open {name}"))?;
        let size = file.metadata().map(|metadata| metadata.len()).unwrap_or_default();
        let progress = if size >= LARGE { ProgressBar::new(size) } else { ProgressBar::hidden() };
        if let Ok(style) =
            ProgressStyle::with_template("{wide_msg} {bytes}/{total_bytes} {bytes_per_sec} {bar:20}")
        {
            progress.set_style(style);
        }
        progress.set_message(terminal::harmless(&name, false).into_owned());
        let read =
            self.read(&mut file, Some(&name), &progress).with_context(|| format!("cannot read {name}"));
        progress.finish_and_clear();
        read
    }

    fn read(
        &mut self,
        input: &mut impl Read,
        name: Option<&str>,
        progress: &ProgressBar,
    ) -> anyhow::Result<()> {
        let framing = match self.arguments.input {
            ScanInput::Raw => Framing::Raw,
            ScanInput::Cri => Framing::Cri,
            ScanInput::Docker => Framing::Docker,
        };
        let min_level = Level::from(self.arguments.min_level);
        let mut streams = Streams::new(framing, Limits { min_level, ..Limits::default() });
        loop {
            let read = match input.read(&mut self.buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            progress.inc(u64::try_from(read).unwrap_or_default());
            // A file has no clock: nothing is closed for being idle.
            streams.push(self.buffer.get(..read).unwrap_or_default(), 0, &mut self.blocks);
            self.print(name, min_level)?;
        }
        streams.flush(&mut self.blocks);
        self.print(name, min_level)
    }

    /// Prints what was closed since the last call.
    fn print(&mut self, name: Option<&str>, min_level: Level) -> anyhow::Result<()> {
        if self.blocks.is_empty() {
            return Ok(());
        }
        for block in std::mem::take(&mut self.blocks) {
            let Some(parsed) = parse(&block, min_level) else { continue };
            let origin = Origin { component: self.arguments.component.as_deref(), fingerprint: None };
            let (report, explanation) = if self.arguments.explain {
                let (report, explanation) = finish_explained(parsed, &self.rules, &origin);
                (report, Some(explanation))
            } else {
                (finish(parsed, &self.rules, &origin), None)
            };
            let line = Line {
                report: &report,
                file: name,
                lines: [block.first_line, block.last_line],
                explain: explanation.map(|finish| Explain {
                    opened_by: block.opened_by(),
                    closed_by: block.closed_by(),
                    finish,
                }),
            };
            match self.arguments.format {
                ScanFormat::Ndjson => {
                    serde_json::to_writer(&mut self.out, &line).map_err(io::Error::from)?;
                    self.out.write_all(b"\n")?;
                }
                ScanFormat::Pretty => pretty::write(&mut self.out, &report, name, line.lines)?,
            }
        }
        self.out.flush()?;
        Ok(())
    }
}
