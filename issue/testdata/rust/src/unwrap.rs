fn parse(text: &str) -> i32 {
    text.parse().unwrap()
}

fn main() {
    parse("x");
}
