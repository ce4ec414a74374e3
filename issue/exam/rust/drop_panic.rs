struct Guard(&'static str);

impl Drop for Guard {
    fn drop(&mut self) {
        panic!("guard {} dropped while armed", self.0);
    }
}

fn serve() {
    let _guard = Guard("door");
    let parsed: Result<u8, _> = "300".parse::<u8>();
    parsed.unwrap();
}

fn main() {
    serve();
}
