//! What the resource says while the sidecar runs: read from a file, put in force without a restart.
//!
//! A mounted ConfigMap changes by the swap of a symbolic link, other files by a rename or in place. All of these change
//! what the path leads to, so that is looked at once a second. A file that cannot be used changes nothing: the settings
//! in force stay, and log and health say so.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use issue::{
    finish::{Rules, RulesError},
    report::Level,
    settings::SidecarSettings,
};
use parking_lot::RwLock;
use tokio::{sync::mpsc, task::spawn_blocking, time};

use crate::{dedup, pipeline::Control, status::Status};

/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// A ConfigMap holds no more.
const LARGEST: u64 = 1024 * 1024;

/// The settings in force at one moment.
#[derive(Clone, Debug, Default)]
pub struct Effective {
    /// Redaction, in-app prefixes, groups, categories.
    pub rules: Rules,
    /// Stderr below this is not reported.
    pub min_level: Option<Level>,
    /// How repeats are held together.
    pub window: dedup::Rules,
}

impl Effective {
    /// The level in force.
    pub fn min_level(&self) -> Level {
        self.min_level.unwrap_or(Level::Error)
    }

    /// What `settings` say, and what they leave out from `otherwise`.
    pub fn new(settings: &SidecarSettings, otherwise: &Self) -> Result<Self, RulesError> {
        let first = settings.grouping.window.map_or(otherwise.window.first, |window| window.duration());
        Ok(Self {
            rules: Rules::new(&settings.rules())?,
            min_level: settings.capture.min_level.or(otherwise.min_level),
            window: dedup::Rules { first, ..otherwise.window.clone() },
        })
    }
}

/// The settings in force, shared by all that follow them.
#[derive(Clone, Debug, Default)]
pub struct InForce(Arc<RwLock<Arc<Effective>>>);

impl InForce {
    /// These, until others are put.
    pub fn new(effective: Effective) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(effective))))
    }

    /// Now.
    pub fn now(&self) -> Arc<Effective> {
        Arc::clone(&self.0.read())
    }

    /// From now on.
    pub fn put(&self, effective: Effective) {
        *self.0.write() = Arc::new(effective);
    }
}

impl From<Arc<Rules>> for InForce {
    fn from(rules: Arc<Rules>) -> Self {
        Self::new(Effective { rules: Rules::clone(&rules), ..Effective::default() })
    }
}

/// A settings file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// It cannot be read.
    #[error("the settings file {path} cannot be read: {source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not what is expected.
    #[error("the settings file {path} is not what is expected: {reason}")]
    Form {
        /// Which.
        path: PathBuf,
        /// Where, and what was expected there.
        reason: String,
    },
    /// One of its rules cannot be used.
    #[error("the settings file {path} cannot be used: {source}")]
    Rules {
        /// Which.
        path: PathBuf,
        /// Which rule, and why.
        source: RulesError,
    },
}

/// Reads a settings file, JSON or YAML; what it leaves out is taken from `otherwise`.
pub fn load(path: &Path, otherwise: &Effective) -> Result<Effective, SettingsError> {
    let form = |reason| SettingsError::Form { path: path.to_owned(), reason };
    let bytes = read(path).map_err(|source| SettingsError::Read { path: path.to_owned(), source })?;
    let text = String::from_utf8(bytes).map_err(|_| form(String::from("it is not UTF-8")))?;
    let settings = parse(&text).map_err(form)?;
    Effective::new(&settings, otherwise)
        .map_err(|source| SettingsError::Rules { path: path.to_owned(), source })
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    if fs::metadata(path)?.len() > LARGEST {
        return Err(io::Error::other(format!("it has more than {LARGEST} bytes")));
    }
    fs::read(path)
}

/// Every JSON document is YAML, but the message about a wrong one is better where it is read as what it is.
fn parse(text: &str) -> Result<SidecarSettings, String> {
    let start = text.trim_start();
    if start.is_empty() {
        return Ok(SidecarSettings::default());
    }
    if start.starts_with('{') {
        return serde_json::from_str(text).map_err(|error| error.to_string());
    }
    let first_lines = |said: String| said.lines().take(3).collect::<Vec<_>>().join(" ");
    serde_saphyr::from_str(text).map_err(|error| first_lines(error.to_string()))
}

/// What a path leads to: another file, another time or another size is another answer.
#[derive(Debug, PartialEq, Eq)]
struct Stamp(u64, u64, i64, i64, u64);

fn stamp(path: &Path) -> Option<Stamp> {
    let file = fs::metadata(path).ok()?;
    Some(Stamp(file.dev(), file.ino(), file.mtime(), file.mtime_nsec(), file.len()))
}

/// Follows a file.
pub(crate) struct Watcher {
    pub(crate) path: PathBuf,
    pub(crate) in_force: InForce,
    /// What the program was started with, for all that the file leaves out.
    pub(crate) otherwise: Effective,
    pub(crate) control: mpsc::Sender<Control>,
    pub(crate) status: Status,
}

impl Watcher {
    /// Until the pipeline is gone. The file was read before; it is read again once, since it may have changed since.
    pub(crate) async fn run(self) {
        let mut known = None;
        loop {
            let path = self.path.clone();
            // A panic there would be a defect of ours; the next look comes all the same.
            let now = spawn_blocking(move || stamp(&path)).await.unwrap_or_default();
            if known.as_ref() != Some(&now) {
                known = Some(now);
                if !self.take().await {
                    return;
                }
            }
            tokio::select! {
                () = time::sleep(LOOK) => {}
                () = self.control.closed() => return,
            }
        }
    }

    /// Puts what the file says in force. False: nobody follows any more.
    async fn take(&self) -> bool {
        let (path, otherwise) = (self.path.clone(), self.otherwise.clone());
        let Ok(loaded) = spawn_blocking(move || load(&path, &otherwise)).await else { return true };
        match loaded {
            Ok(effective) => {
                let window = effective.window.clone();
                self.in_force.put(effective);
                self.status.update(|status| status.settings_error = None);
                tracing::info!(file = %self.path.display(), "settings are in force");
                self.control.send(Control::Window(window)).await.is_ok()
            }
            Err(error) => {
                tracing::error!(%error, "the settings in force stay as they are");
                self.status.update(|status| status.settings_error = Some(error.to_string()));
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<Effective, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("settings");
        fs::write(&path, text).expect("room");
        load(&path, &Effective::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn json_and_yaml_say_the_same() {
        let json = r#"{"capture":{"minLevel":"warning"},"grouping":{"window":"20s"}}"#;
        let yaml = "# ours\ncapture:\n  minLevel: warning\ngrouping:\n  window: 20s\n";
        for text in [json, yaml] {
            let effective = check(text).expect("settings");
            assert_eq!(effective.min_level(), Level::Warning);
            assert_eq!(effective.window.first, Duration::from_secs(20));
        }
        assert_eq!(check("").expect("defaults").window, dedup::Rules::default());
    }

    #[test]
    fn what_cannot_be_used_is_told_with_its_place() {
        for (text, expect) in [
            ("{\"capture\": 1}", "line 1"),
            ("capture:\n  redact:\n    - {name: x}\n", "pattern"),
            ("capture: {redact: [{name: x, pattern: '('}]}", "redact"),
            ("grouping: {window: 1h}", "write whole seconds"),
            ("grouping: {rules: [{match: '(', fingerprint: x}]}", "grouping rule 0"),
            ("capture: [", "is not what is expected"),
        ] {
            let error = check(text).expect_err(text);
            assert!(error.contains(expect), "{text}: {error}");
        }
        let missing = load(Path::new("/nowhere/settings"), &Effective::default()).expect_err("missing");
        assert!(missing.to_string().contains("/nowhere/settings cannot be read"), "{missing}");
    }
}
