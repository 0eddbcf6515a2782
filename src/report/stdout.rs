//! What a command is asked for goes to stdout; everything else goes to the console.

use std::io::{self, Write};

/// Writes what a command is asked for.
///
/// # Errors
/// Nobody reads it, or the disk behind it is full.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}
