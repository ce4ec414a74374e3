//! IPython's and Jupyter's layout: the error's name beside `Traceback (most recent call last)`, then numbered sources
//! below the place of each call, then the error's name and message.

use super::super::frames::{is_number, non_empty};
use super::super::{Next, Opening, State};
use super::{MESSAGE, NOTEBOOK, is_exception_line};
use crate::report::Frame;

/// What IPython prints above the error.
pub const RULE: &str = "---------------------------------------------------------------------------";

/// Lines of a source that are shown around a call, at most.
const QUIET_LINES: u32 = 60;

/// `KeyError                 Traceback (most recent call last)`.
pub fn is_head(line: &str) -> bool {
    let named = line.trim_end().strip_suffix("Traceback (most recent call last)");
    named.is_some_and(|name| {
        name.ends_with("  ") && !name.trim_end().contains(' ') && is_exception_line(name.trim_end())
    })
}

pub fn opens(line: &str) -> Option<Opening> {
    if is_head(line) { Opening::weak("python.notebook", NOTEBOOK) } else { None }
}

pub fn follows(state: &mut State, line: &str) -> Next {
    state.run += 1;
    if frame(line).is_some() {
        return state.take(NOTEBOOK);
    }
    if state.run > QUIET_LINES {
        return Next::End("no error below its sources");
    }
    if line.trim().is_empty() || line.starts_with(' ') || line.starts_with("--") {
        return Next::Hold;
    }
    if is_exception_line(line) && !crate::logline::has_time(line) {
        return state.take(MESSAGE);
    }
    Next::End("not a line of a traceback")
}

/// `File ~/a.py:12, in get(name)`, `Cell In[3], line 4, in f()`, `Input In [3], in <cell line: 4>()`,
/// `/tmp/ipykernel_7/2211.py in <module>`.
pub fn frame(line: &str) -> Option<Frame> {
    // Asked for every line of a traceback that is no frame.
    if !line.starts_with(['F', 'C', 'I', '/', '~', '<']) {
        return None;
    }
    let line = line.trim_end();
    let (place, function) = match line.split_once(" in ") {
        Some((place, function)) => (place.trim_end_matches(','), Some(function)),
        None => (line, None),
    };
    let cell = place.starts_with("Cell In") || place.starts_with("Input In");
    let file = place.strip_prefix("File ");
    let bare = place.starts_with(['/', '~', '<']) && !place.contains(' ') && function.is_some();
    if !cell && file.is_none() && !bare {
        return None;
    }
    let (file, number) = match place.split_once(", line ") {
        Some((cell, number)) => (cell, Some(number)),
        None => match file.unwrap_or(place).rsplit_once(':').filter(|(_, number)| is_number(number)) {
            Some((file, number)) => (file, Some(number)),
            None => (file.unwrap_or(place), None),
        },
    };
    let name = function.map_or("<module>", |name| name.split('(').next().unwrap_or(name));
    Some(Frame {
        function: non_empty(name),
        file: non_empty(file),
        line: number.and_then(|number| number.parse().ok()),
        ..Frame::default()
    })
}
