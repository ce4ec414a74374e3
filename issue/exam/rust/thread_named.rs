use std::{sync::mpsc, thread, time::Duration};

fn convert(sample: &[i16], at: usize) -> i16 {
    sample[at]
}

fn main() {
    let (tx, rx) = mpsc::channel();
    let worker = thread::Builder::new()
        .name("audio mixer".into())
        .spawn(move || {
            for at in rx {
                convert(&[1, 2, 3], at);
            }
        })
        .unwrap();
    tx.send(2).unwrap();
    tx.send(7).unwrap();
    thread::sleep(Duration::from_millis(50));
    if worker.join().is_err() {
        eprintln!("2026-11-20T10:00:00.000001Z  INFO mixer: restarted after a panic");
    }
}
