use std::panic;

fn cancel(reason: u32) {
    panic::panic_any(reason);
}

fn main() {
    let caught = panic::catch_unwind(|| cancel(7));
    eprintln!("cancelled: {}", caught.is_err());
    unreachable!("nothing comes after {}", "cancel");
}
