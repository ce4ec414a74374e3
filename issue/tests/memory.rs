//! What the assembler and the finisher remember changes nothing: over the fixtures and over streams made of them, again
//! and again, records and reports are those that are read anew.

use std::{fs, path::Path};

use issue::{
    assemble::{Assembler, Block, Limits},
    finish::{Finisher, Origin, Rules, RulesSettings, finish},
    parse::parse,
    report::{Level, Report},
};
use proptest::prelude::*;

/// Every text of a runtime, sorted by path.
fn fixtures() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let folders = fs::read_dir(root).expect("fixtures").flatten().map(|entry| entry.path());
    let inside =
        folders.filter(|path| path.is_dir()).flat_map(|folder| fs::read_dir(folder).expect("a folder"));
    let mut texts: Vec<_> = inside.flatten().map(|entry| entry.path()).collect();
    texts.retain(|path| path.extension().is_some_and(|end| end == "txt"));
    texts.sort();
    assert!(texts.len() > 100);
    texts.iter().map(|path| fs::read(path).expect("a text")).collect()
}

fn blocks(text: &[u8], memory: usize) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut assembler = Assembler::new(Limits { min_level: Level::Warning, memory, ..Limits::default() });
    assembler.push(text, 0, &mut blocks);
    assembler.flush(&mut blocks);
    blocks
}

/// Reports with a memory of so many bytes.
fn remembered(blocks: &[Block], rules: &Rules, bytes: usize) -> Vec<Option<Report>> {
    let mut finisher = Finisher::remembering(bytes, rules, Some("shop"), Level::Error);
    blocks.iter().map(|block| finisher.report(block).cloned()).collect()
}

fn anew(blocks: &[Block], rules: &Rules) -> Vec<Option<Report>> {
    let origin = Origin { component: Some("shop"), fingerprint: None };
    let report = |block| parse(block, Level::Error).map(|parsed| finish(parsed, rules, &origin));
    blocks.iter().map(report).collect()
}

fn same_with_any_memory(text: &[u8]) {
    let settings = RulesSettings {
        redact: vec![("order".to_owned(), r"order \d+".to_owned())],
        ..RulesSettings::default()
    };
    let fresh = blocks(text, 0);
    for memory in [1 << 10, 16 << 10, 1 << 20] {
        assert_eq!(blocks(text, memory), fresh, "lines in {memory} bytes");
    }
    for rules in [Rules::default(), Rules::new(&settings).expect("rules")] {
        let expected = anew(&fresh, &rules);
        for bytes in [0, 16 << 10, 1 << 20] {
            assert_eq!(remembered(&fresh, &rules, bytes), expected, "reports in {bytes} bytes");
        }
    }
}

#[test]
fn fixtures_that_repeat_give_the_same_reports_again() {
    let texts = fixtures();
    let text = [texts.as_slice(); 3].concat().join(&b"\n[info] ready\n"[..]);
    same_with_any_memory(&text);
}

/// Pieces of fixtures: each is taken up to some line, and one of its lines may be another's.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let texts = fixtures();
    let lines: Vec<Vec<u8>> =
        texts.iter().flat_map(|text| text.split(|byte| *byte == b'\n').map(<[u8]>::to_vec)).collect();
    let piece = (prop::sample::select(texts), 1..60_usize, 0..60_usize, prop::sample::select(lines))
        .prop_map(|(text, kept, at, other)| {
            let mut lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').take(kept).collect();
            if let Some(line) = lines.get_mut(at) {
                *line = &other;
            }
            lines.join(&b"\n"[..])
        });
    // Few pieces in many places: what comes again is the rule.
    (prop::collection::vec(piece, 1..8), prop::collection::vec(any::<prop::sample::Index>(), 1..60)).prop_map(
        |(pieces, order)| {
            let chosen: Vec<&[u8]> = order.iter().map(|index| index.get(&pieces).as_slice()).collect();
            chosen.join(&b"\n"[..])
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_streams_give_the_same_reports_with_any_memory(text in stream()) {
        same_with_any_memory(&text);
    }
}
