//! Settings that change while the sidecar runs, in the ways in which files change.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use issue::report::Level;
use sidecar::settings::Effective;

use crate::world::World;

/// A folder as the kubelet mounts a ConfigMap: the file is a link into `..data`, which is a link to a folder.
struct ConfigMap {
    folder: PathBuf,
    version: u32,
}

impl ConfigMap {
    fn new(folder: &Path) -> Self {
        fs::create_dir_all(folder).expect("a folder");
        Self { folder: folder.to_owned(), version: 0 }
    }

    fn file(&self) -> PathBuf {
        self.folder.join("settings.yaml")
    }

    /// The swap of the kubelet's atomic writer.
    fn put(&mut self, text: &str) {
        self.version += 1;
        let version = format!("..version_{}", self.version);
        fs::create_dir(self.folder.join(&version)).expect("a folder");
        fs::write(self.folder.join(&version).join("settings.yaml"), text).expect("room");
        symlink(&version, self.folder.join("..data_tmp")).expect("a link");
        fs::rename(self.folder.join("..data_tmp"), self.folder.join("..data")).expect("swapped");
        if self.version == 1 {
            symlink("..data/settings.yaml", self.file()).expect("a link");
        }
    }
}

fn in_force(world: &World) -> (Level, u64) {
    let now = world.sidecar().settings().now();
    (now.min_level(), now.window.first.as_secs())
}

#[tokio::test]
async fn the_swap_of_a_config_map_is_noticed_and_a_bad_one_changes_nothing() {
    let mut world = World::new().await;
    let mut map = ConfigMap::new(&world.folder.path().join("settings"));
    map.put("capture: {minLevel: warning}\ngrouping: {window: 20s}\n");
    world.sidecar().follow(map.file(), Effective::default());
    world.until("in force", |world| in_force(world) == (Level::Warning, 20)).await;
    let refused = |world: &World| world.sidecar().status().read().settings_error;
    for bad in ["capture: {redact: [{name: x, pattern: '('}]}", "grouping: {window: 1h}", "capture: ["] {
        map.put(bad);
        world.until("told", |world| refused(world).is_some()).await;
        assert_eq!(in_force(&world), (Level::Warning, 20));
        map.put("capture: {minLevel: warning}\ngrouping: {window: 20s}\n");
        world.until("forgotten", |world| refused(world).is_none()).await;
    }
    map.put("");
    world.until("the defaults", |world| in_force(world) == (Level::Error, 10)).await;
    // A file that is gone is no settings that say nothing.
    map.put("capture: {minLevel: fatal}");
    world.until("in force", |world| in_force(world).0 == Level::Fatal).await;
    fs::remove_file(map.file()).expect("removed");
    world.until("told", |world| refused(world).is_some_and(|error| error.contains("cannot be read"))).await;
    assert_eq!(in_force(&world).0, Level::Fatal);
    world.restart().await;
}

#[tokio::test]
async fn stderr_follows_the_settings_while_it_is_read() {
    let mut world = World::stopped();
    let shim = crate::stderr::Shim::new(&world.segments(), "app");
    world.start().await;
    let file = world.folder.path().join("settings.json");
    fs::write(&file, "{}").expect("room");
    world.sidecar().follow(file.clone(), Effective::default());
    let line = |level: &str, text: &str| format!("2026-11-21 08:00:00,123 - shop - {level} - {text}\n");
    shim.write(&line("WARNING", "the cherry is soft"));
    shim.write(&line("ERROR", "the apple is rotten"));
    world.until("read", |world| crate::stderr::count(world, "apple") == 1).await;
    assert_eq!(crate::stderr::count(&world, "cherry"), 0);
    let text = r#"{"capture":{"minLevel":"warning","redact":[{"name":"customer","pattern":"C-[0-9]{6}"}]}}"#;
    fs::write(&file, text).expect("room");
    world.until("in force", |world| in_force(world).0 == Level::Warning).await;
    shim.write(&line("WARNING", "the banana C-654321 is green"));
    world.until("read", |world| crate::stderr::count(world, "banana") == 1).await;
    let last = world.broker.read().pop().expect("a record");
    assert!(!String::from_utf8(last.encode()).expect("JSON").contains("654321"), "{last:?}");
}

#[tokio::test]
async fn the_ledger_s_totals_survive_restarts() {
    let mut world = World::new().await;
    for round in 1..=5 {
        for kind in 0..4 {
            world.report(kind).await.expect("room");
        }
        if round % 2 == 0 {
            world.stop(std::time::Duration::from_secs(10)).await;
            world.start().await;
        } else {
            world.restart().await;
        }
        let ledger = world.sidecar().status().read().ledger;
        assert_eq!(ledger.accepted + ledger.recovered, round * 4, "{ledger:?}");
        world.balanced();
    }
    world.sidecar().settle().await;
    let ledger = world.sidecar().status().read().ledger;
    assert_eq!((ledger.published, ledger.spooled, world.broker.total()), (20, 0, 20), "{ledger:?}");
}
