//! Output that cannot be replaced or continued: stdout, pipes and devices.
//!
//! Buffers and writes. Such an output cannot be resumed after a kill.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::output::error::{Action, OutputError};

/// Rows are written in pieces of this size.
const BUFFER: usize = 64 * 1024;

/// Rows on their way to a reader.
pub(crate) struct Direct {
    name: PathBuf,
    sink: Box<dyn Write>,
    buffer: Vec<u8>,
}

impl Direct {
    /// Writes to stdout, beginning with the header.
    ///
    /// # Errors
    /// [`OutputError::ClosedStdout`]; else see [`Direct::append`].
    pub(crate) fn stdout(header: &[u8]) -> Result<Self, OutputError> {
        if stdout_is_closed() {
            return Err(OutputError::ClosedStdout);
        }
        Self::start("stdout".into(), Box::new(io::stdout()), header)
    }

    /// Writes to the device or pipe at `path`, beginning with the header.
    ///
    /// # Errors
    /// It cannot be opened; else see [`Direct::append`].
    pub(crate) fn device(path: &Path, header: &[u8]) -> Result<Self, OutputError> {
        // `/dev/stdout` may be a file that others also write: appending never overwrites their text.
        let device = OpenOptions::new().append(true).open(path).map_err(OutputError::io(Action::Open, path))?;
        Self::start(path.to_owned(), Box::new(device), header)
    }

    fn start(name: PathBuf, sink: Box<dyn Write>, header: &[u8]) -> Result<Self, OutputError> {
        let mut direct = Self { name, sink, buffer: Vec::with_capacity(2 * BUFFER) };
        direct.append(header)?;
        Ok(direct)
    }

    /// Appends rows.
    ///
    /// # Errors
    /// [`OutputError::ClosedPipe`] when the reader is gone; else the system's error.
    pub(crate) fn append(&mut self, rows: &[u8]) -> Result<(), OutputError> {
        self.buffer.extend_from_slice(rows);
        if self.buffer.len() < BUFFER { Ok(()) } else { self.flush() }
    }

    /// Flushes everything appended so far to the reader.
    ///
    /// # Errors
    /// See [`Direct::append`].
    pub(crate) fn flush(&mut self) -> Result<(), OutputError> {
        let written = self.sink.write_all(&self.buffer).and_then(|()| self.sink.flush());
        // Cleared after a failure too, so that nothing is written twice.
        self.buffer.clear();
        written.map_err(|source| match source.kind() {
            io::ErrorKind::BrokenPipe => OutputError::ClosedPipe,
            _ => OutputError::io(Action::Stream, &self.name)(source),
        })
    }
}

/// Whether the program was started with stdout closed (`>&-`).
///
/// Rust's start-up code then opens /dev/null in its place, and every write goes nowhere. It is open for reading too, which
/// distinguishes it from `> /dev/null`. Only Linux shows that.
fn stdout_is_closed() -> bool {
    let is_null = fs::read_link("/proc/self/fd/1").is_ok_and(|target| target == Path::new("/dev/null"));
    is_null && fs::read_to_string("/proc/self/fdinfo/1").is_ok_and(|info| is_open_for_reading(&info))
}

/// Reads the octal `flags:` of a `/proc/PID/fdinfo` file.
fn is_open_for_reading(fdinfo: &str) -> bool {
    const ACCESS_MODE: u32 = 0o3;
    const READ_WRITE: u32 = 0o2;
    let flags = fdinfo.lines().find_map(|line| line.strip_prefix("flags:"));
    flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok()).is_some_and(|f| f & ACCESS_MODE == READ_WRITE)
}

impl fmt::Debug for Direct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Direct").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_went_away_has_its_own_error() {
        let mut direct = Direct::start("stdout".into(), Box::new(Closed), b"header\n").unwrap();
        assert!(matches!(direct.flush(), Err(OutputError::ClosedPipe)));
    }

    #[test]
    fn a_null_device_that_nobody_asked_for_is_told_from_one_that_was() {
        assert!(is_open_for_reading("pos:\t0\nflags:\t0100002\nmnt_id:\t5\n"));
        assert!(!is_open_for_reading("pos:\t0\nflags:\t0100001\nmnt_id:\t5\n"));
        assert!(!is_open_for_reading("pos:\t0\n"));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_device_is_named() {
        let mut direct = Direct::device(Path::new("/dev/full"), b"header\n").unwrap();
        let full = direct.flush().unwrap_err().to_string();
        assert!(full.starts_with("cannot write to /dev/full: No space left"), "{full}");
    }

    #[test]
    #[cfg(unix)]
    fn a_device_takes_everything() {
        let mut direct = Direct::device(Path::new("/dev/null"), b"header\n").unwrap();
        direct.append(&vec![b'x'; 3 * BUFFER]).unwrap();
        direct.flush().unwrap();
    }
}
