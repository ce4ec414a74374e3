//! Panics with a backtrace.

#[inline(never)]
fn load(number: &str) -> u32 {
    let row: Result<u32, String> = Err(format!("row {number} is unreadable"));
    row.expect("the table is whole")
}

fn main() {
    let number = std::env::args().nth(1).unwrap_or_default();
    println!("working {number}");
    println!("{}", load(&number));
}
