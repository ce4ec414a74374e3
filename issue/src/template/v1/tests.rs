use super::super::{key, template};

fn check(cases: &[(&str, &str)]) {
    for (line, expected) in cases {
        assert_eq!(template(line), *expected, "of {line:?}");
    }
}

#[test]
fn the_lists_are_sorted_where_they_must_be() {
    assert!(super::vocabulary::SPEAKING_WORDS.is_sorted());
    assert!(super::vocabulary::NAMES_LIKE_WORDS.is_sorted());
    assert!(super::vocabulary::SQL_VERBS.is_sorted());
    assert!(super::vocabulary::VERBS_OF_STATES.is_sorted());
}

#[test]
fn quick() {
    check(&[
        (
            "invalid literal for int() with base 10: 'x'",
            "invalid literal for int() with base <int>: <quoted>",
        ),
        ("maisey-908", "maisey-<int>"),
        ("value:-17502", "value:<int>"),
        ("blk_388 and blk_-695", "blk_<int> and blk_<int>"),
        ("called `Option::unwrap()` on a `None` value", "called <quoted> on a <quoted> value"),
    ]);
    assert_eq!(key("took 2 s"), key("took 1.5 s"));
}
