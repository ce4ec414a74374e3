use super::*;

#[test]
fn first_lines_are_told_from_prose() {
    for line in [
        "--- FAIL: TestCart (0.00s)",
        "    --- FAIL: TestCart/half_price (0.01s)",
        "  1) Failure:",
        "Failure: test_price(CartTest)",
        "Failed asserting that 1 is identical to 2.",
        "   FAILED  Tests\\Unit\\CartTest > it counts",
        "/src/cart_test.cc:12: Failure",
        "cart.cpp:12: FAILED:",
        "not ok 2 - counts",
        "not ok 3",
        "  ● Cart › counts",
    ] {
        assert!(opens(line).is_some(), "{line}");
    }
    for line in [
        "--- FAIL: no time",
        "Failure: the disk is full",
        "Failed asserting",
        "FAILED  to start",
        "12:00:01: Failure",
        "not ok to go on",
        "        ● deep",
        "●",
    ] {
        assert!(opens(line).is_none(), "{line}");
    }
}

#[test]
fn words_lose_what_all_their_lines_are_indented_by() {
    assert_eq!(dedent(&["", "    a", "      b", "", "    c", ""]), "a\n  b\n\nc");
    assert_eq!(dedent(&[]), "");
}
