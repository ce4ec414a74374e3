use super::*;

fn redact(text: &str) -> String {
    Redactor::default().text(text, &mut Redacted::new()).into_owned()
}

#[test]
fn the_automaton_builds() {
    assert!(NEEDLES.is_some());
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
