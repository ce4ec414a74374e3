//! Every fixture below `testdata/` comes out as its hand-written expectation says.
//!
//! An expectation is a list of reports with the keys `kind level language type message frames causes log lines`; a
//! key that is absent is not compared. In a frame, absent keys mean `null`. A list of frames that ends with the string
//! `…` names only the innermost ones.

#![allow(clippy::unwrap_used, reason = "a fixture that cannot be read fails the test")]

use std::fs;
use std::path::{Path, PathBuf};

use issue::assemble::{Assembler, Block, Limits};
use issue::parse::parse;
use issue::report::{Frame, Level, Parsed};
use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

/// Every `<language>/<case>.txt` that has an expectation.
fn fixtures() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for language in fs::read_dir(root()).unwrap() {
        let folder = language.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        for case in fs::read_dir(folder).unwrap() {
            let path = case.unwrap().path();
            if path.extension().is_some_and(|ending| ending == "txt") && expectation(&path).exists() {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn expectation(text: &Path) -> PathBuf {
    text.with_extension("expect.json")
}

fn read(bytes: &[u8]) -> Vec<(Block, Parsed)> {
    let mut blocks = Vec::new();
    let mut assembler = Assembler::new(Limits::default());
    assembler.push(bytes, 0, &mut blocks);
    assembler.flush(&mut blocks);
    blocks.into_iter().filter_map(|block| parse(&block, Level::Error).map(|parsed| (block, parsed))).collect()
}

fn frame(frame: &Frame) -> Value {
    json!({"function": frame.function, "module": frame.module, "file": frame.file, "line": frame.line, "column": frame.column})
}

/// Frames against what is expected of them; `Err` names the first that differs.
fn same_frames(actual: &Value, expected: &Value) -> Result<(), String> {
    let (actual, expected) = (actual.as_array().unwrap(), expected.as_array().unwrap());
    let open = expected.last().is_some_and(|last| last == "…");
    let named = expected.len() - usize::from(open);
    if actual.len() < named || !open && actual.len() != named {
        return Err(format!("{} frames, expected {named}: {actual:#?}", actual.len()));
    }
    for (actual, expected) in actual.iter().zip(&expected[..named]) {
        for key in ["function", "module", "file", "line", "column"] {
            let wanted = expected.get(key).cloned().unwrap_or(Value::Null);
            if actual[key] != wanted {
                return Err(format!("frame {actual}: {key} should be {wanted}"));
            }
        }
    }
    Ok(())
}

fn same_causes(actual: &Parsed, expected: &Value) -> Result<(), String> {
    let expected = expected.as_array().unwrap();
    if actual.causes.len() != expected.len() {
        return Err(format!(
            "{} causes, expected {}: {:#?}",
            actual.causes.len(),
            expected.len(),
            actual.causes
        ));
    }
    for (cause, expected) in actual.causes.iter().zip(expected) {
        let told = json!({"type": cause.error_type, "message": cause.message, "relation": cause.relation});
        for key in ["type", "message", "relation"] {
            let wanted = expected.get(key).cloned().unwrap_or(Value::Null);
            if told[key] != wanted {
                return Err(format!("cause {told}: {key} should be {wanted}"));
            }
        }
        if let Some(frames) = expected.get("frames") {
            same_frames(&cause.frames.iter().map(frame).collect(), frames)?;
        }
    }
    Ok(())
}

fn same(block: &Block, parsed: &Parsed, expected: &Value) -> Result<(), String> {
    let actual = json!({
        "kind": parsed.kind, "level": parsed.level, "language": parsed.language, "type": parsed.error_type,
        "message": parsed.message, "log": parsed.log, "lines": [block.first_line, block.last_line],
    });
    for (key, wanted) in expected.as_object().unwrap() {
        match key.as_str() {
            "frames" => same_frames(&parsed.frames.iter().map(frame).collect(), wanted)?,
            "causes" => same_causes(parsed, wanted)?,
            key if actual[key] != *wanted => {
                return Err(format!("{key} is {}, should be {wanted}", actual[key]));
            }
            _ => {}
        }
    }
    Ok(())
}

#[test]
fn every_fixture_is_read_as_expected() {
    let mut wrong = Vec::new();
    let all = fixtures();
    assert!(all.len() > 50, "only {} fixtures found", all.len());
    for path in &all {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        let expected: Vec<Value> = serde_json::from_slice(&fs::read(expectation(path)).unwrap()).unwrap();
        let found = read(&fs::read(path).unwrap());
        if found.len() != expected.len() {
            let told: Vec<_> = found
                .iter()
                .map(|(block, parsed)| {
                    (block.first_line, block.last_line, &parsed.error_type, &parsed.message)
                })
                .collect();
            wrong.push(format!("{name}: {} reports, expected {}: {told:#?}", found.len(), expected.len()));
            continue;
        }
        for ((block, parsed), expected) in found.iter().zip(&expected) {
            if let Err(reason) = same(block, parsed, expected) {
                wrong.push(format!("{name} line {}: {reason}", block.first_line));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
}

#[test]
fn every_text_has_an_expectation() {
    let mut missing = Vec::new();
    // These hold cases of other tests, not texts to read errors from.
    let others = ["fingerprint", "redact", "template"].map(|name| root().join(name));
    let folders = fs::read_dir(root()).unwrap().flatten().filter(|entry| entry.path().is_dir());
    for language in folders.filter(|entry| !others.contains(&entry.path())) {
        for case in fs::read_dir(language.path()).unwrap().flatten() {
            let path = case.path();
            if path.extension().is_some_and(|ending| ending == "txt") && !expectation(&path).exists() {
                missing.push(path);
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
