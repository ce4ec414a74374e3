use std::process::Command;

fn divide(a: i32, b: i32) -> i32 {
    a / b
}

fn main() {
    let zero = std::env::args().count() as i32 - 2;
    if zero == 0 {
        divide(5, zero);
    }
    for _ in 0..2 {
        eprintln!("time=2026-11-20T10:00:00Z level=info msg=\"spawning child\" panics=0");
        Command::new(std::env::current_exe().unwrap()).arg("x").status().unwrap();
    }
}
