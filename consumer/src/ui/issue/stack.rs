//! The stack of an occurrence as people read it: what is theirs in the open, libraries folded, innermost first.

use issue::report::{Cause, Frame, Relation, Report};

use crate::ui::text::{self, Shown};

/// Frames on one page, of the exception itself and of its causes together, so that the page has a bound.
const MAX_FRAMES: usize = 48;
/// Of these for the exception itself; a deep recursion is cut in the middle, its two ends tell.
const MAX_OWN: usize = 30;
const OUTERMOST: usize = 6;
/// Causes on one page.
const MAX_CAUSES: usize = 8;

/// The exception and what led to it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Stack {
    /// Of the exception itself.
    pub groups: Vec<Group>,
    /// Nearest first.
    pub causes: Vec<CauseView>,
    /// Further causes that the page has no room for.
    pub causes_left_out: usize,
}

/// A further exception.
#[derive(Debug, PartialEq, Eq)]
pub struct CauseView {
    /// How it stands to the one before.
    pub relation: &'static str,
    /// Class without its package.
    pub name: Shown,
    /// The package.
    pub package: Shown,
    /// What it said.
    pub message: Shown,
    /// Its calls.
    pub groups: Vec<Group>,
}

/// Calls that are shown together.
#[derive(Debug, PartialEq, Eq)]
pub enum Group {
    /// In the open.
    Open(Call),
    /// Calls of libraries, behind a fold that names the first.
    Folded(Vec<Call>),
    /// So many that the page has no room for.
    LeftOut(usize),
}

/// One frame.
#[derive(Debug, PartialEq, Eq)]
pub struct Call {
    /// Whether it is the application's own.
    pub is_own: bool,
    /// Function or method.
    pub function: Shown,
    /// Where the function lives.
    pub module: Shown,
    /// `file:line:column`.
    pub place: Shown,
}

impl Stack {
    /// Of a full sample.
    pub fn of(report: &Report) -> Self {
        let groups = groups(&report.frames, MAX_OWN);
        let mut room = MAX_FRAMES.saturating_sub(report.frames.len().min(MAX_OWN));
        let causes = report.causes.iter().take(MAX_CAUSES).map(|cause| {
            let view = CauseView::of(cause, room.min(MAX_FRAMES / 4));
            room = room.saturating_sub(cause.frames.len());
            view
        });
        let causes = causes.collect();
        Self { groups, causes, causes_left_out: report.causes.len().saturating_sub(MAX_CAUSES) }
    }
}

impl CauseView {
    fn of(cause: &Cause, room: usize) -> Self {
        let (name, package) = text::class_name(cause.error_type.as_deref().unwrap_or_default());
        Self {
            relation: match cause.relation {
                None => "Caused by",
                Some(Relation::Suppressed) => "Suppressed while it was handled",
                Some(Relation::Member) => "Member of the group",
            },
            name: Shown::line(name, 100),
            package: Shown::line(package, 100),
            message: Shown::block(&cause.message, 600),
            groups: groups(&cause.frames, room),
        }
    }
}

/// Calls in groups, at most `room` of them.
fn groups(frames: &[Frame], room: usize) -> Vec<Group> {
    let (inner, left_out, outer) = cut(frames, room);
    let has_own = frames.iter().any(|frame| frame.in_app);
    let mut groups = fold(inner, has_own);
    if left_out > 0 {
        groups.push(Group::LeftOut(left_out));
    }
    groups.extend(fold(outer, has_own));
    groups
}

fn cut(frames: &[Frame], room: usize) -> (&[Frame], usize, &[Frame]) {
    if frames.len() <= room {
        return (frames, 0, &[]);
    }
    let outer = OUTERMOST.min(room / 4);
    let (inner, rest) = frames.split_at(room - outer);
    let (middle, outer) = rest.split_at(rest.len() - outer);
    (inner, middle.len(), outer)
}

/// Where nothing is the application's own there is nothing to fold away from it; a fold of one saves nothing.
fn fold(frames: &[Frame], has_own: bool) -> Vec<Group> {
    let mut groups = Vec::new();
    for run in frames.chunk_by(|a, b| a.in_app == b.in_app) {
        let is_folded = has_own && run.len() > 1 && run.iter().all(|frame| !frame.in_app);
        let calls = run.iter().map(Call::of);
        if is_folded {
            groups.push(Group::Folded(calls.collect()));
        } else {
            groups.extend(calls.map(Group::Open));
        }
    }
    groups
}

impl Call {
    fn of(frame: &Frame) -> Self {
        let mut place = frame.file.clone().unwrap_or_default();
        for number in [frame.line, frame.column].into_iter().flatten() {
            place.push_str(&format!(":{number}"));
        }
        Self {
            is_own: frame.in_app,
            function: Shown::line(frame.function.as_deref().unwrap_or("(unknown function)"), 110),
            module: Shown::line(frame.module.as_deref().unwrap_or_default(), 90),
            place: Shown::line(&place, 100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `a` is the application's own, anything else a library's.
    fn shape(frames: &str, room: usize) -> String {
        let frames: Vec<Frame> =
            frames.chars().map(|c| Frame { in_app: c == 'a', ..Frame::default() }).collect();
        let print = |group: &Group| match group {
            Group::Open(call) if call.is_own => "A".to_owned(),
            Group::Open(_) => "L".to_owned(),
            Group::Folded(calls) => format!("[{}]", calls.len()),
            Group::LeftOut(count) => format!("…{count}…"),
        };
        groups(&frames, room).iter().map(print).collect()
    }

    #[test]
    fn libraries_are_folded_around_what_is_ones_own() {
        for (frames, room, expect) in [
            ("", 10, ""),
            ("aalla", 10, "AA[2]A"),
            ("la", 10, "LA"),
            ("lllll", 10, "LLLLL"),
            ("aaaaaaaaaaaaaaaaaaaa", 8, "AAAAAA…12…AA"),
            ("aaaa", 0, "…4…"),
        ] {
            assert_eq!(shape(frames, room), expect, "{frames:?}");
        }
    }
}
