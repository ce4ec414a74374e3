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
            // Wherever it stands in what a report is made of.
            for before in [0, 1, 40, 97] {
                let texts = [".".repeat(before), text.clone(), String::new()];
                assert!(!Redactor::default().are_clean(texts.iter().map(String::as_str)), "{text:?}");
            }
        }
    }
}

#[test]
fn the_first_look_is_vectorised_and_its_lines_keep_needles_apart() {
    assert!(NEEDLES.any.is_vectored() || !cfg!(target_arch = "x86_64"));
    assert!(name::NEEDLES.iter().all(|needle| !needle.contains('\n')));
    assert!(shapes::TABLE.iter().all(|(needle, _)| !needle.contains('\n')));
    let clean = |texts: &[&str]| Redactor::default().are_clean(texts.iter().copied());
    assert!(clean(&["tok", "en", "4111 1111", "1111 1111", "", "main.run", "/app/a.rs"]));
    assert!(!clean(&["main.run", "card 4111 1111 1111 1111"]));
    assert!(!clean(&["Ab38Q~x"]));
    assert!(!Redactor::new(&[("x".into(), "^a".into())]).expect("a pattern").are_clean([].into_iter()));
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
