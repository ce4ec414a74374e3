//! `cargo xgen`: writes the files of the tree that programs make.

#[expect(clippy::print_stdout, reason = "says what it wrote")]
fn main() -> anyhow::Result<()> {
    for (path, text) in tests::generated::files()? {
        std::fs::write(&path, text)?;
        println!("wrote {}", path.display());
    }
    Ok(())
}
