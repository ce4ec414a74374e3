//! From the files that the shim writes.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{broker::Fate, world::World};

const RUN: u64 = 1_700_000_000_000_000_000;

/// A container's folder, written as the shim does.
pub struct Shim {
    folder: PathBuf,
    run: u64,
    n: u64,
}

impl Shim {
    pub fn new(segments: &Path, container: &str) -> Self {
        let folder = segments.join(container);
        fs::create_dir_all(&folder).expect("a folder");
        Self { folder, run: RUN, n: 0 }
    }

    fn path(&self) -> PathBuf {
        self.folder.join(format!("{:020}-{:010}.seg", self.run, self.n))
    }

    fn frame(&self, kind: u8, payload: &[u8]) {
        let mut bytes = (payload.len() as u32).to_le_bytes().to_vec();
        bytes[3] = kind;
        bytes.extend_from_slice(&self.run.to_le_bytes());
        bytes.extend_from_slice(payload);
        self.raw(&bytes);
    }

    fn raw(&self, bytes: &[u8]) {
        let mut file = OpenOptions::new().create(true).append(true).open(self.path()).expect("a file");
        file.write_all(bytes).expect("room");
    }

    pub fn write(&self, text: &str) {
        self.frame(0, text.as_bytes());
    }

    fn gap(&self, bytes: u64) {
        self.frame(0x80, &bytes.to_le_bytes());
    }

    fn end(&self) {
        self.frame(0xC0, &[]);
    }

    fn rotate(&mut self) {
        self.n += 1;
    }
}

/// How often the error with this text was counted. Texts differ in a word, so they are different issues.
pub fn count(world: &World, word: &str) -> u64 {
    let of_word =
        |record: &issue::record::Record| record.report.as_ref().is_some_and(|r| r.title.contains(word));
    world.broker.read().iter().filter(|record| of_word(record)).map(|record| record.count).sum()
}

#[tokio::test]
async fn reports_are_read_across_frames_and_files() {
    let mut world = World::stopped();
    let mut shim = Shim::new(&world.segments(), "app");
    world.start().await;
    shim.write("starting\nERROR the app");
    shim.write("le is rotten\nfine\nERR");
    shim.rotate();
    shim.write("OR the banana is green\n");
    shim.end();
    world.sidecar().settle().await;
    assert_eq!((count(&world, "apple"), count(&world, "banana")), (1, 1), "{:?}", world.broker.counts());
    assert_eq!(world.broker.read()[0].source.place.container.as_deref(), Some("app"));
    assert_eq!(world.sidecar().status().read().ledger.gap_bytes, 0);
}

#[tokio::test]
async fn a_report_is_sent_while_the_program_runs() {
    let mut world = World::stopped();
    let shim = Shim::new(&world.segments(), "app");
    world.start().await;
    shim.write("ERROR the apple is rotten\n");
    world.until("sent", |world| count(world, "apple") == 1).await;
}

#[tokio::test]
async fn a_restart_resumes_exactly_where_the_journal_says() {
    let mut world = World::stopped();
    let mut shim = Shim::new(&world.segments(), "app");
    world.settings.window.first = Duration::from_millis(50);
    for round in 0..10 {
        world.start().await;
        shim.write("ERROR the apple is rotten\nERROR the ban");
        if round % 2 == 0 {
            world.until("read", |world| count(world, "apple") > round).await;
        }
        world.kill();
        shim.write("ana is green\n");
        if round % 3 == 0 {
            shim.rotate();
        }
    }
    world.start().await;
    world.sidecar().settle().await;
    assert_eq!((count(&world, "apple"), count(&world, "banana")), (10, 10));
    world.balanced();
}

#[tokio::test]
async fn many_small_frames_do_not_confuse_the_cursor() {
    let mut world = World::stopped();
    let shim = Shim::new(&world.segments(), "app");
    // More frames in one open line than positions are kept.
    for _ in 0..10_000 {
        shim.write("x");
    }
    world.start().await;
    shim.write("\nERROR the apple is rotten\n");
    world.until("read", |world| count(world, "apple") == 1).await;
    for _ in 0..5000 {
        shim.write("y");
    }
    world.restart().await;
    shim.write("\nERROR the banana is green\n");
    world.sidecar().settle().await;
    assert_eq!((count(&world, "apple"), count(&world, "banana")), (1, 1));
}

#[tokio::test]
async fn gaps_and_skipped_files_are_counted_and_split_records() {
    const FILE: u64 = 1 << 20;
    let mut world = World::stopped();
    let mut shim = Shim::new(&world.segments(), "app");
    world.start().await;
    shim.write("ERROR the apple is rotten\n");
    shim.gap(77);
    shim.write("ERROR the banana is green\n");
    world.until("read", |world| count(world, "banana") == 1).await;
    assert_eq!(world.sidecar().status().read().ledger.gap_bytes, 77);
    world.restart().await;
    shim.n += 3;
    shim.write("ERROR the cherry is sour\n");
    world.sidecar().settle().await;
    assert_eq!((count(&world, "apple"), count(&world, "cherry")), (1, 1));
    assert_eq!(world.sidecar().status().read().ledger.gap_bytes, 77 + 2 * FILE);
    world.restart().await;
    world.sidecar().settle().await;
    assert_eq!(world.sidecar().status().read().ledger.gap_bytes, 77 + 2 * FILE, "counted twice");
}

#[tokio::test]
async fn two_runs_at_once_stay_apart() {
    let mut world = World::stopped();
    let segments = world.segments();
    let first = Shim::new(&segments, "app");
    let second = Shim { run: RUN + 1, ..Shim::new(&segments, "app") };
    world.start().await;
    first.write("ERROR the app");
    second.write("ERROR the ban");
    first.write("le is rotten\n");
    second.write("ana is green\n");
    world.sidecar().settle().await;
    assert_eq!((count(&world, "apple"), count(&world, "banana")), (1, 1), "{:?}", world.broker.counts());
}

#[tokio::test]
async fn hostile_files_are_skipped_and_nothing_stops() {
    let mut world = World::stopped();
    let segments = world.segments();
    let mut shim = Shim::new(&segments, "app");
    let secret = world.folder.path().join("secret");
    fs::write(&secret, "ERROR the secret is out\n").expect("room");
    symlink(&secret, shim.path()).expect("a link");
    symlink(world.folder.path(), segments.join("link")).expect("a link");
    fs::write(shim.folder.join("noise.seg"), "ERROR noise\n").expect("room");
    shim.rotate();
    shim.frame(0x42, b"of an unknown kind");
    shim.frame(0x80, b"a gap of the wrong length");
    shim.frame(0, &vec![b'x'; 100_000]);
    shim.write("\u{0}\u{1b}[31m\n");
    shim.frame(0, &[0xff; 1000]);
    shim.frame(0x80, &u64::MAX.to_le_bytes());
    shim.write("\nERROR the apple is rotten\n");
    // A frame that promises more than ever comes.
    shim.raw(&[0xff, 0xff, 0xff, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    shim.rotate();
    fs::create_dir(shim.path()).expect("a folder");
    shim.rotate();
    shim.write("ERROR the banana is green\n");
    world.start().await;
    world.sidecar().settle().await;
    assert_eq!((count(&world, "apple"), count(&world, "banana")), (1, 1), "{:?}", world.broker.counts());
    assert_eq!(count(&world, "secret"), 0);
}

#[tokio::test(start_paused = true)]
async fn while_the_spool_is_full_reading_stops_and_then_goes_on() {
    let mut world = World::stopped();
    world.settings.spool_limit = 256 * 1024;
    world.broker.otherwise(Fate::Silent);
    let mut shim = Shim::new(&world.segments(), "app");
    world.start().await;
    let words: Vec<String> = (0..400_u32).map(|n| format!("ERROR {}\n", word(n))).collect();
    for chunk in words.chunks(20) {
        shim.write(&chunk.concat());
        shim.rotate();
    }
    shim.end();
    // Nothing more fits once a comment does not.
    let mut stuck = 0;
    let mut before = 0;
    while stuck < 100 {
        tokio::time::sleep(Duration::from_millis(50)).await; // tidy: allow, the clock is paused
        let accepted = world.sidecar().status().read().ledger.accepted;
        stuck = if accepted == before { stuck + 1 } else { 0 };
        before = accepted;
    }
    assert!((1..400).contains(&before), "{before} were taken by a spool that should have been full");
    world.broker.otherwise(Fate::Acked);
    world.broker.break_connection();
    world.sidecar().settle().await;
    assert_eq!(world.broker.total(), 400);
    world.balanced();
}

/// Words that no template merges.
fn word(n: u32) -> String {
    let letter = |n: u32| char::from(b'a' + (n % 26) as u8);
    format!("broken {}{}{} here", letter(n), letter(n / 26), letter(n / 7))
}

#[tokio::test]
async fn a_stop_reads_what_is_left() {
    let mut world = World::stopped();
    let shim = Shim::new(&world.segments(), "app");
    world.start().await;
    shim.write("ERROR the apple is rotten\nERROR the banana is");
    world.stop(Duration::from_secs(30)).await;
    assert_eq!((count(&world, "apple"), count(&world, "banana")), (1, 1));
}
