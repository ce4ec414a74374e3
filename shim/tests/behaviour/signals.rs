//! Signals: each one is passed on, and the program's own are as without us.

use crate::run::{Container, Talk as _, finish, kill, plain};
use std::{fs, path::Path};

/// Says the number of every signal it gets; handles also those that libc keeps to itself.
const LISTENER: &str = r#"
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
static void on(int n) { char t[8]; int l = snprintf(t, sizeof t, "%d\n", n); write(1, t, l); }
static void back(void);
__asm__("back: mov $15, %eax\n syscall\n");
int main(void) {
    struct { void (*handler)(int); unsigned long flags; void (*restorer)(void); unsigned long mask; } a =
        { on, 0x04000000, back, ~0UL };
    for (int n = 1; n <= 64; n++) syscall(SYS_rt_sigaction, n, &a, 0, 8);
    write(1, "ready\n", 6);
    for (;;) pause();
}
"#;

fn compile(folder: &Path, source: &str) -> String {
    let [program, file] = ["program", "program.c"].map(|name| folder.join(name).to_str().unwrap().to_owned());
    fs::write(&file, source).unwrap();
    let output = finish(&mut plain(&["cc", "-w", "-O1", "-o", &program, &file]));
    assert!(output.status.success(), "{output:?}");
    program
}

#[test]
fn every_signal_is_passed_on_but_the_ones_of_children() {
    let container = Container::new();
    let program = compile(container.path(), LISTENER);
    let mut child = container.shim(&[&program]).spawn().unwrap();
    assert_eq!(child.line(), "ready");
    let (kill_it, stop, child_ended) = (9, 19, 17);
    for signal in (1..=64).filter(|signal| ![kill_it, stop, child_ended].contains(signal)) {
        child.signal(&child_ended.to_string());
        child.signal(&signal.to_string());
        assert_eq!(child.line(), signal.to_string());
    }
    let command = command_of(child.id());
    kill("KILL", &command);
    assert_eq!(child.wait().unwrap().code(), Some(137));
}

fn command_of(shim: u32) -> String {
    let children = fs::read_to_string(format!("/proc/{shim}/task/{shim}/children")).unwrap();
    let is_command = |pid: &&str| {
        fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| !name.starts_with("issue"))
    };
    children.split_whitespace().find(is_command).unwrap().to_owned()
}

#[test]
fn the_command_leads_a_group_that_gets_the_signals() {
    let container = Container::new();
    let script = r#"
        [ "$(ps -o pgid= -p $$ | tr -d ' ')" = $$ ] || echo not a leader
        trap 'wait; echo outer >&2; exit 9' TERM
        sh -c 'trap "echo inner >&2; exit" TERM; echo ready; while :; do read x || :; done' &
        wait"#;
    let mut child = container.shim(&["sh", "-c", script]).spawn().unwrap();
    assert_eq!(child.line(), "ready");
    child.signal("TERM");
    assert_eq!(child.rest_of_stderr(), "inner\nouter\n");
    assert_eq!(child.wait().unwrap().code(), Some(9));
}

#[test]
fn an_ignored_sigterm_stays_ignored() {
    let container = Container::new();
    let script = "trap '' TERM; echo ready; read x; echo $x >&2; exit 2";
    let mut child = container.shim(&["sh", "-c", script]).spawn().unwrap();
    assert_eq!(child.line(), "ready");
    child.signal("TERM");
    child.tell("alive");
    assert_eq!(child.rest_of_stderr(), "alive\n");
    assert_eq!(child.wait().unwrap().code(), Some(2));
}

/// `perl -e 'alarm 5; exec …'` is how scripts set a limit.
#[test]
fn an_alarm_set_before_the_start_still_rings() {
    let container = Container::new();
    let command = ["sh", "-c", "while :; do read x || :; done"];
    let mut run = container.shim_in(&["perl", "-e", "alarm 1; exec @ARGV"], &command);
    assert_eq!(finish(&mut run).status.code(), Some(142));
}
