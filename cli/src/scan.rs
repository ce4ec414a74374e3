//! `issuetracker scan`: logs in, one report a line out.
//!
//! Each input has a [`read::Reader`], which gives [`Batch`]es of finished text or of members of groups; the printer
//! takes them in the order of the inputs. With `--jobs` the readers run ahead of the printer by a bounded number of
//! batches. Nothing here grows with the input: records, held text, groups and batches are all bounded.

mod group;
mod jobs;
mod line;
mod order;
mod paint;
mod pretty;
mod print;
mod progress;
mod read;

use std::{io, path::PathBuf, process::ExitCode};

use anyhow::bail;
use issue::{
    finish::{Rules, RulesError, RulesSettings},
    input::Framing,
    report::Level,
};

use crate::arguments::{ScanArguments, ScanFormat, ScanInput};
use paint::Palette;

/// What all readers share.
struct Settings {
    rules: Rules,
    framing: Framing,
    min_level: Level,
    component: Option<String>,
    explain: bool,
    group: bool,
    format: ScanFormat,
    palette: Palette,
}

/// Where text comes from.
#[derive(Clone, Debug)]
enum Input {
    Stdin { named: bool },
    File(PathBuf),
}

impl Input {
    /// stdin when no file is named.
    fn all(files: &[PathBuf]) -> Vec<Self> {
        if files.is_empty() {
            return vec![Self::Stdin { named: false }];
        }
        let input = |path: &PathBuf| match path.to_str() {
            Some("-") => Self::Stdin { named: true },
            _ => Self::File(path.clone()),
        };
        files.iter().map(input).collect()
    }

    /// As `file` names it; none when no file was named.
    fn name(&self) -> Option<String> {
        match self {
            Self::Stdin { named } => named.then(|| "-".to_owned()),
            Self::File(path) => Some(path.display().to_string()),
        }
    }
}

/// What a reader found since its last batch.
#[derive(Default)]
struct Batch {
    /// Ready to be printed; empty with `--group`.
    text: Vec<u8>,
    /// With `--group`: each report.
    members: Vec<group::Member>,
    counts: Counts,
}

/// Reports by level.
#[derive(Clone, Copy, Default)]
struct Counts {
    warnings: u64,
    errors: u64,
    fatal: u64,
}

impl Counts {
    fn add(&mut self, level: Level) {
        match level {
            Level::Warning => self.warnings += 1,
            Level::Error => self.errors += 1,
            Level::Fatal => self.fatal += 1,
        }
    }

    fn merge(&mut self, other: Self) {
        self.warnings += other.warnings;
        self.errors += other.errors;
        self.fatal += other.fatal;
    }
}

/// Why an input was not read to its end.
enum Failure {
    /// The input is to blame; the others are still read.
    Input(anyhow::Error),
    /// Nobody takes what is printed.
    Output(io::Error),
}

/// Takes what a reader found.
type Sink<'a> = &'a mut dyn FnMut(Batch) -> io::Result<()>;

/// Runs the command.
#[expect(clippy::print_stderr, reason = "an unreadable file is told while the others are still read")]
pub fn run(arguments: &ScanArguments) -> anyhow::Result<ExitCode> {
    let settings = Settings {
        rules: rules(&arguments.redact)?,
        framing: match arguments.input {
            ScanInput::Raw => Framing::Raw,
            ScanInput::Cri => Framing::Cri,
            ScanInput::Docker => Framing::Docker,
        },
        min_level: arguments.min_level.into(),
        component: arguments.component.clone(),
        explain: arguments.explain,
        group: arguments.group,
        format: arguments.format,
        palette: Palette::of(arguments.color),
    };
    let inputs = Input::all(&arguments.files);
    let progress = progress::Progress::over(&inputs);
    let mut printer = print::Printer::new(&settings, &progress);
    let mut code = ExitCode::SUCCESS;
    let mut refused = |error: anyhow::Error| {
        progress.around(|| eprintln!("issuetracker: {error:#}"));
        code = ExitCode::from(2);
    };
    match usize::from(arguments.jobs).min(inputs.len()) {
        0 | 1 => jobs::in_turn(&inputs, &settings, &progress, &mut printer, &mut refused)?,
        jobs => jobs::side_by_side(jobs, &inputs, &settings, &progress, &mut printer, &mut refused)?,
    }
    progress.end();
    match printer.finish(&inputs)? {
        0 => {}
        dropped => eprintln!(
            "issuetracker: too many different errors to group: {dropped} reports of rare ones were left out"
        ),
    }
    Ok(code)
}

/// The built-in rules and the patterns of `--redact`; an error names the pattern that cannot be used.
fn rules(patterns: &[String]) -> anyhow::Result<Rules> {
    let compile = |patterns: &[String]| {
        let redact = patterns.iter().map(|pattern| ("user".to_owned(), pattern.clone())).collect();
        Rules::new(&RulesSettings { redact, ..RulesSettings::default() })
    };
    for pattern in patterns {
        match compile(std::slice::from_ref(pattern)) {
            Ok(_) => {}
            Err(RulesError::Redact(error)) => {
                let reason = error.reason.trim_start_matches("error: ");
                bail!("--redact {pattern:?} cannot be used: {reason}")
            }
            Err(error) => bail!("--redact {pattern:?} cannot be used: {error}"),
        }
    }
    Ok(compile(patterns)?)
}
