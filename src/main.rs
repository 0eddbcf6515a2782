//! Parses, calls, maps to an exit code; no logic.
fn main() {}
