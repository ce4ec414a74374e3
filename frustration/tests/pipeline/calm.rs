//! A hundred generated visits of people who are not frustrated: none may become an incident.

use frustration::{event::Event, rules::Rules};

use crate::scenario::{START, of_session, session};

/// What calm people do; errors happen to them, too, and go away.
const CALM: &[&str] = &[
    "0 navigation @/home; 2000..9000/700 scroll; 12000 click #menu mutated=true",
    "0 navigation @/products; 3000 click #p7; 3100 navigation @/products/7; 9000 navigation @/products; 12000 navigation @/products/8",
    "0..2000/400 click #plus mutated=true",
    "0 click #more; 180 click #more",
    "0 navigation @/search; 1000..4000/500 input #q; 4500 network #/api/search status=200; 5000..6200/300 click #filter",
    "0 navigation @/cart; 3000 click #checkout; 3200 navigation @/checkout; 9000 form_submit #pay; 9800 network #/pay status=500; \
     15000 form_submit #pay; 15900 network #/pay status=200; 16000 navigation @/thank-you",
    "0 form_submit #login; 300 network #/login status=401 errorType=validation; 9000 form_submit #login; 9300 network #/login status=200",
    "0 navigation @/article; 1000..60000/4000 scroll",
    "0 error message=extension; 5000 click #next; 5200 navigation @/next",
    "0 navigation @/contact; 2000..9000/900 input #text; 12000 form_submit #contact; 12400 network #/contact status=201",
    "0 cursor directionChanges=3; 4000 click #close mutated=true",
    "0 click #video; 300 loading; 900 performance duration=2400; 1200 network #/video status=206",
    "0 navigation @/cart; 1000 performance duration=3500; 6000 navigation @/home",
    "0 navigation @/games/7; 1000..5000/200 click #fire; 9000 navigation @/home",
    "0 click #word; 200 click #word; 3000 click #word; 3200 click #word",
    "0 navigation @/signup; 4000 form_submit #signup; 4100 error errorType=ValidationError; 15000 input #name; \
     19000 form_submit #signup; 19500 network #/signup status=201; 19600 navigation @/welcome",
    "0 navigation @/reports; 500 performance duration=9000; 12000 click #table mutated=true; 15000..24000/1500 scroll",
    "0 navigation @/search; 1000 click #a; 1500 navigation @/item/1; 4000 navigation @/search; 6000 navigation @/item/2; \
     9000 navigation @/search; 11000 navigation @/item/3",
];

/// Whole visits of those who do not click as people with a mouse do; whatever they do is no frustration.
const ASSISTED: &[&str] = &[
    "0 click #a userAgent=NVDA; 1000..2200/300 click #a; 2300 error; 9000..12000/300 click #b",
    "0 click #a userAgent=JAWS/2026; 500 error; 1000..9000/1000 form_submit #f",
    "0 click #a userAgent=Googlebot/2.1; 1000..20000/200 click #next; 20100 error",
    "0 navigation @/a userAgent=Pingdom; 1000..4000/100 click #a; 4100 error",
    "0 click #a assistiveTechnology=true; 1000..2200/300 click #a; 2300 error",
];

/// A small generator (xorshift), so that the hundred visits are the same ones everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

#[test]
fn machines_and_assistive_technology_are_no_incident() {
    let rules = Rules::default();
    for visit in ASSISTED {
        let judgement = frustration::evaluate(&session(&of_session("s1", START, visit)), &rules, true);
        assert!(judgement.incidents.is_empty(), "{visit}: {:#?}", judgement.incidents);
        assert!(judgement.discarded.contains_key("assisted"), "{visit}: {:?}", judgement.discarded);
    }
}

#[test]
fn calm_people_are_no_incident() {
    let rules = Rules::default();
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let mut total = 0;
    for visit in 0..100 {
        let (mut at, mut all) = (START, Vec::<Event>::new());
        for _ in 0..3 + dice.below(8) {
            let piece = CALM[dice.below(CALM.len() as u64) as usize];
            all.extend(of_session("s1", at, piece));
            at += 70_000 + dice.below(60_000) as i64;
        }
        total += all.len();
        let judgement = frustration::evaluate(&session(&all), &rules, true);
        assert!(judgement.incidents.is_empty(), "visit {visit}: {:#?}", judgement.incidents);
    }
    assert!(total > 3000, "{total} events");
}
