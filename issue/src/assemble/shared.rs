//! The front that two neighbouring lines have in common: whatever a runner puts before every line, without a list of
//! runners. Runs of digits stand for each other, since times and counters differ from line to line.

/// Bytes of a front that are compared.
const WINDOW: usize = 200;

/// Offsets in `line` behind each blank of the front that it shares with `other`, the shortest first.
pub fn ends(line: &str, other: &str) -> Vec<usize> {
    let (line, other) = (window(line), window(other));
    let (mut at, mut there) = (0, 0);
    let mut found = Vec::new();
    while let (Some(byte), Some(twin)) = (line.get(at), other.get(there)) {
        if byte.is_ascii_digit() && twin.is_ascii_digit() {
            at += digits(line, at);
            there += digits(other, there);
            continue;
        }
        if byte != twin {
            break;
        }
        at += 1;
        there += 1;
        if matches!(byte, b' ' | b'\t') {
            found.push(at);
        }
    }
    found
}

fn window(line: &str) -> &[u8] {
    line.as_bytes().get(..WINDOW).unwrap_or(line.as_bytes())
}

fn digits(bytes: &[u8], from: usize) -> usize {
    bytes.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_front_ends_behind_a_blank_and_its_numbers_may_differ() {
        let ends = |line, other| ends(line, other);
        assert_eq!(ends("#12 3.456 Error: x", "#12 12.9 at y"), [4, 10]);
        assert_eq!(ends("web | a", "web | b"), [4, 6]);
        assert_eq!(ends("weber a", "web a"), Vec::<usize>::new());
        assert_eq!(ends("", "x"), Vec::<usize>::new());
    }
}
