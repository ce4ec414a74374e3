//! At a terminal: one made for the test, with an interactive shell or a program in it.

use crate::run::{Container, SHIM};
use std::process::Command;

const DRIVER: &str = include_str!("terminal.py");

fn play(scene: &str) {
    let container = Container::new();
    let mut driver = Command::new("timeout");
    driver
        .args(["30", "python3", "-c", DRIVER, SHIM, scene])
        .env("ISSUETRACKER_SEGMENTS_DIR", container.segments());
    let output = driver.output().unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success() && text.contains("as without us"), "{scene}: {text}");
}

#[test]
fn colours_and_bars_are_identical() {
    play("identical");
}

#[test]
fn stdin_of_the_terminal_can_be_read() {
    play("reads");
}

#[test]
fn interrupts_reach_the_program() {
    play("interrupt");
}

#[test]
fn a_stop_stops_both_and_continues() {
    play("stop");
}

#[test]
fn the_size_of_the_window_is_passed_on() {
    play("resize");
}

#[test]
fn the_terminal_comes_back_at_the_end() {
    play("comes_back");
}

#[test]
fn a_pipeline_keeps_the_foreground_together() {
    play("pipeline");
}

#[test]
fn a_terminal_that_is_gone_ends_the_program() {
    play("hangup");
}
