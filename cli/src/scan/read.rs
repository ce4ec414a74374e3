//! One input: bytes to finished text, in the order of the records' first lines.

use std::{
    fs::File,
    io::{self, Read},
    os::fd::AsFd,
    time::Duration,
};

use anyhow::Context;
use issue::{
    assemble::{Block, Limits},
    finish::{Finisher, Origin, finish_explained},
    input::{Framing, Streams},
    parse::parse,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{
    Batch, Failure, Input, Settings, Sink, group::Member, line::Line, order::Held, pretty, progress::Progress,
};
use crate::arguments::ScanFormat;

/// Bytes asked for at a time.
const READ: usize = 64 * 1024;

/// How long a record that another stream's open one holds back waits for more input: who watches a log wants to see
/// what is known. Input that does not pause comes out in order.
const PAUSE: Duration = Duration::from_millis(500);

/// Reads an input to its end.
pub fn read(input: &Input, settings: &Settings, progress: &Progress, sink: Sink<'_>) -> Result<(), Failure> {
    let name = input.name();
    let mut file = open(input).map_err(Failure::Input)?;
    let mut reader = Reader::new(settings, name.as_deref());
    let mut buffer = vec![0; READ];
    loop {
        if !reader.held.is_empty() && pauses(&file) {
            let mut batch = Batch::default();
            reader.held.release(u64::MAX, &mut batch.text);
            sink(batch).map_err(Failure::Output)?;
        }
        let read = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                // What was read before it went wrong is still worth something.
                sink(reader.finish().map_err(Failure::Output)?).map_err(Failure::Output)?;
                let name = name.as_deref().unwrap_or("stdin");
                return Err(Failure::Input(
                    anyhow::Error::new(error).context(format!("cannot read {}", shown(name))),
                ));
            }
        };
        progress.read(read);
        // Also where nothing was found: so a reader on a thread of its own learns that nobody listens any more.
        let batch = reader.push(buffer.get(..read).unwrap_or_default()).map_err(Failure::Output)?;
        sink(batch).map_err(Failure::Output)?;
    }
    sink(reader.finish().map_err(Failure::Output)?).map_err(Failure::Output)
}

fn open(input: &Input) -> anyhow::Result<File> {
    match input {
        Input::Stdin { .. } => {
            let stdin = io::stdin().as_fd().try_clone_to_owned().context("cannot read stdin")?;
            Ok(File::from(stdin))
        }
        Input::File(path) => {
            File::open(path).with_context(|| format!("cannot open {}", shown(&path.display().to_string())))
        }
    }
}

fn shown(name: &str) -> String {
    crate::terminal::harmless(name, false).into_owned()
}

/// Whether nothing can be read for [`PAUSE`]; a file never pauses.
fn pauses(file: &File) -> bool {
    let timeout = Timespec::try_from(PAUSE).ok();
    matches!(poll(&mut [PollFd::new(file, PollFlags::IN)], timeout.as_ref()), Ok(0))
}

/// The records of one input.
struct Reader<'a> {
    settings: &'a Settings,
    name: Option<&'a str>,
    streams: Streams,
    blocks: Vec<Block>,
    finisher: Finisher<'a>,
    held: Held,
}

impl<'a> Reader<'a> {
    fn new(settings: &'a Settings, name: Option<&'a str>) -> Self {
        let limits = Limits { min_level: settings.min_level, ..Limits::default() };
        let streams = Streams::new(settings.framing, limits);
        let finisher = Finisher::new(&settings.rules, settings.component.as_deref(), settings.min_level);
        Self { settings, name, streams, blocks: Vec::new(), finisher, held: Held::default() }
    }

    /// Takes a chunk; gives what is ready to be printed. A file has no clock: nothing is closed for being idle.
    fn push(&mut self, chunk: &[u8]) -> io::Result<Batch> {
        self.streams.push(chunk, 0, &mut self.blocks);
        let mut batch = self.take()?;
        self.held.release(self.streams.settled_line(), &mut batch.text);
        Ok(batch)
    }

    /// The end of the input.
    fn finish(&mut self) -> io::Result<Batch> {
        self.streams.flush(&mut self.blocks);
        let mut batch = self.take()?;
        self.held.release(u64::MAX, &mut batch.text);
        Ok(batch)
    }

    /// Finishes the blocks that were closed.
    fn take(&mut self) -> io::Result<Batch> {
        let mut batch = Batch::default();
        for block in std::mem::take(&mut self.blocks) {
            self.one(&block, &mut batch)?;
        }
        Ok(batch)
    }

    fn one(&mut self, block: &Block, batch: &mut Batch) -> io::Result<()> {
        let settings = self.settings;
        let explained;
        let (report, explanation) = if settings.explain {
            let Some(parsed) = parse(block, settings.min_level) else { return Ok(()) };
            let origin = Origin { component: settings.component.as_deref(), fingerprint: None };
            let (report, explanation) = finish_explained(parsed, &settings.rules, &origin);
            explained = report;
            (&explained, Some(explanation))
        } else {
            let Some(report) = self.finisher.report(block) else { return Ok(()) };
            (report, None)
        };
        batch.counts.add(report.level);
        if settings.group {
            batch.members.push(Member::new(report, [block.first_line, block.last_line]));
            return Ok(());
        }
        // One stream's records end in the order in which they begin.
        let ordered = settings.framing == Framing::Raw;
        let mut own = Vec::new();
        let text = if ordered { &mut batch.text } else { &mut own };
        match settings.format {
            ScanFormat::Ndjson => {
                let line = Line::new(block, report, self.name, explanation);
                serde_json::to_writer(&mut *text, &line).map_err(io::Error::from)?;
                text.push(b'\n');
            }
            ScanFormat::Pretty => {
                pretty::write(text, settings.palette, block, report, self.name, explanation.as_ref())?;
            }
        }
        if !ordered {
            self.held.push(block.first_line, own);
        }
        Ok(())
    }
}
