fn check(rows: &[&str]) {
    assert_eq!(rows.join(","), "id,name", "header of the\nfirst file: {:?} ≠ expected", rows);
}

fn main() {
    let header = vec!["id", "größe"];
    check(&header);
}
