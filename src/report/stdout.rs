//! Results go to stdout; everything else goes to the console.

use std::io::{self, Write};

/// Writes a command's result.
///
/// # Errors
/// The reader is gone, or the disk is full.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}
