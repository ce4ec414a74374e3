//! Everything of a store as JSON Lines, out of one and into another: a backup, or the way from a laptop's file to a
//! cluster's database and back.
//!
//! The lines of an issue stand together, its own first; notes (people, tokens, the backlog, the audit) follow. The last line counts the others, so that half a file is not taken
//! for a whole one. An import can be repeated: what is there already as it should be is written once more with what hangs
//! below it, which changes nothing; so one that was cut short is ended by running it again.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, BufWriter, IsTerminal, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Args;

use crate::store::{
    Store, StoreError,
    choice::{FirestoreSettings, StoreChoice},
};

mod export;
mod import;
mod line;
mod notes;

pub use export::export;
pub use import::import;

/// How often people are told how far it is.
const TOLD: Duration = Duration::from_millis(500);

/// Which store.
#[derive(Clone, Debug, Args)]
pub struct StoreArguments {
    /// The store: sqlite:PATH or firestore:PROJECT[/DATABASE].
    #[arg(long, value_name = "STORE", env = "ISSUETRACKER_STORE")]
    pub store: StoreChoice,
    /// Put before the names of Firestore's top collections; TRACKERS/NAME/ puts them below that document.
    #[arg(
        long,
        value_name = "PREFIX",
        env = "ISSUETRACKER_STORE_PREFIX",
        default_value = "",
        hide_default_value = true
    )]
    pub store_prefix: String,
    /// HOST:PORT of a Firestore emulator.
    #[arg(long, value_name = "HOST:PORT", env = "FIRESTORE_EMULATOR_HOST", hide = true)]
    pub firestore_emulator: Option<String>,
}

impl StoreArguments {
    /// Opens it.
    pub fn open(&self) -> Result<Arc<dyn Store>, StoreError> {
        let emulator = self.firestore_emulator.clone().filter(|host| !host.is_empty());
        self.store.open(&FirestoreSettings { prefix: self.store_prefix.clone(), emulator })
    }
}

/// `export`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXPORT_HELP)]
pub struct ExportArguments {
    /// Where from.
    #[command(flatten)]
    pub store: StoreArguments,
    /// The file to write; stdout when none is named. It appears when it is whole, readable by you alone.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

const EXPORT_HELP: &str = "\
Written are issues with their occurrences, activities, comments and notifications, the marks of the records that they have
counted, and the tombstones of deleted issues; users with their roles, API tokens (as hashes), the backlog, the audit, and what
was done with dead letters. Sessions are not: people log in anew. What changes meanwhile is in the file as it was when its issue was read.

Both programs have this command: issuetracker opens SQLite files, issuetracker-consumer opens both kinds of store.
A SQLite file that a tracker has open is refused: stop the tracker first.

Exit status: 0 when everything was written, 2 when not.

Examples:
  issuetracker export --store sqlite:$HOME/.local/share/issuetracker/issues.db -o issues.jsonl
  issuetracker-consumer export --store firestore:my-project -o issues.jsonl
  issuetracker-consumer export --store firestore:my-project | gzip > issues.jsonl.gz";

/// `import`.
#[derive(Clone, Debug, Args)]
#[command(after_help = IMPORT_HELP)]
pub struct ImportArguments {
    /// Where to.
    #[command(flatten)]
    pub store: StoreArguments,
    /// The file to read; stdin when none is named or `-`.
    #[arg(value_name = "FILE")]
    pub input: Option<PathBuf>,
}

const IMPORT_HELP: &str = "\
What is in the store already, and is not as the file has it, is left as it is and counted. So an import that was
cut short can be run again, and none overwrites anybody's work.

Both programs have this command: issuetracker opens SQLite files, issuetracker-consumer opens both kinds of store.
Marks of records that issues have counted come along: the same records are not counted again.

Exit status: 0 when all of the file is in the store, 1 when something was left as it was, 2 when the file is not whole
or the store does not answer.

Examples:
  issuetracker-consumer import --store firestore:my-project issues.jsonl
  issuetracker import --store sqlite:copy.db issues.jsonl
  issuetracker export --store sqlite:issues.db | issuetracker-consumer import --store firestore:my-project";

/// What went over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Issues.
    pub issues: u64,
    /// Occurrences, activities, comments and notifications.
    pub below: u64,
    /// Deleted issues.
    pub tombstones: u64,
    /// Users, tokens, items of the backlog, and what else stands beside the issues.
    pub notes: u64,
    /// Of these, what is in the store in another state and stays so.
    pub left: u64,
}

/// What keeps it from going on.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The store does not answer, or cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file, stdin or stdout.
    #[error("{step}")]
    File {
        /// The step that failed.
        step: String,
        /// Why.
        source: io::Error,
    },
    /// A line that no export writes.
    #[error("line {line} is none of an export: {reason}")]
    Line {
        /// From 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The last line is missing or counts differently.
    #[error("the file is not whole: {0}")]
    NotWhole(String),
    /// Others write to the same issues all the time.
    #[error("others change issue {0} all the time: stop the tracker, or try again")]
    Contended(issue::id::IssueId),
}

fn file(step: impl Into<String>) -> impl FnOnce(io::Error) -> TransferError {
    let step = step.into();
    move |source| TransferError::File { step, source }
}

/// Runs `export`, and tells on stderr what it did.
pub async fn run_export(arguments: &ExportArguments) -> Result<ExitCode, TransferError> {
    let store = arguments.store.open()?;
    let mut told = Told::new("exported");
    let moved = match &arguments.output {
        None => export(&*store, &mut BufWriter::new(io::stdout()), |moved| told.now(moved)).await?,
        Some(path) => {
            let unready = beside(path);
            let mut out = BufWriter::new(create(&unready)?);
            let moved = export(&*store, &mut out, |moved| told.now(moved)).await?;
            let synced =
                out.into_inner().map_err(io::IntoInnerError::into_error).and_then(|out| out.sync_all());
            synced.map_err(file(format!("write {}", unready.display())))?;
            fs::rename(&unready, path).map_err(file(format!("put {} in its place", path.display())))?;
            moved
        }
    };
    told.end(moved);
    Ok(ExitCode::SUCCESS)
}

/// Runs `import`, and tells on stderr what it did.
pub async fn run_import(arguments: &ImportArguments) -> Result<ExitCode, TransferError> {
    let mut input: Box<dyn BufRead> = match &arguments.input {
        Some(path) if path != Path::new("-") => {
            let open = File::open(path).map_err(file(format!("open {}", path.display())))?;
            Box::new(BufReader::new(open))
        }
        _ => Box::new(BufReader::new(io::stdin())),
    };
    let store = arguments.store.open()?;
    let mut told = Told::new("imported");
    let moved = import(&*store, &mut *input, |moved| told.now(moved)).await?;
    told.end(moved);
    Ok(if moved.left == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".unready");
    name.into()
}

/// What people report is not for every user of the machine.
fn create(path: &Path) -> Result<File, TransferError> {
    let mut options = OpenOptions::new();
    let options = options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path).map_err(file(format!("create {}", path.display())))
}

/// Tells how far it is: on a terminal now and then, and everywhere at the end.
struct Told {
    verb: &'static str,
    begun: Instant,
    last: Option<Instant>,
    seen: bool,
}

impl Told {
    fn new(verb: &'static str) -> Self {
        Self { verb, begun: Instant::now(), last: None, seen: io::stderr().is_terminal() }
    }

    fn now(&mut self, moved: Moved) {
        if self.seen && self.last.is_none_or(|last| last.elapsed() >= TOLD) {
            self.last = Some(Instant::now());
            self.say(&format!("\r{} issues, {} documents below them", moved.issues, moved.below));
        }
    }

    fn end(&self, moved: Moved) {
        let Moved { issues, below, tombstones, notes, left } = moved;
        let begin = if self.last.is_some() { "\r" } else { "" };
        self.say(&format!(
            "{begin}{} {issues} issues, {below} documents below them, {tombstones} tombstones and {notes} notes in {:.1} s\n",
            self.verb,
            self.begun.elapsed().as_secs_f64()
        ));
        if left > 0 {
            self.say(&format!(
                "{left} of them are in the store in another state and were left as they are\n"
            ));
        }
    }

    fn say(&self, text: &str) {
        // Whoever closed stderr does not want to be told.
        drop(io::stderr().write_all(text.as_bytes()));
    }
}

#[cfg(test)]
mod tests;
