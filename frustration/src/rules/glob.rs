//! Globs of routes: `*` is anything within a part of the path, `**` anything at all.

/// A compiled glob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(String);

impl Glob {
    /// At most 200 characters and 10 stars, so that fitting stays cheap; begins with `/`, `#` or `*`.
    pub fn parse(text: &str) -> Option<Self> {
        let begins = text.starts_with(['/', '#', '*']);
        let stars = text.bytes().filter(|&byte| byte == b'*').count();
        (begins && text.len() <= 200 && stars <= 10).then(|| Self(text.to_owned()))
    }

    /// Whether all of `route` fits.
    pub fn fits(&self, route: &str) -> bool {
        fits(self.0.as_bytes(), route.as_bytes())
    }
}

/// Two marks to go back to suffice: where a later `**` fits, an earlier one has nothing to gain, and a `*` only within
/// its own part.
fn fits(glob: &[u8], route: &[u8]) -> bool {
    let (mut g, mut r) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    let mut double: Option<(usize, usize)> = None;
    loop {
        match (glob.get(g), route.get(r)) {
            (None, None) => return true,
            (Some(b'*'), _) if glob.get(g + 1) == Some(&b'*') => {
                double = Some((g + 2, r));
                star = None;
                g += 2;
                continue;
            }
            (Some(b'*'), _) => {
                star = Some((g + 1, r));
                g += 1;
                continue;
            }
            (Some(want), Some(have)) if want == have => {
                (g, r) = (g + 1, r + 1);
                continue;
            }
            _ => {}
        }
        match (&mut star, &mut double) {
            (Some((after, at)), _) if route.get(*at).is_some_and(|&byte| byte != b'/') => {
                *at += 1;
                (g, r) = (*after, *at);
            }
            (_, Some((after, at))) if *at < route.len() => {
                *at += 1;
                (g, r) = (*after, *at);
                star = None;
            }
            _ => return false,
        }
    }
}
