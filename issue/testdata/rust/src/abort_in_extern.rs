extern "C" fn callback() {
    panic!("across the border");
}

fn main() {
    callback();
}
