//! What other thresholds would have found in the same visit.

use frustration::{
    replay::{Change, replay},
    rules::{RouteSettings, Rules, Sensitivity, Settings},
};

use crate::scenario::{events, session};

/// Five quick clicks on a button whose request fails.
const RAGE: &str = "0..1200/300 click #save @/profile; 1300 network #POST/profile status=502";

fn changed(change: &Change, settings: &Settings) -> Rules {
    Rules::new(&change.to(settings)).expect("settings that can be used")
}

#[test]
fn another_threshold_lets_an_incident_vanish_and_appear() {
    let session = session(&events(RAGE));
    let (settings, rules) = (Settings::default(), Rules::default());
    let same = replay(&session, &rules, &changed(&Change::default(), &settings), true);
    assert_eq!(same.before, same.after);
    assert_eq!(same.difference, Default::default());
    assert_eq!(same.before.incidents.len(), 1, "{same:#?}");
    let thresholds =
        ["rage.clicks", "rage.strong.clicks", "rage.weak.clicks"].map(|name| (name.to_owned(), 50));
    let stricter = Change { thresholds: thresholds.into(), ..Change::default() };
    let gone = replay(&session, &rules, &changed(&stricter, &settings), true);
    let id = same.before.incidents[0].incident_id.clone();
    assert!(!gone.difference.signals_vanishing.is_empty());
    assert_eq!((&gone.difference.vanishing, gone.after.incidents.len()), (&vec![id.clone()], 0), "{gone:#?}");
    let back = replay(&session, &changed(&stricter, &settings), &rules, true);
    assert_eq!(back.difference.appearing, [id]);
}

#[test]
fn a_change_goes_for_every_route() {
    let route = RouteSettings {
        glob: "/checkout/**".to_owned(),
        sensitivity: Some(Sensitivity::Low),
        thresholds: [("rage.clicks".to_owned(), 9)].into(),
    };
    let settings = Settings { routes: vec![route], ..Settings::default() };
    let change =
        Change { sensitivity: Some(Sensitivity::High), thresholds: [("rage.clicks".to_owned(), 7)].into() };
    let made = change.to(&settings);
    assert_eq!((made.sensitivity, made.thresholds["rage.clicks"]), (Sensitivity::High, 7));
    assert_eq!(
        (made.routes[0].sensitivity, made.routes[0].thresholds["rage.clicks"]),
        (Some(Sensitivity::High), 7)
    );
}
