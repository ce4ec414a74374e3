//! Settings: what is taken and what is refused, with a reason.

use super::*;

fn of(text: &str) -> Result<Rules, SettingsError> {
    Rules::new(&serde_json::from_str(text).unwrap())
}

#[test]
fn nothing_set_is_the_table() {
    assert_eq!(of("{}"), Ok(Rules::default()));
    let list = Rules::default().list("/");
    assert_eq!(list.first().map(|row| (row.0, row.1)), Some(("rage.clicks", 4)));
    assert!(list.iter().all(|(name, _, meaning)| !name.is_empty() && meaning.ends_with('.')));
}

#[test]
fn every_default_lies_within_its_bounds_under_every_sensitivity() {
    for row in TABLE {
        assert!((row.min..=row.max).contains(&row.value), "{}", row.name);
        for sensitivity in [Sensitivity::Low, Sensitivity::Medium, Sensitivity::High] {
            assert!((row.min..=row.max).contains(&row.scaled(sensitivity)), "{}", row.name);
        }
    }
}

#[test]
fn what_makes_no_sense_is_refused_with_its_reason() {
    let cases = [
        (r#"{"thresholds":{"rage.click":4}}"#, "known are rage.clicks, rage.window_ms"),
        (r#"{"thresholds":{"rage.clicks":1}}"#, "rage.clicks must lie between 2 and 100, not 1"),
        (r#"{"thresholds":{"rage.clicks":101}}"#, "between 2 and 100"),
        (r#"{"routes":[{"glob":""}]}"#, "write a path"),
        (r#"{"routes":[{"glob":"/***********a"}]}"#, "write a path"),
        (r#"{"routes":[{"glob":"/a","thresholds":{"x":1}}]}"#, "is not known"),
    ];
    for (text, reason) in cases {
        let error = of(text).unwrap_err().to_string();
        assert!(error.contains(reason), "{text}: {error}");
    }
    assert!(serde_json::from_str::<Settings>(r#"{"tresholds":{}}"#).is_err());
    let many = Settings { routes: vec![RouteSettings::default(); 101], ..Settings::default() };
    assert_eq!(Rules::new(&many), Err(SettingsError::TooManyRoutes(101)));
}

#[test]
fn globs_fit_whole_routes() {
    let cases = [
        ("/checkout", "/checkout", true),
        ("/checkout", "/checkout/pay", false),
        ("/checkout/*", "/checkout/pay", true),
        ("/checkout/*", "/checkout/pay/now", false),
        ("/checkout/**", "/checkout/pay/now", true),
        ("**/pay", "/a/b/pay", true),
        ("**/pay", "/a/b/pays", false),
        ("/a*c/*", "/abbc/d", true),
        ("/**/x/*", "/a/x/b/x/c", true),
        ("/*", "/", true),
        ("*", "", true),
    ];
    for (glob, route, fits) in cases {
        assert_eq!(Glob::parse(glob).map(|glob| glob.fits(route)), Some(fits), "{glob} {route}");
    }
}

#[test]
fn fitting_a_hostile_route_stays_cheap() {
    let glob = Glob::parse("/**a**a**a**a**b").unwrap();
    let start = std::time::Instant::now();
    assert!(!glob.fits(&format!("/{}", "a".repeat(10_000))));
    assert!(start.elapsed().as_secs() < 5);
}
