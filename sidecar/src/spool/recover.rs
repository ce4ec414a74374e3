//! Reading a spool back: after a start, and after a file refused a write.

use std::io;

use super::{
    Rules,
    disk::{Directory, SpoolFile},
    entry::Entries,
    frame,
    state::{Moment, State},
};

/// Numbers left out where a file was not whole: a record that was sent may be among what is missing, and its number
/// must never name another.
const SKIP: u64 = 1 << 20;

/// What a folder holds.
pub struct Found {
    /// The file in force; `None` in a new folder.
    pub file: Option<Box<dyn SpoolFile>>,
    /// The highest number that a file has.
    pub generation: u64,
    /// Bytes in the file.
    pub size: u64,
    /// What it adds up to.
    pub state: State,
}

/// The name of a file. Numbers are padded so that a listing is in order.
pub fn name(generation: u64) -> String {
    format!("{generation:020}.journal")
}

/// The number in a name.
pub fn number(name: &str) -> Option<u64> {
    name.strip_suffix(".journal")?.parse().ok()
}

/// Reads the newest file that was begun completely: an older one is history, a newer one was never in force. Where
/// none is complete the disk has lost some, and the oldest holds most.
pub fn newest(directory: &dyn Directory, rules: &Rules, at: Moment) -> io::Result<Found> {
    let mut numbers: Vec<u64> = directory.list()?.iter().filter_map(|name| number(name)).collect();
    numbers.sort_unstable();
    let highest = numbers.last().copied().unwrap_or(0);
    let mut found =
        Found { file: None, generation: highest, size: 0, state: State::new(rules.windows.clone()) };
    for &number in numbers.iter().rev() {
        let file = directory.open(&name(number))?;
        let size = file.size()?;
        let state = read(&*file, size, rules, at)?;
        let complete = state.complete;
        found = Found { file: Some(file), generation: highest, size, state };
        if complete {
            break;
        }
    }
    account(&mut found.state, 0);
    Ok(found)
}

/// Adds up the first `end` bytes of a file. [`account`] must follow.
pub fn read(file: &dyn SpoolFile, end: u64, rules: &Rules, at: Moment) -> io::Result<State> {
    let mut state = State::new(rules.windows.clone());
    let scan = frame::scan(file, end, |offset, payload| {
        let mut entries = Entries::new(payload, offset);
        let answered = entries.number().unwrap_or(0);
        state.answered = state.answered.max(answered);
        for entry in entries {
            state.apply(entry, at);
        }
    })?;
    if scan.damaged > 0 || scan.torn > 0 {
        tracing::warn!(
            damaged = scan.damaged,
            torn = scan.torn,
            "the spool was not whole: bytes were left out"
        );
        state.seq += SKIP;
    }
    Ok(state)
}

/// Makes the sums agree with what was found. `answered` is a number of reports that is known to have been answered.
pub fn account(state: &mut State, answered: u64) {
    let known = state.answered.max(answered).max(state.begun);
    let totals = &mut state.totals;
    totals.recovered += totals.taken.saturating_sub(known);
    let (held, there) = (state.held(), state.recount());
    let totals = &mut state.totals;
    // Fewer than the sums say: the disk changed them. More: it changed the sums.
    totals.corrupt += held.saturating_sub(there);
    let surplus = there.saturating_sub(held);
    totals.taken += surplus;
    totals.recovered += surplus;
    if held != there {
        tracing::error!(held, there, "the spool lost reports to a damaged disk; they are counted as corrupt");
    }
}
