//! `--group`: one entry for each fingerprint instead of one for each report.

use std::{
    cmp::Reverse,
    collections::HashMap,
    io::{self, Write},
};

use issue::report::{Category, Kind, Language, Level, Priority, Report};
use serde::Serialize;

use super::{Input, paint::Palette};
use crate::terminal::harmless;

/// Fingerprints that are counted. When one more comes, the rarer half is let go.
const MAX_GROUPS: usize = 10_000;

/// What is kept of one report.
pub struct Member {
    fingerprint: String,
    facts: Facts,
    lines: [u64; 2],
}

/// What a group shows of its first report; the level is that of the worst.
#[derive(Serialize)]
struct Facts {
    kind: Kind,
    level: Level,
    language: Language,
    #[serde(rename = "type")]
    error_type: Option<String>,
    title: String,
    template: String,
    culprit: Option<String>,
    category: Category,
    priority: Priority,
}

impl Member {
    /// What is kept of a report that stood in `lines`.
    pub fn new(report: &Report, lines: [u64; 2]) -> Self {
        let facts = Facts {
            title: report.title(),
            kind: report.kind,
            level: report.level,
            language: report.language,
            error_type: report.error_type.clone(),
            template: report.template.clone(),
            culprit: report.culprit.clone(),
            category: report.category,
            priority: report.priority,
        };
        Self { fingerprint: report.fingerprint.clone(), facts, lines }
    }
}

/// Where a report stood: the index of its input, and its lines.
type Place = (usize, [u64; 2]);

struct Group {
    facts: Facts,
    count: u64,
    first: Place,
    last: Place,
}

/// Reports by fingerprint.
#[derive(Default)]
pub struct Groups {
    groups: HashMap<String, Group>,
    /// Reports of fingerprints that were let go.
    dropped: u64,
}

/// One line of `--format ndjson`.
#[derive(Serialize)]
struct Line<'a> {
    fingerprint: &'a str,
    count: u64,
    #[serde(flatten)]
    facts: &'a Facts,
    first: Named,
    last: Named,
}

/// A place as people name it.
#[derive(Serialize)]
struct Named {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    lines: [u64; 2],
}

impl Groups {
    /// Counts a report of the input of this index; inputs come in their order, their reports in any.
    pub fn add(&mut self, input: usize, member: Member) {
        let place = (input, member.lines);
        if let Some(group) = self.groups.get_mut(&member.fingerprint) {
            group.count += 1;
            group.facts.level = group.facts.level.max(member.facts.level);
            group.first = group.first.min(place);
            group.last = group.last.max(place);
            return;
        }
        if self.groups.len() >= MAX_GROUPS {
            self.let_go();
        }
        let group = Group { facts: member.facts, count: 1, first: place, last: place };
        self.groups.insert(member.fingerprint, group);
    }

    /// Keeps the half that was seen most often, of equals those seen last.
    fn let_go(&mut self) {
        let mut ranks: Vec<(u64, Place)> =
            self.groups.values().map(|group| (group.count, group.last)).collect();
        let middle = ranks.len() / 2;
        let (_, &mut least, _) = ranks.select_nth_unstable(middle);
        let dropped = &mut self.dropped;
        self.groups.retain(|_, group| {
            let stays = (group.count, group.last) >= least;
            *dropped += if stays { 0 } else { group.count };
            stays
        });
    }

    /// Reports that are in no group, since there were too many.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The most frequent first, of equals the one that came first.
    fn sorted(&self) -> Vec<(&str, &Group)> {
        let mut all: Vec<_> = self.groups.iter().map(|(key, group)| (key.as_str(), group)).collect();
        all.sort_by_key(|(_, group)| (Reverse(group.count), group.first));
        all
    }

    /// One JSON object for each group.
    pub fn write_lines(&self, out: &mut impl Write, inputs: &[Input]) -> io::Result<()> {
        for (fingerprint, group) in self.sorted() {
            let named =
                |(input, lines): Place| Named { file: inputs.get(input).and_then(Input::name), lines };
            let (first, last) = (named(group.first), named(group.last));
            let line = Line { fingerprint, count: group.count, facts: &group.facts, first, last };
            serde_json::to_writer(&mut *out, &line).map_err(io::Error::from)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    /// A table for people, two lines for each group.
    pub fn write_table(&self, out: &mut impl Write, inputs: &[Input], palette: Palette) -> io::Result<()> {
        let sorted = self.sorted();
        let digits = sorted.first().map_or(1, |(_, group)| group.count.to_string().len()).max(5);
        let Palette { bold, dim, off, .. } = palette;
        for (fingerprint, group) in sorted {
            let Group { facts, count, first, last } = group;
            let (level, colour) = palette.level(facts.level);
            let title = palette.fit(&facts.title, digits + 9);
            writeln!(out, "{bold}{count:>digits$}{off} {colour}{level}{off} {bold}{title}{off}")?;
            let shown = |&(input, [line, _]): &Place| match inputs.get(input).and_then(Input::name) {
                Some(file) => format!("{}:{line}", harmless(&file, false)),
                None => format!("line {line}"),
            };
            let mut parts =
                Vec::from_iter(facts.culprit.as_deref().map(|culprit| harmless(culprit, false).into_owned()));
            parts.push(shown(first));
            if first != last {
                parts.push(format!("last {}", shown(last)));
            }
            parts.push(fingerprint.chars().take(15).collect());
            let indent = " ".repeat(digits + 7);
            writeln!(out, "{indent}{dim}{}{off}\n", parts.join(" · "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(fingerprint: &str, line: u64) -> Member {
        let facts = Facts {
            kind: Kind::Log,
            level: Level::Error,
            language: Language::Unknown,
            error_type: None,
            title: "failed".to_owned(),
            template: "failed".to_owned(),
            culprit: None,
            category: Category::default(),
            priority: Priority::default(),
        };
        Member { fingerprint: fingerprint.to_owned(), facts, lines: [line, line] }
    }

    #[test]
    fn the_most_frequent_come_first_with_their_first_and_last_places() {
        let mut groups = Groups::default();
        for (input, fingerprint, line) in [(0, "a", 9), (0, "b", 4), (0, "b", 2), (1, "b", 1), (1, "c", 3)] {
            groups.add(input, member(fingerprint, line));
        }
        let told: Vec<_> =
            groups.sorted().iter().map(|(key, g)| (key.to_string(), g.count, g.first, g.last)).collect();
        let expected = [
            ("b".to_owned(), 3, (0, [2, 2]), (1, [1, 1])),
            ("a".to_owned(), 1, (0, [9, 9]), (0, [9, 9])),
            ("c".to_owned(), 1, (1, [3, 3]), (1, [3, 3])),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn endless_fingerprints_are_let_go_and_counted_while_the_frequent_one_stays() {
        let mut groups = Groups::default();
        for line in 0..50_000 {
            groups.add(0, member(&format!("rare {line}"), line));
            groups.add(0, member("frequent", line));
            assert!(groups.groups.len() <= MAX_GROUPS);
        }
        let counted: u64 = groups.groups.values().map(|group| group.count).sum();
        assert_eq!(counted + groups.dropped(), 100_000);
        let first = groups.sorted().first().map(|(key, group)| (key.to_string(), group.count));
        assert_eq!(first, Some(("frequent".to_owned(), 50_000)));
    }
}
