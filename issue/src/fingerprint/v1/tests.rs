use super::*;

fn tail(file: &str, language: Language) -> String {
    let mut out = String::new();
    file::tail(file, language, &mut out);
    out
}

#[test]
fn a_file_is_known_by_its_lasting_end() {
    for (file, language, expected) in [
        ("/app/core.py", Language::Python, "app/core.py"),
        ("/srv/releases/20260102/app/core.py", Language::Python, "app/core.py"),
        ("/srv/app/20260102/core.py", Language::Python, "app/core.py"),
        ("core.py", Language::Python, "core.py"),
        ("C:\\work\\app\\core.py", Language::Python, "app/core.py"),
        ("https://cdn.acme.com/static/js/main.3f2a1b9c.js?v=1", Language::Javascript, "js/main.js"),
        ("https://cdn.acme.com/assets/index-DkPvZqXw.js", Language::Javascript, "assets/index.js"),
        ("webpack:///./src/app.ts", Language::Javascript, "src/app.ts"),
        ("file:///srv/app/s3.mjs", Language::Javascript, "app/s3.mjs"),
        ("src/main.rs", Language::Rust, "src/main.rs"),
        ("/tmp/tmpab12cdef/job.py", Language::Python, "tmp/job.py"),
    ] {
        assert_eq!(tail(file, language), expected, "{file}");
    }
}
