//! What a tracker's resource tells the sidecars of its namespace: one document, written by the operator into a
//! ConfigMap, read by every sidecar while it runs. JSON or YAML.
//!
//! It has the words and the shape of the resource (`spec.capture`, `spec.grouping`), so that the writer copies. A
//! sidecar ignores what it does not know: pods outlive an upgrade of the operator. What is missing keeps its default.

use std::{fmt, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{
    finish::{CategoryRule, GroupingRule, RulesSettings},
    report::Level,
};

/// The document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SidecarSettings {
    /// What is reported, and what is cut out of it.
    pub capture: Capture,
    /// What belongs together.
    pub grouping: Grouping,
}

/// `capture`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Capture {
    /// Stderr below this is not reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_level: Option<Level>,
    /// What is cut besides the built-in kinds of secrets.
    pub redact: Vec<RedactPattern>,
}

/// `{name, pattern}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RedactPattern {
    /// Stands in the mark that replaces a match.
    pub name: String,
    /// Regular expression; the whole match goes.
    pub pattern: String,
}

/// `grouping`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Grouping {
    /// In which time repeats are one record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// Whose frames are the application's.
    pub in_app: InApp,
    /// Which reports belong together whatever the built-in rules say; the first match decides.
    pub rules: Vec<GroupingRule>,
    /// Which reports are of which category; the first match decides.
    pub categories: Vec<CategoryRule>,
}

/// `grouping.inApp`: prefixes of modules, functions or files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct InApp {
    /// The application's. Decides before `exclude`.
    pub include: Vec<String>,
    /// Not the application's.
    pub exclude: Vec<String>,
}

/// A time of 1 s to 5 min, as the resource writes it: `10s`, `2m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window(Duration);

/// A window that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no window: write whole seconds or minutes from 1s to 5m, such as 10s")]
pub struct WindowError(String);

impl Window {
    /// Reads `<number>s` or `<number>m`.
    pub fn parse(text: &str) -> Result<Self, WindowError> {
        let wrong = || WindowError(text.chars().take(40).collect());
        let (number, unit) = match (text.strip_suffix('s'), text.strip_suffix('m')) {
            (Some(number), _) => (number, 1),
            (None, Some(number)) => (number, 60),
            (None, None) => return Err(wrong()),
        };
        let number: u32 = number.parse().map_err(|_| wrong())?;
        let seconds = u64::from(number) * unit;
        if (1..=300).contains(&seconds) { Ok(Self(Duration::from_secs(seconds))) } else { Err(wrong()) }
    }

    /// How long it is.
    pub fn duration(self) -> Duration {
        self.0
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}s", self.0.as_secs())
    }
}

impl Serialize for Window {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Window {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

impl SidecarSettings {
    /// The part that the engine compiles, see [`crate::finish::Rules::new`].
    pub fn rules(&self) -> RulesSettings {
        RulesSettings {
            redact: self.capture.redact.iter().map(|r| (r.name.clone(), r.pattern.clone())).collect(),
            in_app_include: self.grouping.in_app.include.clone(),
            in_app_exclude: self.grouping.in_app.exclude.clone(),
            grouping: self.grouping.rules.clone(),
            categories: self.grouping.categories.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finish::{Rules, Words};

    #[test]
    fn the_document_has_the_words_of_the_resource() {
        let text = r#"{"capture":{"minLevel":"warning","redact":[{"name":"customer","pattern":"C-[0-9]{6}"}]},
            "grouping":{"window":"2m","inApp":{"include":["shop"],"exclude":["shop.gen"]},
            "rules":[{"match":"Timeout","fingerprint":["{{ type }}","db"]}]},"madeLater":{"x":1}}"#;
        let settings: SidecarSettings = serde_json::from_str(text).unwrap();
        assert_eq!(settings.capture.min_level, Some(Level::Warning));
        assert_eq!(settings.grouping.window.unwrap().duration(), Duration::from_secs(120));
        let rules = settings.rules();
        assert_eq!(rules.redact, [("customer".to_owned(), "C-[0-9]{6}".to_owned())]);
        assert_eq!((rules.in_app_include, rules.in_app_exclude.len()), (vec!["shop".to_owned()], 1));
        assert_eq!(rules.grouping[0].fingerprint, Words::Many(vec!["{{ type }}".into(), "db".into()]));
        let again: SidecarSettings =
            serde_json::from_value(serde_json::to_value(&settings).unwrap()).unwrap();
        assert_eq!(again, settings);
        Rules::new(&settings.rules()).unwrap();
    }

    #[test]
    fn nothing_is_required() {
        let settings: SidecarSettings = serde_json::from_str("{}").unwrap();
        assert_eq!(settings, SidecarSettings::default());
        assert_eq!(settings.rules(), RulesSettings::default());
    }

    #[test]
    fn a_window_is_whole_seconds_or_minutes_within_bounds() {
        for (text, seconds) in [("1s", 1), ("10s", 10), ("300s", 300), ("5m", 300), ("1m", 60)] {
            assert_eq!(Window::parse(text).map(Window::duration), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "s", "0s", "10", "301s", "6m", "1.5s", "-1s", "+m", "10 s", "1h", "99999999999s"] {
            let error = Window::parse(text).unwrap_err().to_string();
            assert!(error.contains("write whole seconds"), "{error}");
        }
    }
}
