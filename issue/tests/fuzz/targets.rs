//! What fuzzing runs, and what must hold whatever the bytes: shared by the coverage-guided targets in `fuzz/`, by the
//! saved inputs and by the bounded mutations of the normal test run.

use issue::{
    assemble::{Assembler, Block, Limits},
    finish::{Origin, Rules, finish, finish_explained},
    input::{Framing, Streams},
    parse::parse,
    record::Record,
    report::{Level, Redacted},
    template,
};

/// What is held over any bytes: it panics where it does not hold.
pub type Target = fn(&[u8]);

/// A target by the name of its folder of saved inputs.
pub const TARGETS: [(&str, Target); 4] =
    [("read", read), ("redact", redact), ("template", templates), ("record", record)];

/// Assemble, parse, finish. The first byte says how the text is framed and cut: what comes out must not depend on the
/// second.
pub fn read(data: &[u8]) {
    let Some((choice, text)) = data.split_first() else { return };
    let framing = [Framing::Raw, Framing::Cri, Framing::Docker][usize::from(choice % 3)];
    let level = [Level::Warning, Level::Error][usize::from(choice / 3 % 2)];
    let chunk = [1, 2, 7, 61, 4096, usize::MAX][usize::from(choice / 6 % 6)];
    let whole = blocks(text, framing, level, usize::MAX);
    let pieces = blocks(text, framing, level, chunk);
    assert_eq!(whole, pieces, "the blocks depend on how the text was cut");
    let rules = Rules::default();
    let lines = memchr::memchr_iter(b'\n', text).count() as u64 + 1;
    let mut last = 0;
    for block in whole {
        assert!(block.first_line >= 1 && block.first_line <= block.last_line && block.last_line <= lines);
        assert!(block.start < block.end && block.end <= text.len() as u64);
        if framing == Framing::Raw {
            assert!(block.first_line > last, "records overlap");
            last = block.last_line;
        }
        let Some(parsed) = parse(&block, level) else { continue };
        let origin = Origin { component: Some("fuzz"), fingerprint: None };
        let (explained, _) = finish_explained(parsed.clone(), &rules, &origin);
        let report = finish(parsed, &rules, &origin);
        assert_eq!(report, explained);
        assert_eq!(report.fingerprint.len(), "v1:".len() + 64);
        assert!(report.level >= level);
        assert!(!report.template.contains('\n'));
    }
}

fn blocks(text: &[u8], framing: Framing, min_level: Level, chunk: usize) -> Vec<Block> {
    let limits = Limits { min_level, ..Limits::default() };
    let mut out = Vec::new();
    let mut streams = Streams::new(framing, limits);
    for piece in text.chunks(chunk) {
        streams.push(piece, 0, &mut out);
    }
    streams.flush(&mut out);
    if framing == Framing::Raw {
        // The sidecar's way in must say the same.
        let mut direct = Vec::new();
        let mut assembler = Assembler::new(limits);
        assembler.push(text, 0, &mut direct);
        assert!(assembler.settled() <= text.len() as u64);
        assembler.flush(&mut direct);
        assert_eq!(direct, out);
    }
    out
}

/// What is redacted once is redacted: a second time finds nothing.
pub fn redact(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let rules = Rules::default();
    let mut counts = Redacted::new();
    let once = rules.redact_text(&text, &mut counts).into_owned();
    assert_eq!(counts.is_empty(), once == text, "counted and cut are not the same");
    assert!(counts.is_empty() || once.contains("[redacted:"));
    assert_eq!(rules.redact_text(&once, &mut Redacted::new()), once, "a second time changed the text");
    if let Ok(mut value) = serde_json::from_slice(data) {
        rules.redact_value(&mut value, &mut Redacted::new());
        let once = value.clone();
        rules.redact_value(&mut value, &mut Redacted::new());
        assert_eq!(value, once, "a second time changed the value");
    }
}

/// One line, bounded, the same each time.
pub fn templates(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for line in text.lines() {
        for form in [template::template(line), template::key(line)] {
            assert!(!form.contains('\n'));
            assert!(form.len() <= template::v1::MAX_BYTES + 8, "{} bytes", form.len());
        }
        assert!(template::hits(line).len() <= 100);
    }
}

/// What can be decoded survives another round.
pub fn record(data: &[u8]) {
    match Record::decode(data) {
        Err(error) => assert!(!error.reason().is_empty() && !error.to_string().is_empty()),
        Ok(record) => {
            let encoded = record.encode();
            let again = Record::decode(&encoded).expect("what was encoded can be decoded");
            assert_eq!(again, record);
            assert_eq!(again.encode(), encoded);
        }
    }
}
