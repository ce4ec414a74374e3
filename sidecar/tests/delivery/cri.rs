//! From the node's own log files, as the kubelet keeps and rotates them.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    time::Duration,
};

use flate2::{Compression, write::GzEncoder};
use sidecar::source::Layout;

use crate::world::World;

/// A container's folder, written as a runtime does and rotated as the kubelet does.
struct Node {
    folder: PathBuf,
    run: u64,
    line: u64,
    rotations: u32,
}

impl Node {
    fn new(logs: &Path, container: &str) -> Self {
        let folder = logs.join(container);
        fs::create_dir_all(&folder).expect("a folder");
        Self { folder, run: 0, line: 0, rotations: 0 }
    }

    fn path(&self) -> PathBuf {
        self.folder.join(format!("{}.log", self.run))
    }

    fn raw(&self, text: &str) {
        let mut file = OpenOptions::new().create(true).append(true).open(self.path()).expect("a file");
        file.write_all(text.as_bytes()).expect("room");
    }

    /// A line of a stream; `tag` is `F`, or `P` for a part of one.
    fn tagged(&mut self, stream: &str, tag: &str, text: &str) {
        self.line += 1;
        self.raw(&format!("2026-11-21T08:00:00.{:09}Z {stream} {tag} {text}\n", self.line));
    }

    fn write(&mut self, text: &str) {
        self.tagged("stderr", "F", text);
    }

    /// What the kubelet does when a file is large: rename it, let the runtime begin another, compress older ones.
    fn rotate(&mut self) {
        self.rotations += 1;
        self.compress();
        let rotated = self.folder.join(format!("{}.log.20261121-{:06}", self.run, self.rotations));
        fs::rename(self.path(), rotated).expect("renamed");
        self.raw("");
    }

    fn compress(&self) {
        for file in fs::read_dir(&self.folder).expect("a folder") {
            let path = file.expect("a file").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if name.contains(".log.") && !name.contains(".gz") {
                let mut coder = GzEncoder::new(Vec::new(), Compression::fast());
                coder.write_all(&fs::read(&path).expect("bytes")).expect("room");
                let unfinished = path.with_file_name(format!("{name}.gz.tmp"));
                fs::write(&unfinished, coder.finish().expect("room")).expect("room");
                fs::rename(unfinished, path.with_file_name(format!("{name}.gz"))).expect("renamed");
                fs::remove_file(path).expect("removed");
            }
        }
    }
}

fn world() -> (World, PathBuf) {
    let mut world = World::stopped();
    let logs = world.folder.path().join("logs");
    world.settings.stderr = Some(Layout::PodLogs(logs.clone()));
    world.settings.window.first = Duration::from_millis(50);
    (world, logs)
}

fn count(world: &World, word: &str) -> u64 {
    let of_word =
        |record: &issue::record::Record| record.report.as_ref().is_some_and(|r| r.title.contains(word));
    world.broker.read().iter().filter(|record| of_word(record)).map(|record| record.count).sum()
}

async fn settled(world: &World, expect: &[(&str, u64)]) {
    world.sidecar().settle().await;
    for &(word, times) in expect {
        assert_eq!(count(world, word), times, "{word}: {:?}", world.broker.counts());
    }
    world.balanced();
}

#[tokio::test]
async fn stderr_is_read_and_stdout_is_not_and_parts_are_joined() {
    let (mut world, logs) = world();
    let mut node = Node::new(&logs, "app");
    let mut ours = Node::new(&logs, "issuetracker-sidecar");
    world.start().await;
    ours.write("ERROR the sidecar is rotten");
    node.tagged("stdout", "F", "ERROR the cherry is rotten");
    node.tagged("stderr", "P", "ERROR the app");
    node.tagged("stdout", "F", "between");
    node.tagged("stderr", "F", "le is rotten");
    node.raw("torn line\n");
    node.write("ERROR the banana is green");
    settled(&world, &[("apple", 1), ("banana", 1), ("cherry", 0), ("sidecar", 0)]).await;
    assert_eq!(world.broker.read()[0].source.place.container.as_deref(), Some("app"));
}

#[tokio::test]
async fn no_rotation_loses_or_repeats_a_line() {
    let (mut world, logs) = world();
    let mut node = Node::new(&logs, "app");
    world.start().await;
    for round in 0..12 {
        node.write("ERROR the apple is rotten");
        if round % 3 == 0 {
            world.until("read", |world| count(world, "apple") > round).await;
        }
        node.rotate();
        node.write("ERROR the banana is green");
    }
    settled(&world, &[("apple", 12), ("banana", 12)]).await;
}

#[tokio::test]
async fn a_restart_resumes_by_its_cursor_over_every_rotation() {
    let (mut world, logs) = world();
    let mut node = Node::new(&logs, "app");
    for round in 0..8 {
        world.start().await;
        node.write("ERROR the apple is rotten");
        if round % 2 == 0 {
            world.until("read", |world| count(world, "apple") > round).await;
        }
        world.kill();
        // While nobody reads: nothing, one rotation, or several with compression.
        for _ in 0..round % 4 {
            node.write("ERROR the banana is green");
            node.rotate();
        }
        node.write("ERROR the banana is green");
    }
    world.start().await;
    let bananas = (0..8).map(|round| round % 4 + 1).sum();
    settled(&world, &[("apple", 8), ("banana", bananas)]).await;
}

#[tokio::test]
async fn a_truncated_file_is_read_from_its_beginning() {
    let (mut world, logs) = world();
    let mut node = Node::new(&logs, "app");
    world.start().await;
    for _ in 0..20 {
        node.write("ERROR the apple is rotten");
    }
    world.until("read", |world| count(world, "apple") == 20).await;
    OpenOptions::new().write(true).open(node.path()).expect("a file").set_len(0).expect("cut");
    node.write("ERROR the banana is green");
    world.until("read", |world| count(world, "banana") == 1).await;
}

#[tokio::test]
async fn a_container_that_restarts_has_a_run_of_its_own() {
    let (mut world, logs) = world();
    let mut node = Node::new(&logs, "app");
    node.write("ERROR the apple is rotten");
    world.start().await;
    world.until("read", |world| count(world, "apple") == 1).await;
    node.run = 1;
    node.write("ERROR the banana is green");
    world.until("read", |world| count(world, "banana") == 1).await;
    world.restart().await;
    settled(&world, &[("apple", 1), ("banana", 1)]).await;
}

#[tokio::test]
async fn another_file_under_a_known_number_is_not_taken_for_it() {
    let (mut world, logs) = world();
    let mut node = Node::new(&logs, "app");
    world.start().await;
    for _ in 0..5 {
        node.write("ERROR the apple is rotten");
    }
    world.until("read", |world| count(world, "apple") == 5).await;
    world.kill();
    // The same file, with other lines: as if the system had given its number to another.
    OpenOptions::new().write(true).open(node.path()).expect("a file").set_len(0).expect("cut");
    node.tagged("stdout", "F", &"filling ".repeat(200));
    node.write("ERROR the banana is green");
    world.start().await;
    settled(&world, &[("apple", 5), ("banana", 1)]).await;
}
