//! The one table of thresholds, and what a project changes of it: by name, by sensitivity, by glob of routes.
//!
//! Counts are of events, times are milliseconds. Bounds are inclusive: `rage.gap_ms` 500 means that a gap of 500 ms
//! still belongs to a burst. A count of 0 in a `strong` or `weak` row switches that strength off.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub mod glob;
mod table;

pub use self::table::{Threshold, VERSION};
use self::{
    glob::Glob,
    table::{Row, Scales, TABLE},
};

/// How easily a signal is given: scales counts and times of the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sensitivity {
    /// Half as many again are needed, in the same time.
    Low,
    /// The table as it stands.
    #[default]
    Medium,
    /// Three quarters suffice, and times are a quarter longer.
    High,
}

impl Sensitivity {
    /// Counts and times in percent.
    fn percent(self) -> (u32, u32) {
        match self {
            Self::Low => (150, 100),
            Self::Medium => (100, 100),
            Self::High => (75, 125),
        }
    }
}

/// What a project's settings say of thresholds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Settings {
    /// Scales the table.
    pub sensitivity: Sensitivity,
    /// Replaces single values; not scaled.
    pub thresholds: BTreeMap<String, u32>,
    /// The first whose glob fits a route decides there, on top of the rest.
    pub routes: Vec<RouteSettings>,
}

/// What differs on some routes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct RouteSettings {
    /// `*` is anything but `/`, `**` anything.
    pub glob: String,
    /// In place of the project's.
    pub sensitivity: Option<Sensitivity>,
    /// On top of the project's.
    pub thresholds: BTreeMap<String, u32>,
}

/// Settings that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A name that the table does not hold.
    #[error("threshold {0:?} is not known; known are {names}", names = names())]
    Unknown(String),
    /// A value that makes no sense.
    #[error("threshold {name} must lie between {min} and {max}, not {value}")]
    OutOfRange {
        /// Which.
        name: &'static str,
        /// What was asked for.
        value: u32,
        /// The least.
        min: u32,
        /// The most.
        max: u32,
    },
    /// A glob that fits nothing.
    #[error("glob {0:?} cannot be used: write a path such as /checkout/** of at most 200 characters")]
    Glob(String),
    /// Too many of them.
    #[error("at most 100 route settings are taken, not {0}")]
    TooManyRoutes(usize),
}

fn names() -> String {
    TABLE.iter().map(|row| row.name).collect::<Vec<_>>().join(", ")
}

/// The values in force on one route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thresholds([u32; TABLE.len()]);

impl Thresholds {
    fn new(sensitivity: Sensitivity) -> Self {
        Self(TABLE.each_ref().map(|row| row.scaled(sensitivity)))
    }

    fn set(&mut self, changes: &BTreeMap<String, u32>) -> Result<(), SettingsError> {
        for (name, &value) in changes {
            let found = TABLE.iter().zip(&mut self.0).find(|(row, _)| row.name == name);
            let (row, place) =
                found.ok_or_else(|| SettingsError::Unknown(name.chars().take(80).collect()))?;
            if !(row.min..=row.max).contains(&value) {
                return Err(SettingsError::OutOfRange { name: row.name, value, min: row.min, max: row.max });
            }
            *place = value;
        }
        Ok(())
    }

    /// The value of one row.
    pub fn get(&self, threshold: Threshold) -> u32 {
        self.0.get(threshold as usize).copied().unwrap_or_default()
    }

    /// A row that counts.
    pub fn count(&self, threshold: Threshold) -> usize {
        self.get(threshold) as usize
    }

    /// A row that is a time, in milliseconds.
    pub fn time(&self, threshold: Threshold) -> i64 {
        i64::from(self.get(threshold))
    }
}

impl Row {
    fn scaled(&self, sensitivity: Sensitivity) -> u32 {
        let (counts, times) = sensitivity.percent();
        let value = match self.scales {
            Scales::Count => (self.value * counts).div_ceil(100),
            Scales::Time => self.value.saturating_mul(times) / 100,
            Scales::Never => self.value,
        };
        value.clamp(self.min, self.max)
    }
}

/// The thresholds of a project, compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    everywhere: Thresholds,
    routes: Vec<(Glob, Thresholds)>,
}

impl Default for Rules {
    fn default() -> Self {
        Self { everywhere: Thresholds::new(Sensitivity::Medium), routes: Vec::new() }
    }
}

impl Rules {
    /// Checks and compiles settings.
    pub fn new(settings: &Settings) -> Result<Self, SettingsError> {
        if settings.routes.len() > 100 {
            return Err(SettingsError::TooManyRoutes(settings.routes.len()));
        }
        let made = |sensitivity: Sensitivity| {
            let mut thresholds = Thresholds::new(sensitivity);
            thresholds.set(&settings.thresholds).map(|()| thresholds)
        };
        let mut routes = Vec::with_capacity(settings.routes.len());
        for route in &settings.routes {
            let mut thresholds = made(route.sensitivity.unwrap_or(settings.sensitivity))?;
            thresholds.set(&route.thresholds)?;
            let glob = Glob::parse(&route.glob).ok_or_else(|| SettingsError::Glob(route.glob.clone()))?;
            routes.push((glob, thresholds));
        }
        Ok(Self { everywhere: made(settings.sensitivity)?, routes })
    }

    /// The values in force on a route.
    pub fn at(&self, route: &str) -> &Thresholds {
        let found = self.routes.iter().find(|(glob, _)| glob.fits(route));
        found.map_or(&self.everywhere, |(_, thresholds)| thresholds)
    }

    /// Every row with its value in force on a route: what the settings page shows.
    pub fn list(&self, route: &str) -> Vec<(&'static str, u32, &'static str)> {
        let values = self.at(route).0;
        TABLE.iter().zip(values).map(|(row, value)| (row.name, value, row.meaning)).collect()
    }
}

#[cfg(test)]
mod tests;
