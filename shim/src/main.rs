//! The program `issuetracker-shim`; see the library.
fn main() {
    shim::main()
}
