//! The occurrences of an issue: which one is shown, its neighbours, and what it ran on.

use issue::{document::Occurrence, id::IssueId};
use jiff::Timestamp;

use super::stack::Stack;
use crate::{
    store::{Child, ChildKind, IssueStore, StoreError},
    ui::{
        number,
        text::{self, Shown},
        url::Url,
        vocabulary,
        when::When,
    },
};

/// A store keeps this many samples of an issue.
const KEPT: usize = 50;

/// The samples of an issue, newest first.
pub struct Samples(Vec<Occurrence>);

/// One of the samples.
pub struct Chosen<'a> {
    /// Itself.
    pub occurrence: &'a Occurrence,
    newer: Option<&'a Occurrence>,
    older: Option<&'a Occurrence>,
    number: usize,
    of: usize,
}

impl Samples {
    /// All that are kept.
    pub async fn load(store: &dyn IssueStore, id: IssueId) -> Result<Self, StoreError> {
        let newest = store.newest(id, ChildKind::Occurrences, KEPT).await?;
        let occurrence = |child| match child {
            Child::Occurrence(occurrence) => Some(occurrence),
            Child::Activity(_) | Child::Comment(_) => None,
        };
        Ok(Self(newest.into_iter().filter_map(occurrence).collect()))
    }

    /// The one with this id; without one, or when it has been pruned since, the newest that has a stack.
    pub fn choose(&self, id: Option<&str>) -> Option<Chosen<'_>> {
        let Self(all) = self;
        let asked = id.and_then(|id| all.iter().position(|each| each.id.to_string() == id));
        let full = || all.iter().position(|each| each.report.is_some());
        let at = asked.or_else(full).unwrap_or_default();
        Some(Chosen {
            occurrence: all.get(at)?,
            newer: at.checked_sub(1).and_then(|at| all.get(at)),
            older: all.get(at + 1),
            number: at + 1,
            of: all.len(),
        })
    }
}

/// An occurrence on the page.
pub struct Shot {
    /// `2 of 50`, newest first.
    pub number: usize,
    /// How many samples there are.
    pub of: usize,
    /// The next newer one.
    pub newer: Option<String>,
    /// The next older one.
    pub older: Option<String>,
    /// When it happened.
    pub when: When,
    /// How many reports it stands for, where it is more than one.
    pub count: Option<String>,
    /// Pod, node, image and the like, with their names; empty ones left out.
    pub place: Vec<(&'static str, Shown)>,
    /// The log line above the trace.
    pub log: Shown,
    /// Frames and causes; `None`: this one was counted without a sample of its own.
    pub stack: Option<Stack>,
    /// As it was printed.
    pub text: Shown,
    /// Where all of it is.
    pub text_url: String,
    /// What redaction cut.
    pub redacted: Vec<Shown>,
    /// What the caller said besides.
    pub context: Shown,
}

impl Shot {
    /// What the page shows of one.
    pub fn of(chosen: &Chosen<'_>, issue: IssueId, now: Timestamp) -> Self {
        let Chosen { occurrence, newer, older, number, of } = chosen;
        let path = format!("/issues/{issue}");
        let url = |other: &Occurrence| {
            Url::of(&path).with("occurrence", Some(&other.id.to_string())).build() + "#stack"
        };
        let report = occurrence.report.as_ref();
        let redacted = report.map(|report| {
            let cut = |(kind, count): (&String, &u32)| Shown::line(&format!("{kind} ×{count}"), 60);
            report.redacted.iter().take(12).map(cut).collect()
        });
        let context = occurrence.context.as_ref().map(|context| format!("{context:#}")).unwrap_or_default();
        Self {
            number: *number,
            of: *of,
            newer: newer.map(url),
            older: older.map(url),
            when: When::at(occurrence.at, now),
            count: (occurrence.count > 1).then(|| number::exact(occurrence.count)),
            place: place(occurrence),
            log: Shown::line(report.and_then(|report| report.log.as_deref()).unwrap_or_default(), 300),
            stack: report.map(Stack::of),
            text: Shown::block(report.map(|report| report.text.as_str()).unwrap_or_default(), 12_000),
            text_url: Url::of(&(path.clone() + "/text"))
                .with("occurrence", Some(&occurrence.id.to_string()))
                .build(),
            redacted: redacted.unwrap_or_default(),
            context: Shown::block(&context, 4_000),
        }
    }
}

fn place(occurrence: &Occurrence) -> Vec<(&'static str, Shown)> {
    let place = &occurrence.place;
    let line = |text: &Option<String>| Shown::line(text.as_deref().unwrap_or_default(), 160);
    let workload = place.workload.as_ref().map(|workload| format!("{}/{}", workload.kind, workload.name));
    let image = place.image.as_deref().map(short_image);
    [
        ("Workload", line(&workload)),
        ("Pod", line(&place.pod)),
        ("Container", line(&place.container)),
        ("Node", line(&place.node)),
        ("Release", place.release.as_deref().map(text::release).unwrap_or_default()),
        ("Image", line(&image)),
        ("Reported by", Shown::line(&vocabulary::word(occurrence.via), 20)),
        ("Tags", Shown::line(&occurrence.tags.join(", "), 200)),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .collect()
}

/// An image whose digest is shortened.
fn short_image(image: &str) -> String {
    match image.split_once("@sha256:") {
        Some((name, digest)) => format!("{name}@{}", digest.get(..12).unwrap_or(digest)),
        None => image.to_owned(),
    }
}
