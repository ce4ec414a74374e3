use super::*;
use crate::report::Language;

fn log(title: &str) -> Parsed {
    Parsed::of_text(Kind::Log, Level::Error, Language::Unknown, title.to_owned())
}

#[test]
fn every_example_of_a_rule_is_of_its_category() {
    for rule in rules::TABLE {
        for example in rule.examples {
            let verdict = judge(&log(example), example, &[]);
            assert_eq!(verdict.category, rule.category, "{example:?}, because of {:?}", verdict.because);
        }
    }
}

#[test]
fn words_are_such_as_the_search_finds() {
    for word in rules::TABLE.iter().flat_map(|rule| rule.words) {
        assert!(word.trim_start_matches('=').len() >= 3, "{word:?}");
    }
}

#[test]
fn a_process_that_ended_is_a_crash_unless_a_resource_was_missing() {
    let ended = |title: &str| {
        judge(&Parsed { kind: Kind::Exception, level: Level::Fatal, ..log(title) }, title, &[]).category
    };
    assert_eq!(ended("KeyError: 'a'"), Category::Crash);
    assert_eq!(ended("java.lang.OutOfMemoryError"), Category::Resource);
}

#[test]
fn a_warning_is_one_step_less_urgent() {
    let warned = judge(&Parsed { level: Level::Warning, ..log("KeyError: 'a'") }, "KeyError: 'a'", &[]);
    assert_eq!((warned.category, warned.priority), (Category::Code, Priority::Medium));
    let plain = judge(&log("something odd"), "something odd", &[]);
    assert_eq!((plain.category, plain.priority), (Category::Unknown, Priority::Medium));
}

#[test]
fn a_root_cause_can_tell_more_than_what_it_caused() {
    let mut parsed = log("java.lang.RuntimeException: cannot load orders");
    parsed.causes.push(crate::report::Cause {
        error_type: Some("java.net.ConnectException".into()),
        ..Default::default()
    });
    assert_eq!(
        judge(&parsed, "java.lang.RuntimeException: cannot load orders", &[]).category,
        Category::Dependency
    );
}
