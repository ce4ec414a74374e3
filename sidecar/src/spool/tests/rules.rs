//! One test for each rule, named after it.

use issue::{id::TrackerName, record::Place};
use kafka::publish::partition_of;

use super::*;
use crate::{
    accept::{Cursor, Idempotency, Submission},
    spool::{samples::comment, sealing::REPLAY_HORIZON},
};

const MIB: u64 = 1024 * 1024;

#[test]
fn a_first_report_is_sealed_at_once_and_can_be_sent_once_durable() {
    let mut bench = Bench::new(MIB);
    assert!(bench.report(1).new);
    assert_eq!(bench.outgoing(), [], "sent before the seal was durable");
    bench.commit();
    let records = bench.records();
    assert_eq!(records.len(), 1);
    assert!(records[0].report.as_ref().is_some_and(|report| report.full && !report.report.frames.is_empty()));
    bench.balanced();
}

#[test]
fn repeats_are_one_record_with_count_and_times() {
    let mut bench = Bench::new(MIB);
    bench.report(1);
    let first = bench.clock.at.wall + Duration::from_secs(1);
    for _ in 0..4 {
        bench.wait(1);
        assert!(!bench.report(1).new);
    }
    bench.wait(10);
    bench.close(false);
    let records = bench.records();
    assert_eq!(records.iter().map(|record| record.count).collect::<Vec<_>>(), [1, 4]);
    assert_eq!(records[1].first_at, Some(first));
    assert_eq!(records[1].last_at, Some(first + Duration::from_secs(3)));
    let repeat = records[1].report.as_ref().expect("a report");
    assert!(!repeat.full && repeat.report.frames.is_empty());
    assert_eq!(
        (repeat.title.as_str(), repeat.report.culprit.as_deref()),
        ("ValueError: boom", Some("app in inner"))
    );
    bench.balanced();
}

#[test]
fn one_fresh_full_sample_travels_per_minute() {
    let mut bench = Bench::new(MIB);
    bench.report(1);
    for _ in 0..100 {
        bench.wait(1);
        bench.report(1);
        bench.close(false);
    }
    let full: Vec<bool> =
        bench.records().iter().map(|record| record.report.as_ref().is_some_and(|r| r.full)).collect();
    // Windows end at 10, 30 and 70 s; the second full text was taken at 60 s.
    assert_eq!(full, [true, false, false, true]);
}

#[test]
fn the_partition_is_that_of_the_key_and_explicit() {
    let mut bench = Bench::new(MIB);
    (0..20).for_each(|kind| drop(bench.report(kind)));
    bench.commit();
    for outgoing in bench.outgoing() {
        assert_eq!(outgoing.partition, partition_of(&outgoing.key, 6));
        let record = Record::decode(&outgoing.payload).expect("a record");
        assert_eq!((record.issue_id.to_string(), record.source.seq), (outgoing.key, outgoing.seq));
        assert_eq!(record.source.id.partitions, 6);
    }
}

#[test]
fn when_n_changes_new_seals_use_a_new_source_and_old_ones_keep_theirs() {
    let mut bench = Bench::new(MIB);
    bench.report(1);
    bench.commit();
    let before = bench.outgoing();
    bench.spool.partitions(12, bench.clock.at);
    bench.report(2);
    bench.commit();
    bench.restart();
    let (after, records) = (bench.outgoing(), bench.records());
    assert_eq!(before[0], after[0]);
    assert_eq!(records[0].source.id.spool, records[1].source.id.spool);
    assert_eq!((records[0].source.id.partitions, records[1].source.id.partitions), (6, 12));
    assert!(after[1].seq > after[0].seq);
    assert_eq!(after[1].partition, partition_of(&after[1].key, 12));
}

#[test]
fn nothing_is_sealed_before_the_partition_count_is_known() {
    let mut bench = Bench::without_partitions(MIB);
    bench.report(1);
    bench.report(1);
    bench.report(2);
    let comment = comment(9, bench.clock.at.wall);
    bench.spool.accept(vec![comment], None, bench.clock.at).expect("room");
    bench.commit();
    bench.restart();
    assert_eq!(bench.outgoing(), []);
    bench.balanced();
    bench.spool.partitions(3, bench.clock.at);
    bench.close(false);
    let records = bench.records();
    let mut told: Vec<(RecordKind, u64)> = records.iter().map(|record| (record.kind, record.count)).collect();
    told.sort_by_key(|&(_, count)| count);
    assert_eq!(told, [(RecordKind::Report, 1), (RecordKind::Comment, 1), (RecordKind::Report, 2)]);
    bench.balanced();
}

#[test]
fn while_the_publisher_is_behind_repeats_stay_one_counter() {
    let mut bench = Bench::new(MIB);
    bench.report(1);
    for _ in 0..600 {
        bench.wait(1);
        bench.report(1);
        bench.close(true);
    }
    assert_eq!(bench.outgoing().len(), 1);
    bench.restart();
    bench.close(false);
    assert_eq!(bench.records().iter().map(|record| record.count).collect::<Vec<_>>(), [1, 600]);
    bench.balanced();
}

#[test]
fn a_storm_of_known_errors_does_not_fill_the_spool() {
    let mut bench = Bench::new(256 * 1024);
    for n in 0..30_000 {
        assert!(!bench.report(1).new || n == 0);
        if n % 100 == 0 {
            bench.commit();
        }
    }
    bench.commit();
    assert!(bench.disk.used() < 256 * 1024, "{} bytes", bench.disk.used());
    bench.restart();
    assert_eq!(bench.spool.state().held(), 30_000);
    bench.balanced();
}

#[test]
fn a_full_spool_refuses_and_takes_again_when_space_is_freed() {
    let mut bench = Bench::new(256 * 1024);
    let mut taken = 0;
    let refused = loop {
        match bench.take(taken, Via::Http) {
            Ok(_) => taken += 1,
            Err(error) => break error,
        }
        bench.commit();
        assert!(taken < 10_000, "it never said that it was full");
    };
    assert_eq!(refused, AcceptError::Full);
    assert!(taken > 100, "{taken} fitted");
    assert!(bench.disk.used() <= 256 * 1024);
    bench.balanced();
    assert_eq!(bench.outgoing().len(), taken as usize, "nothing accepted was dropped");
    bench.ack_all();
    // The windows hold little, but so does this spool.
    bench.wait(10);
    bench.close(false);
    bench.take(taken, Via::Http).expect("room again");
    bench.balanced();
}

#[test]
fn a_restart_resends_the_sealed_byte_for_byte_and_reloads_the_window() {
    let mut bench = Bench::new(MIB);
    for kind in [1, 2, 3, 1, 1, 2] {
        bench.report(kind);
    }
    bench.commit();
    let before = bench.outgoing();
    bench.spool.acked(before[0].seq, bench.clock.at);
    bench.commit();
    bench.restart();
    assert_eq!(bench.outgoing(), before[1..]);
    assert_eq!(bench.spool.state().windows.len(), 3);
    bench.balanced();
    bench.wait(11);
    bench.close(false);
    let mut counts: Vec<u64> = bench.records().iter().map(|record| record.count).collect();
    counts.sort_unstable();
    assert_eq!(counts, [1, 1, 1, 2]);
}

#[test]
fn the_cursor_and_its_reports_are_one() {
    let mut bench = Bench::new(MIB);
    let cursor = |frame| Cursor { container: "app".into(), segment: "1-0.seg".into(), frame, within: 3 };
    let job = |at: Moment| vec![submission(1, Via::Stderr, at.wall), submission(2, Via::Stderr, at.wall)];
    bench.spool.accept(job(bench.clock.at), Some(cursor(10)), bench.clock.at).expect("room");
    bench.commit();
    let whole = bench.disk.newest().len();
    bench.spool.accept(job(bench.clock.at), Some(cursor(20)), bench.clock.at).expect("room");
    bench.commit();
    let all = bench.disk.newest();
    for cut in whole..=all.len() {
        let disk = Disk::default();
        let mut file = disk.create(&recover::name(1)).expect("a file");
        file.append(&all[..cut]).expect("room");
        disk.sync().expect("a good disk");
        let spool = Spool::open(Box::new(disk), bench.rules.clone(), bench.clock.at).expect("a spool");
        let state = spool.state();
        let frame = state.cursors.values().next().map(|cursor| cursor.frame);
        let expected = if cut == all.len() { (4, Some(20)) } else { (2, Some(10)) };
        assert_eq!((state.totals.taken, frame), expected, "cut at {cut}");
        assert_eq!(state.held(), state.recount());
        assert_eq!(state.totals.corrupt, 0);
    }
}

#[test]
fn what_was_durable_and_perhaps_never_answered_counts_as_recovered() {
    let mut bench = Bench::new(MIB);
    bench.report(1);
    bench.commit();
    bench.report(2);
    bench.spool.commit(false, bench.clock.at).expect("a good disk");
    bench.restart();
    let totals = &bench.spool.state().totals;
    assert_eq!((totals.taken, totals.recovered), (2, 1));
    bench.balanced();
}

#[test]
fn an_accepted_total_never_falls_behind_what_a_ledger_record_said() {
    let mut bench = Bench::new(MIB);
    (0..5).for_each(|kind| drop(bench.report(kind)));
    bench.commit();
    bench.spool.seal_ledger(Place::default(), bench.clock.at);
    bench.commit();
    let said = bench.records().pop().and_then(|record| record.ledger).expect("a ledger");
    assert_eq!((said.accepted, said.recovered, said.spooled), (5, 0, 5));
    bench.restart();
    let totals = &bench.spool.state().totals;
    assert_eq!(totals.body(0).accepted, 5);
}

#[test]
fn a_bad_checksum_in_the_middle_is_counted_as_corrupt() {
    let reports = 20;
    let mut damaged = 0;
    for spot in 0..40 {
        let mut bench = Bench::new(MIB);
        for kind in 0..reports {
            bench.report(kind);
            bench.commit();
        }
        let size = bench.disk.newest().len();
        bench.disk.rot(size * spot / 40);
        bench.restart();
        bench.balanced();
        let totals = bench.spool.state().totals.clone();
        let there = bench.outgoing().len() as u64;
        assert!(there >= u64::from(reports) - 1, "{there} are left");
        damaged += totals.corrupt;
        bench.report(100);
        bench.commit();
        let seqs: Vec<u64> = bench.outgoing().iter().map(|record| record.seq).collect();
        assert!(seqs.last() > Some(&u64::from(reports)), "a number that was given out came again: {seqs:?}");
    }
    assert!(damaged > 20, "{damaged} reports were counted as corrupt");
}

#[test]
fn after_a_failed_write_or_sync_nothing_is_answered_and_a_new_file_takes_over() {
    for operation in 0..2 {
        let mut bench = Bench::new(MIB);
        bench.report(1);
        bench.commit();
        bench.report(2);
        bench.disk.fail_in(Some(operation));
        // The simulated disk panics when a file that has refused is written again.
        bench.spool.commit(true, bench.clock.at).expect_err("the disk refused");
        bench.balanced();
        assert_eq!(bench.spool.state().held(), 1);
        assert!(bench.report(3).new);
        bench.commit();
        bench.restart();
        assert_eq!(bench.outgoing().len(), 2);
        assert_eq!(bench.spool.state().totals.corrupt, 0);
        bench.balanced();
    }
}

#[test]
fn a_full_disk_refuses_publishes_on_and_recovers() {
    let mut bench = Bench::new(MIB);
    (0..10).for_each(|kind| drop(bench.report(kind)));
    bench.commit();
    let used = bench.disk.used();
    bench.disk.capacity(Some(used + 100));
    bench.report(20);
    bench.spool.commit(true, bench.clock.at).expect_err("no space");
    assert_eq!(bench.take(21, Via::Http), Err(AcceptError::Broken));
    assert_eq!(bench.outgoing().len(), 10, "what is sealed can still be sent");
    for record in bench.outgoing() {
        bench.spool.acked(record.seq, bench.clock.at);
    }
    bench.disk.capacity(None);
    bench.wait(1);
    assert!(bench.take(21, Via::Http).is_ok());
    bench.commit();
    bench.restart();
    assert_eq!(bench.outgoing().len(), 1);
    assert_eq!(bench.spool.state().totals.published, 10);
    bench.balanced();
}

#[test]
fn a_start_on_a_full_disk_sends_what_is_there_and_takes_again_when_there_is_room() {
    let mut bench = Bench::new(MIB);
    (0..10).for_each(|kind| drop(bench.report(kind)));
    bench.commit();
    let full = bench.disk.used();
    bench.disk.capacity(Some(full));
    bench.restart();
    assert_eq!(bench.take(21, Via::Http), Err(AcceptError::Broken));
    assert_eq!(bench.outgoing().len(), 10, "what is sealed can be sent");
    bench.wait(1);
    assert_eq!(bench.take(21, Via::Http), Err(AcceptError::Broken));
    bench.restart();
    assert_eq!(bench.outgoing().len(), 10, "another start on a full disk loses nothing");
    bench.disk.capacity(None);
    bench.wait(1);
    assert!(bench.take(21, Via::Http).is_ok());
    bench.commit();
    bench.restart();
    assert_eq!(bench.outgoing().len(), 11);
    bench.balanced();

    let disk = Disk::default();
    disk.capacity(Some(0));
    let mut bench = Bench {
        spool: Spool::open(Box::new(disk.clone()), bench.rules.clone(), bench.clock.at).expect("it starts"),
        disk,
        ..bench
    };
    assert_eq!(bench.take(1, Via::Http), Err(AcceptError::Broken));
    bench.disk.capacity(None);
    bench.wait(1);
    bench.spool.usable(bench.clock.at).expect("room");
    bench.spool.partitions(6, bench.clock.at);
    bench.report(1);
    bench.commit();
    bench.restart();
    assert_eq!(bench.outgoing().len(), 1);
}

#[test]
fn a_named_request_is_answered_the_same_and_another_body_is_refused() {
    let mut bench = Bench::new(MIB);
    let named = |body: u8, at: Moment| {
        let idempotency = Some(Idempotency { key: "k".into(), body: [body; 32] });
        vec![Submission { idempotency, ..submission(1, Via::Http, at.wall) }]
    };
    let first = bench.spool.accept(named(1, bench.clock.at), None, bench.clock.at).expect("room");
    bench.commit();
    for _ in 0..2 {
        let again = bench.spool.accept(named(1, bench.clock.at), None, bench.clock.at);
        assert_eq!(again.as_ref(), Ok(&first));
        let other = bench.spool.accept(named(2, bench.clock.at), None, bench.clock.at);
        assert_eq!(other, Err(AcceptError::KeyReused));
        bench.restart();
    }
    assert_eq!(bench.spool.state().totals.taken, 1);
}

#[test]
fn more_than_the_allowed_fingerprints_seal_the_count_of_the_least_recent() {
    let mut bench = Bench::new(MIB);
    bench.rules.windows.most = 10;
    bench.restart();
    bench.report(0);
    bench.report(0);
    (1..30).for_each(|kind| drop(bench.report(kind)));
    bench.commit();
    assert_eq!(bench.spool.state().windows.len(), 10);
    let of_first = issue::id::IssueId::of_fingerprint(&TrackerName::local(), &format!("v1:{:064x}", 0));
    let counts: u64 =
        bench.records().iter().filter(|record| record.issue_id == of_first).map(|record| record.count).sum();
    assert_eq!(counts, 2);
    bench.balanced();
}

#[test]
fn paired_reports_are_decided_before_sealing_and_counted() {
    let mut bench = Bench::new(MIB);
    for via in [Via::Stderr, Via::Sentry, Via::Stderr, Via::Sentry, Via::Sentry] {
        bench.take(1, via).expect("room");
    }
    bench.commit();
    bench.restart();
    bench.wait(10);
    bench.close(false);
    assert_eq!(bench.records().iter().map(|record| record.count).sum::<u64>(), 3);
    assert_eq!(bench.spool.state().totals.paired, 2);
    bench.balanced();
    bench.restart();
    assert_eq!(bench.spool.state().totals.paired, 2);
    bench.balanced();
}

#[test]
fn sent_records_older_than_the_replay_horizon_are_given_up_and_counted() {
    let mut bench = Bench::new(MIB);
    bench.report(1);
    bench.commit();
    assert_eq!(bench.outgoing().len(), 1);
    bench.clock.advance(REPLAY_HORIZON - Duration::from_secs(1));
    bench.report(2);
    bench.spool.drop_old(bench.clock.at);
    bench.commit();
    assert_eq!(bench.outgoing().len(), 2);
    bench.clock.advance(Duration::from_secs(2));
    bench.spool.drop_old(bench.clock.at);
    bench.commit();
    assert_eq!(bench.outgoing().len(), 1);
    assert_eq!(bench.spool.state().totals.replay_horizon, 1);
    bench.balanced();
}

#[test]
fn a_wall_clock_that_jumps_gives_nothing_up() {
    let mut bench = Bench::new(MIB);
    bench.report(1);
    bench.commit();
    assert_eq!(bench.outgoing().len(), 1);
    bench.clock.at.wall += Duration::from_secs(3600 * 24 * 30);
    bench.spool.drop_old(bench.clock.at);
    assert_eq!(bench.outgoing().len(), 1);
}

#[test]
fn two_processes_never_share_a_spool() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("spool");
    let first = disk::Folder::open(&path).expect("free");
    assert!(matches!(disk::Folder::open(&path), Err(disk::FolderError::Locked(_))));
    drop(first);
    disk::Folder::open(&path).expect("free again");
}

#[test]
fn a_real_folder_keeps_what_was_synced() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut clock = Clock::new();
    let open = |clock: &Clock| {
        let directory = Box::new(disk::Folder::open(folder.path()).expect("free"));
        Spool::open(directory, rules(MIB), clock.at).expect("a spool")
    };
    for round in 0..3 {
        let mut spool = open(&clock);
        spool.partitions(6, clock.at);
        assert_eq!(spool.state().totals.taken, round * 10);
        for kind in 0..10 {
            spool.accept(vec![submission(kind, Via::Http, clock.at.wall)], None, clock.at).expect("room");
        }
        spool.commit(true, clock.at).expect("a good disk");
        clock.advance(Duration::from_secs(1));
    }
    assert_eq!(open(&clock).state().held(), 30);
    let journals = std::fs::read_dir(folder.path()).expect("readable").count();
    assert_eq!(journals, 2, "the lock and one journal");
}
