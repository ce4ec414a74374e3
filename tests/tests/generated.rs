//! Generated files equal what the programs print.

#[test]
fn generated_files_are_up_to_date() {
    for (path, text) in tests::generated::files().expect("the files can be made") {
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(there == text, "{} is out of date: run `cargo xgen`", path.display());
    }
}
