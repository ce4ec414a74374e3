//! From closed records to reports, one after the other. A record that repeats an earlier one byte for byte, as those of
//! a crash loop do, gives the report that was made then.

use super::{Origin, Rules, finish};
use crate::{
    assemble::Block,
    languages::Grammar,
    memo::{self, Memo},
    parse::parse,
    report::{Frame, Level, Report},
};

/// What the reports that are remembered may take together.
const MEMORY: usize = 2 << 20;

/// Half as many as are remembered at most.
const SETS: usize = 512;

/// Reads and finishes the records of one source.
#[derive(Debug)]
pub struct Finisher<'r> {
    rules: &'r Rules,
    origin: Origin<'r>,
    min_level: Level,
    known: Memo<Box<Known>>,
    /// The last report if it is not remembered.
    last: Option<Report>,
}

/// A report, and what it was made of besides its text: everything that parsing looks at.
#[derive(Debug)]
struct Known {
    grammar: Option<&'static Grammar>,
    opened: &'static str,
    prefixed: Option<Level>,
    body: usize,
    report: Report,
}

impl<'r> Finisher<'r> {
    /// For records of the workload `component`; those below `min_level` give no report.
    pub fn new(rules: &'r Rules, component: Option<&'r str>, min_level: Level) -> Self {
        Self::remembering(MEMORY, rules, component, min_level)
    }

    /// As [`Finisher::new`], with so many bytes for the reports that are remembered; 0 for none.
    pub fn remembering(bytes: usize, rules: &'r Rules, component: Option<&'r str>, min_level: Level) -> Self {
        let origin = Origin { component, fingerprint: None };
        Self { rules, origin, min_level, known: Memo::new(SETS, bytes), last: None }
    }

    /// What [`parse`] and [`finish`] make of a record.
    pub fn report(&mut self, block: &Block) -> Option<&Report> {
        let hash = memo::hash(block.lines.as_bytes());
        if let Some(place) = self.known.find(hash, |known| known.is_of(block)) {
            return self.known.get(place).map(|known| &known.report);
        }
        let report = finish(parse(block, self.min_level)?, self.rules, &self.origin);
        // The report's text is what it is found by again, so that no secret is remembered.
        if report.text != block.lines || !self.known.comes_again(hash) {
            return Some(self.last.insert(report));
        }
        match self.known.keep(hash, weight(&report), Box::new(Known::new(block, report))) {
            Ok(place) => self.known.get(place).map(|known| &known.report),
            Err(known) => Some(self.last.insert(known.report)),
        }
    }
}

impl Known {
    fn new(block: &Block, report: Report) -> Self {
        let Block { grammar, opened, prefixed, body, .. } = *block;
        Self { grammar, opened, prefixed, body, report }
    }

    fn is_of(&self, block: &Block) -> bool {
        self.body == block.body
            && self.opened == block.opened
            && self.grammar == block.grammar
            && self.prefixed == block.prefixed
            && self.report.text == block.lines
    }
}

/// About how many bytes a report takes.
fn weight(report: &Report) -> usize {
    let text = |text: &Option<String>| text.as_ref().map_or(0, String::capacity);
    let names = |frame: &Frame| text(&frame.function) + text(&frame.module) + text(&frame.file);
    let frames = |frames: &Vec<Frame>| {
        frames.capacity() * size_of::<Frame>() + frames.iter().map(names).sum::<usize>()
    };
    let causes = report.causes.iter().map(|cause| {
        size_of_val(cause) + text(&cause.error_type) + cause.message.capacity() + frames(&cause.frames)
    });
    let own = [&report.message, &report.template, &report.fingerprint, &report.text];
    size_of::<Known>()
        + own.into_iter().map(String::capacity).sum::<usize>()
        + text(&report.error_type)
        + text(&report.culprit)
        + text(&report.log)
        + frames(&report.frames)
        + causes.sum::<usize>()
}
