//! A file that somebody may still be writing.
//!
//! Owns the wait at its end, so that half a last line does not count as a whole one. Must not know of rows.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::time::Duration;

/// How often to check whether the file has grown.
const STEP: Duration = Duration::from_millis(20);

/// Reads a file to its end, and waits there a little if the last line has no line end and was written just now.
#[derive(Debug)]
pub(super) struct Growing {
    file: File,
    /// For how long the file must have been left alone.
    settle: Duration,
    /// The last bytes that were read.
    last: [u8; 2],
}

impl Growing {
    pub(super) fn new(file: File, settle: Duration) -> Self {
        Self { file, settle, last: *b"\n\n" }
    }

    fn ends_a_line(&self) -> bool {
        // In UTF-16 the line end is followed by a NUL, or follows one.
        matches!(self.last, [_, b'\n' | b'\r'] | [b'\n' | b'\r', 0])
    }

    /// Whether it was written to just now. A modification time in the future does not count.
    fn is_fresh(&self) -> bool {
        let modified = self.file.metadata().and_then(|metadata| metadata.modified());
        modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age < self.settle))
    }
}

impl Read for Growing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.file.read(buffer)?;
            if read > 0 {
                let before = self.last[1];
                self.last = match buffer.get(..read) {
                    Some(&[.., a, b]) => [a, b],
                    Some(&[b]) => [before, b],
                    _ => self.last,
                };
                return Ok(read);
            }
            if buffer.is_empty() || self.ends_a_line() || !self.is_fresh() {
                return Ok(0);
            }
            std::thread::sleep(STEP.min(self.settle));
        }
    }
}

impl Seek for Growing {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.last = *b"\n\n";
        self.file.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn half_a_line_is_waited_for_and_a_file_left_alone_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        std::fs::write(&path, "1\n3").unwrap();
        let mut growing = Growing::new(File::open(&path).unwrap(), Duration::from_secs(3600));
        let writer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            let mut file = File::options().append(true).open(path).unwrap();
            file.write_all(b"14\n").unwrap();
        });
        let mut text = String::new();
        growing.read_to_string(&mut text).unwrap();
        writer.join().unwrap();
        assert_eq!(text, "1\n314\n");
        std::fs::write(dir.path().join("old"), "1\n3").unwrap();
        let mut growing = Growing::new(File::open(dir.path().join("old")).unwrap(), Duration::ZERO);
        text.clear();
        growing.read_to_string(&mut text).unwrap();
        assert_eq!(text, "1\n3");
    }
}
