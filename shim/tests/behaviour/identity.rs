//! What the program can see of itself: the same with and without the shim, whatever it was started from.

use crate::run::{Container, SHIM, finish, plain};

const COMPARE: &str = include_str!("identity.py");

#[test]
fn a_program_finds_everything_as_without_the_shim() {
    let container = Container::new();
    let segments = container.segments();
    // Another user must reach it, who may not enter the folder that this was built in.
    let shim = container.path().join("issuetracker-shim");
    std::fs::copy(SHIM, &shim).unwrap();
    let words = ["python3", "-c", COMPARE, shim.to_str().unwrap(), segments.to_str().unwrap()];
    let output = finish(&mut plain(&words));
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success(), "{text}");
    assert!(text.contains("9 compared"), "{text}");
}
