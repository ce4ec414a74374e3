use super::*;

fn redact(text: &str) -> String {
    Redactor::default().text(text, &mut Redacted::new()).into_owned()
}

#[test]
fn every_needle_is_found() {
    for needle in name::NEEDLES.iter().copied().chain(shapes::TABLE.iter().map(|(needle, _)| *needle)) {
        for text in [format!("x {needle}1"), format!("x {}1", needle.to_ascii_uppercase())] {
            let found = NEEDLES.next(text.as_bytes(), 0).map(|found| (found.start, found.end));
            assert_eq!(found, Some((2, 2 + needle.len())), "{needle:?} in {text:?}");
            assert!(NEEDLES.any(text.as_bytes()) && NEEDLES.any(text.split_at(1).1.as_bytes()), "{text:?}");
        }
    }
}

#[test]
fn quick() {
    assert_eq!(redact("password=hunter2"), "password=[redacted:password]");
    assert_eq!(
        redact("Authorization: Bearer abc.def-123456"),
        "Authorization: Bearer [redacted:authorization]"
    );
    assert_eq!(redact("unexpected token ; secret santa"), "unexpected token ; secret santa");
    assert_eq!(redact("card 4111 1111 1111 1111 ok"), "card [redacted:card] ok");
}
