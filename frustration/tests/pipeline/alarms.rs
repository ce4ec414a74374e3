//! False alarms: what fits a rule and is no frustration.

use frustration::{
    detect::Kind,
    rules::{Rules, Settings},
};

use crate::scenario::{events, found, judged, session};

/// Name, timeline, and the reason that has to be counted.
const CASES: &[(&str, &str, &str)] = &[
    ("a bot", "0 click #a userAgent=Googlebot/2.1; 1000..2200/300 click #a; 2300 error", "assisted"),
    ("a screen reader", "0 click #a userAgent=NVDA; 1000..2200/300 click #a; 2300 error", "assisted"),
    (
        "assistive technology that says so",
        "0..1200/300 click #a assistiveTechnology=true; 1300 error",
        "assisted",
    ),
    ("a game", "0..1200/300 click #a @/games/7; 1300 error", "game"),
    ("a search", "0..1200/300 click #a @/search; 1300 error", "search"),
    ("a filter", "0 form_submit #f @/shop/filters; 100 error; 200..800/200 form_submit #f", "search"),
    ("something that is loading", "0..1200/300 click #a loading=true; 1300 error", "not_ready"),
    ("something that is disabled", "0..1200/300 click %disabled; 1300 error", "not_ready"),
];

#[test]
fn false_alarms_are_dropped_and_counted() {
    for (name, timeline, reason) in CASES {
        let judgement = judged(timeline);
        assert!(judgement.incidents.is_empty(), "{name}: {judgement:#?}");
        assert!(judgement.discarded.contains_key(reason), "{name}: {:?}", judgement.discarded);
    }
}

#[test]
fn a_phone_called_cubot_is_no_bot() {
    let judgement = judged("0 click #a userAgent=CUBOT_X30; 1000..2200/300 click #a; 2300 error");
    assert_eq!(judgement.incidents.len(), 1);
}

#[test]
fn a_double_click_is_exactly_two_clicks() {
    let thresholds = [("rage.clicks", 2), ("rage.gap_ms", 1000)];
    let thresholds = thresholds.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let rules = Rules::new(&Settings { thresholds, ..Settings::default() }).unwrap();
    let discarded = |timeline: &str| {
        let judgement = frustration::evaluate(&session(&events(timeline)), &rules, true);
        judgement.discarded.contains_key("double_click")
    };
    assert!(discarded("0 click #a; 499 click #a; 600 error"));
    assert!(!discarded("0 click #a; 500 click #a; 600 error"));
    assert!(!discarded("0 click #a; 400 click #a; 800 click #a; 900 error"));
}

#[test]
fn wrong_input_is_no_refusal_of_an_action() {
    let timeline =
        "0 form_submit #f; 100 error errorType=ValidationError; 2000 form_submit #f; 4000 form_submit #f";
    assert_eq!(found(timeline, Kind::Blocked), []);
}

#[test]
fn a_network_error_after_which_the_visitor_moved_on_is_no_block() {
    let timeline = "0 form_submit #f; 100 network status=503; 200 navigation @/home; 300 navigation @/page; \
                    2000 form_submit #f; 4000 form_submit #f";
    assert_eq!(found(timeline, Kind::Blocked), []);
}

#[test]
fn comparing_products_is_no_confusion() {
    for route in ["/products", "/compare", "/cart", "/checkout"] {
        let steps: Vec<String> = (0..10)
            .map(|n| format!("{} navigation @{}", n * 1000, if n % 2 == 0 { route } else { "/details" }))
            .collect();
        assert_eq!(found(&steps.join(";"), Kind::Confusion), [], "{route}");
    }
}
