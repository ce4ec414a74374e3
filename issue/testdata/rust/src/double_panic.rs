struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        panic!("second, while cleaning up");
    }
}

fn main() {
    let _guard = Guard;
    panic!("first");
}
