//! The texts of a session, each once, in one string: a visit has few routes and targets and many events.

use serde::{Deserialize, Serialize};

/// Place 0 is the empty text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(into = "Vec<String>", from = "Vec<String>")]
pub(super) struct Texts {
    all: String,
    ends: Vec<u32>,
}

impl Texts {
    /// The place of `mark` and `text` together, which is cut to `longest` characters.
    pub(super) fn place(&mut self, mark: &str, text: &str, longest: usize) -> u16 {
        let end =
            if text.len() <= longest { None } else { text.char_indices().nth(longest).map(|(end, _)| end) };
        let text = end.and_then(|end| text.get(..end)).unwrap_or(text);
        if mark.is_empty() && text.is_empty() {
            return 0;
        }
        let length = mark.len() + text.len();
        let mut start = 0;
        for (index, &end) in self.ends.iter().enumerate() {
            let end = end as usize;
            let known = (end - start == length).then(|| self.all.get(start..end)).flatten();
            if known.and_then(|known| known.strip_prefix(mark)) == Some(text) {
                return u16::try_from(index + 1).unwrap_or_default();
            }
            start = end;
        }
        self.add(mark, text)
    }

    /// A session's events cannot name more than 30,000 texts; should they, the rest is the empty one.
    fn add(&mut self, mark: &str, text: &str) -> u16 {
        let Ok(place) = u16::try_from(self.ends.len() + 1) else { return 0 };
        self.all.push_str(mark);
        self.all.push_str(text);
        let Ok(end) = u32::try_from(self.all.len()) else { return 0 };
        self.ends.push(end);
        place
    }

    pub(super) fn get(&self, place: u16) -> &str {
        let Some(index) = usize::from(place).checked_sub(1) else { return "" };
        let start =
            index.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |&end| end as usize);
        let end = self.ends.get(index).map_or(start, |&end| end as usize);
        self.all.get(start..end).unwrap_or_default()
    }

    pub(super) fn bytes(&self) -> usize {
        self.all.capacity() + self.ends.capacity() * size_of::<u32>()
    }
}

impl From<Texts> for Vec<String> {
    fn from(texts: Texts) -> Self {
        (1..=texts.ends.len()).map(|place| texts.get(place as u16).to_owned()).collect()
    }
}

impl From<Vec<String>> for Texts {
    fn from(list: Vec<String>) -> Self {
        let mut texts = Self::default();
        for text in list {
            texts.add("", &text);
        }
        texts
    }
}
