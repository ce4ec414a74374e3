//! Every flag of `issuetracker`, as data: parsing, help, completions and the man page are made of it.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use consumer::transfer::{ExportArguments, ImportArguments};

/// The port of the sidecar, of the tracker service and of local mode.
pub const DEFAULT_PORT: u16 = 6001;

/// Error tracking without touching your code.
#[derive(Parser)]
#[command(
    name = "issuetracker",
    version,
    propagate_version = true,
    after_help = "Examples:\n  issuetracker dev -- python3 app.py      run a program, see its errors at http://127.0.0.1:6001\n  \
                  issuetracker scan app.log               print every error in a log as JSON\n  \
                  issuetracker issues list                list what was found\n\n\
                  `issuetracker help COMMAND` says more."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Subcommand)]
pub enum Command {
    /// Run a program and track its errors on this machine.
    Dev(DevArguments),
    /// Read logs and print one JSON object for each error in them.
    Scan(ScanArguments),
    /// Print the template of each line of stdin.
    Normalize(NormalizeArguments),
    /// List and change issues on a tracker.
    Issues(IssuesArguments),
    /// Look at records that could not be processed; replay or discard them.
    DeadLetters(DeadLettersArguments),
    /// Write everything that a store keeps as JSON Lines.
    Export(ExportArguments),
    /// Read what `export` wrote into a store.
    Import(ImportArguments),
    /// Print a completion script for a shell.
    #[command(after_help = "Example:\n  issuetracker completions bash > /etc/bash_completion.d/issuetracker")]
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Print the man page.
    #[command(after_help = "Example:\n  issuetracker man | man -l -")]
    Man,
    /// What `dev` does when the program has ended.
    #[command(name = "dev-after", hide = true)]
    After(crate::dev::AfterArguments),
    /// The tracker that `dev` starts beside a program; ends with its parent.
    #[command(name = "dev-server", hide = true)]
    Serve(DevArguments),
    /// Becomes another program, which ends with its parent.
    #[command(name = "leash", hide = true)]
    Leash(crate::cluster::leash::LeashArguments),
}

/// `dev`.
#[derive(Args)]
#[command(
    after_help = "The program's input, output, signals, terminal and exit code are as without us. What we have to say goes to \
                  the terminal; where there is none, to stderr once the program has ended, and nowhere with --exit.\n\n\
                  ISSUETRACKER_URL, SENTRY_DSN and OTEL_EXPORTER_OTLP_LOGS_ENDPOINT are set for the program unless it has \
                  them already.\n\nExamples:\n  issuetracker dev -- python3 app.py\n  issuetracker dev --exit -- cargo test     \
                  end with the program, with its exit code\n  issuetracker dev                          only serve\n  issuetracker dev --sample --data-dir /tmp/shop   look at a tracker that has a month behind it"
)]
pub struct DevArguments {
    /// Address of the page and of the intake.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:6001", env = "ISSUETRACKER_LISTEN")]
    pub listen: SocketAddr,
    /// Where issues are kept [default: the user's data folder, for instance ~/.local/share/issuetracker].
    #[arg(long, value_name = "DIR", env = "ISSUETRACKER_DATA_DIR")]
    pub data_dir: Option<PathBuf>,
    /// Take events of front ends, too, and serve a sample page at /shop/ that has troubles (project and key `dev`).
    #[arg(long)]
    pub frustration: bool,
    /// End as soon as everything is stored, with the program's exit code.
    #[arg(long)]
    pub exit: bool,
    /// Fill an empty tracker with a month of several services; the same SEED gives the same month.
    #[arg(long, value_name = "SEED", num_args = 0..=1, default_missing_value = "1", conflicts_with = "command")]
    pub sample: Option<u64>,
    /// Report log lines and traces from this level on.
    #[arg(long, value_name = "LEVEL", default_value = "error")]
    pub min_level: MinLevel,
    /// The program and its arguments.
    #[arg(last = true, value_name = "CMD")]
    pub command: Vec<std::ffi::OsString>,
}

/// `scan`.
#[derive(Args)]
#[command(
    after_help = "Exit status: 0 when everything was read, whatever was found; 2 for an unreadable file or a bad flag.\n\n\
                  Examples:\n  issuetracker scan app.log\n  kubectl logs api-7d9 | issuetracker scan --format pretty\n  \
                  issuetracker scan --format pretty --group *.log      what goes wrong most often\n  \
                  issuetracker scan --input cri --jobs 4 /var/log/pods/*/*/*.log"
)]
pub struct ScanArguments {
    /// Files to read; stdin when none or `-`.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// How to print: one JSON object a line, or for people.
    #[arg(long, value_name = "FORMAT", default_value = "ndjson")]
    pub format: ScanFormat,
    /// What the lines are: as written, or as a container runtime stores them.
    #[arg(long, value_name = "INPUT", default_value = "raw")]
    pub input: ScanInput,
    /// Leave out what is below this level.
    #[arg(long, value_name = "LEVEL", default_value = "error")]
    pub min_level: MinLevel,
    /// Component that the fingerprint is computed with.
    #[arg(long, value_name = "NAME")]
    pub component: Option<String>,
    /// Regular expression whose matches are redacted, besides the built-in ones; repeat for several.
    #[arg(long, value_name = "PATTERN")]
    pub redact: Vec<String>,
    /// Add how each record was recognised, judged and fingerprinted.
    #[arg(long)]
    pub explain: bool,
    /// Print each fingerprint once, at the end, the most frequent first.
    #[arg(long, conflicts_with = "explain")]
    pub group: bool,
    /// Colour of `--format pretty`; `auto`: on a terminal, unless NO_COLOR is set.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// How many files are read at the same time; what is printed stays in the order of the files.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub jobs: u8,
}

/// `--format`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ScanFormat {
    /// JSON, one object a line.
    Ndjson,
    /// For people.
    Pretty,
}

/// `--input`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ScanInput {
    /// Lines as the program wrote them.
    Raw,
    /// The log format of the Kubernetes container runtime interface.
    Cri,
    /// Docker's json-file.
    Docker,
}

/// `--color`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// Where people see it.
    Auto,
    /// Also into a pipe, for instance to `less -R`.
    Always,
    /// Nowhere.
    Never,
}

/// `--min-level`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MinLevel {
    /// Warnings too.
    Warning,
    /// Errors and fatal ends.
    Error,
    /// Fatal ends only.
    Fatal,
}

/// Flags that cannot be understood, in one line.
pub fn refusal(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let told = text.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
    let told = told.filter(|line| !line.is_empty() && !line.starts_with("For more information"));
    let told = told.collect::<Vec<_>>().join("; ");
    let told = told.strip_prefix("error: ").unwrap_or(&told);
    format!("{} (`issuetracker help` lists commands and flags)", crate::terminal::harmless(told, false))
}

impl MinLevel {
    /// As it is written on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }
}

impl From<MinLevel> for issue::report::Level {
    fn from(level: MinLevel) -> Self {
        match level {
            MinLevel::Warning => Self::Warning,
            MinLevel::Error => Self::Error,
            MinLevel::Fatal => Self::Fatal,
        }
    }
}

/// `normalize`.
#[derive(Args)]
#[command(
    after_help = "One line out for each line in, in order.\n\nExample:\n  $ echo 'user 17 not found' | issuetracker normalize\n  user <int> not found"
)]
pub struct NormalizeArguments {
    /// Print what enters the fingerprint instead: every placeholder is <*>, neighbours are one.
    #[arg(long)]
    pub key: bool,
}

/// Which tracker is asked, and how its answers are printed.
#[derive(Args)]
pub struct Asked {
    /// Base address of the tracker [default: http://127.0.0.1:6001; of kubectl issues: the cluster's].
    #[arg(long, alias = "url", global = true, value_name = "URL", env = "ISSUETRACKER_URL")]
    pub server: Option<String>,
    /// Where it runs in a cluster.
    #[command(flatten)]
    pub place: Place,
    /// A file with the token that the tracker demands.
    #[arg(long, global = true, value_name = "FILE", env = "ISSUETRACKER_TOKEN_FILE")]
    pub token_file: Option<PathBuf>,
    /// How to print.
    #[arg(long, short, global = true, value_name = "FORMAT", default_value = "table")]
    pub output: Output,
}

/// A tracker in a cluster: it is reached through `kubectl port-forward`, instead of at an address.
#[derive(Args)]
#[command(next_help_heading = "Access and output")]
pub struct Place {
    /// The namespace of the tracker [default: that of the kubeconfig's context].
    #[arg(long, short, global = true, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// The context of the kubeconfig.
    #[arg(long, global = true, value_name = "CONTEXT")]
    pub context: Option<String>,
    /// The kubeconfig [default: kubectl's own].
    #[arg(long, global = true, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Whether this is kubectl's plugin.
    #[arg(long, global = true, hide = true)]
    pub plugin: bool,
}

impl Place {
    /// Whether a cluster is asked for in so many words.
    pub fn is_named(&self) -> bool {
        self.namespace.is_some() || self.context.is_some() || self.kubeconfig.is_some()
    }
}

/// `issues`.
#[derive(Args)]
#[command(
    after_help = "Without a command it lists open issues. Under the name kubectl-issues, in a folder of PATH, this program is\n\
                  kubectl's plugin: `kubectl issues` asks the tracker of the current namespace, with the token of its Secret.\n\n\
                  Examples:\n  issuetracker issues --namespace shop\n  kubectl issues show 0197a1c2\n  \
                  kubectl issues -n shop -o yaml list --status resolved\n  kubectl issues tail"
)]
pub struct IssuesArguments {
    /// Of whom.
    #[command(flatten)]
    pub asked: Asked,
    /// What to do.
    #[command(subcommand)]
    pub command: Option<IssuesCommand>,
}

/// `dead-letters`.
#[derive(Args)]
#[command(
    after_help = "A dead letter is a record that could not be processed. It counts once, however often it is replayed.\n\n\
                  Examples:\n  issuetracker dead-letters list\n  issuetracker dead-letters show 0-17\n  \
                  issuetracker dead-letters replay --all --reason unknown_kind      after an upgrade that knows the kind"
)]
pub struct DeadLettersArguments {
    /// Of whom.
    #[command(flatten)]
    pub asked: Asked,
    /// What to do.
    #[command(subcommand)]
    pub command: DeadLettersCommand,
}

/// What can be done with dead letters.
#[derive(Subcommand)]
pub enum DeadLettersCommand {
    /// List those that wait, the oldest first.
    List {
        /// Also those that were replayed or discarded.
        #[arg(long)]
        all: bool,
        /// Most letters to list.
        #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
    },
    /// Show one with what the record holds.
    Show {
        /// Its id, or the beginning of it: 0-17 is offset 17 of partition 0.
        id: String,
    },
    /// Process records after all.
    Replay(Which),
    /// Give records up.
    Discard(Which),
}

/// Which letters.
#[derive(Args)]
pub struct Which {
    /// Their ids, or the beginnings of them.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub ids: Vec<String>,
    /// Every one that waits.
    #[arg(long)]
    pub all: bool,
    /// With --all: only those with this reason.
    #[arg(long, value_name = "REASON", requires = "all")]
    pub reason: Option<String>,
}

/// `--output`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Table,
    /// For people with room: more columns.
    Wide,
    /// As the API answers.
    Json,
    /// The same as YAML.
    Yaml,
}

impl Output {
    /// A document for programs; `None`: people shall read it.
    pub fn document(self, value: &serde_json::Value) -> anyhow::Result<Option<String>> {
        Ok(match self {
            Self::Table | Self::Wide => None,
            Self::Json => Some(serde_json::to_string_pretty(value)?),
            Self::Yaml => Some(serde_yaml::to_string(value)?.trim_end().to_owned()),
        })
    }
}

/// What can be done with issues.
#[derive(Subcommand)]
pub enum IssuesCommand {
    /// List issues, the latest seen first.
    #[command(
        after_help = "Examples:\n  issuetracker issues list\n  issuetracker issues list --status resolved --limit 5\n  issuetracker issues list timeout"
    )]
    List {
        /// Only issues in this status; repeat for several.
        #[arg(long, value_name = "STATUS", default_value = "open")]
        status: Vec<StatusFilter>,
        /// Most issues to list.
        #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u16).range(1..=1000))]
        limit: u16,
        /// Only issues whose title, culprit or template holds these words.
        #[arg(value_name = "TEXT")]
        text: Option<String>,
    },
    /// Show one issue whole.
    Show {
        /// Its id, or the first characters of it.
        id: String,
    },
    /// Mark issues as resolved.
    Resolve {
        /// Their ids.
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Open issues again.
    Reopen {
        /// Their ids.
        #[arg(required = true)]
        ids: Vec<String>,
    },
    /// Give an issue to somebody.
    Assign {
        /// Its id.
        id: String,
        /// To whom; nobody when left out.
        assignee: Option<String>,
    },
    /// Write a comment.
    Comment {
        /// The issue's id.
        id: String,
        /// The text.
        text: String,
        /// Who writes.
        #[arg(long, value_name = "NAME", env = "USER", default_value = "cli")]
        author: String,
    },
    /// Print a line whenever an issue gets reports, until interrupted.
    Tail,
}

/// `--status`.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StatusFilter {
    Open,
    InProgress,
    Resolved,
    Closed,
    /// Any of them.
    All,
}
