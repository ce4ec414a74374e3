fn main() {
    let worker = std::thread::Builder::new().name("worker-1".into()).spawn(|| {
        let items = vec![1, 2, 3];
        let at = items.len() + 2;
        println!("{}", items[at]);
    });
    worker.unwrap().join().ok();
    std::thread::spawn(|| panic!("no name\nand two lines")).join().ok();
}
