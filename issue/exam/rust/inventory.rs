mod stock {
    use std::collections::HashMap;

    pub struct Shelf(pub HashMap<&'static str, Option<u32>>);

    impl Shelf {
        #[inline(never)]
        pub fn count(&self, sku: &str) -> u32 {
            self.0.get(sku).copied().flatten().expect("sku has a count")
        }
    }
}

fn main() {
    eprintln!("[INFO  inventory] 1 shelf, 0 errors");
    let shelf = stock::Shelf([("a", None)].into());
    println!("{}", shelf.count("a"));
}
