//! What this run has written, for a comparison with the file: other programs may cut, edit or replace it, and then it must
//! not get the output's name.
//!
//! Keeps the last part of the rows and a checksum of all of them. Opens nothing.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::thread::{Builder, scope};

/// How much of the rows before the checkpoint's end is checked on resume: enough to see any edit near it, little
/// enough to read in no time after a million offers.
const TAIL: u64 = 64 * 1024;

/// Rows up to this size are read again completely before they get the output's name, and on resume: that takes about half
/// a second. Of larger files only the last part is read, as at every commit: 11 GB would take a minute.
pub(crate) const READ_WHOLE: u64 = 1 << 30;

/// From this size on a second thread is worth its start: the output waits for its name meanwhile.
const WORTH_TWO: u64 = 4 << 20;

/// The bytes that a run has passed to the system.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    bytes: u64,
    /// At least the last [`TAIL`] of them, where there are that many.
    tail: Vec<u8>,
    /// Of all of them, where it is known what came before.
    whole: Option<crc32fast::Hasher>,
}

impl Written {
    /// [`TAIL`] in memory.
    #[expect(clippy::cast_possible_truncation, reason = "it is 64 KiB")]
    const TAIL: usize = TAIL as usize;

    /// Nothing yet.
    pub(crate) fn nothing() -> Self {
        Self { bytes: 0, tail: Vec::new(), whole: Some(crc32fast::Hasher::new()) }
    }

    /// What an earlier run has written, as it is in the file.
    pub(crate) fn before(file: &File, bytes: u64, crc32: Option<u32>) -> io::Result<Self> {
        let mut tail = vec![0; usize::try_from(bytes.min(TAIL)).unwrap_or(Self::TAIL)];
        read_at(file, &mut tail, bytes - bytes.min(TAIL))?;
        let whole = crc32.map(|crc32| crc32fast::Hasher::new_with_initial_len(crc32, bytes));
        Ok(Self { bytes, tail, whole })
    }

    /// Adds rows; leaves their buffer empty, to be used again.
    pub(crate) fn add(&mut self, rows: &mut Vec<u8>) {
        self.bytes += rows.len() as u64;
        if let Some(whole) = &mut self.whole {
            whole.update(rows);
        }
        if (Self::TAIL..2 * Self::TAIL).contains(&rows.len()) {
            // As nearly all rows come; they stay where they are.
            std::mem::swap(&mut self.tail, rows);
        } else {
            self.tail.extend_from_slice(rows.get(rows.len().saturating_sub(Self::TAIL)..).unwrap_or_default());
            if self.tail.len() > 2 * Self::TAIL {
                self.tail.drain(..self.tail.len() - Self::TAIL);
            }
        }
        rows.clear();
    }

    /// How many bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The checksum of the last [`TAIL`] bytes.
    pub(crate) fn tail_crc32(&self) -> u32 {
        crc32fast::hash(self.tail())
    }

    /// The last [`TAIL`] bytes.
    fn tail(&self) -> &[u8] {
        self.tail.get(self.tail.len().saturating_sub(Self::TAIL)..).unwrap_or_default()
    }

    /// The checksum of all bytes, if it is known.
    pub(crate) fn crc32(&self) -> Option<u32> {
        self.whole.clone().map(crc32fast::Hasher::finalize)
    }

    /// How the last part in the file differs from what was written; `None` if it does not.
    pub(crate) fn differs_at_end(&self, file: &File) -> io::Result<Option<&'static str>> {
        if file.metadata()?.len() < self.bytes {
            return Ok(Some("was cut"));
        }
        let tail = self.tail();
        let mut at = self.bytes - tail.len() as u64;
        let mut there = [0; 16 << 10];
        for part in tail.chunks(there.len()) {
            let there = there.get_mut(..part.len()).unwrap_or_default();
            read_at(file, there, at)?;
            if there != part {
                return Ok(Some("was edited"));
            }
            at += part.len() as u64;
        }
        Ok(None)
    }

    /// The same for the whole file, which must not be longer either.
    pub(crate) fn differs(&self, file: &File) -> io::Result<Option<&'static str>> {
        if file.metadata()?.len() > self.bytes {
            return Ok(Some("was made longer"));
        }
        match (self.differs_at_end(file)?, self.crc32()) {
            (None, Some(crc32)) if self.bytes <= READ_WHOLE => {
                Ok((crc32_of(file, self.bytes)? != crc32).then_some("was edited"))
            }
            (differs, _) => Ok(differs),
        }
    }
}

/// The checksum of the first `bytes` bytes. Does not move the position in the file.
pub(crate) fn crc32_of(file: &File, bytes: u64) -> io::Result<u32> {
    if bytes < WORTH_TWO || !cfg!(unix) {
        return Ok(crc32_between(file, 0..bytes)?.finalize());
    }
    let half = bytes / 2;
    let second = || crc32_between(file, half..bytes);
    let (first, second) = scope(|scope| {
        let started = Builder::new().spawn_scoped(scope, second);
        let first = crc32_between(file, 0..half);
        // Where the system gives no thread, one half after the other.
        (first, started.ok().and_then(|thread| thread.join().ok()).unwrap_or_else(second))
    });
    let mut whole = first?;
    whole.combine(&second?);
    Ok(whole.finalize())
}

fn crc32_between(file: &File, Range { start, end }: Range<u64>) -> io::Result<crc32fast::Hasher> {
    let mut hasher = crc32fast::Hasher::new();
    let mut part = [0; 16 << 10];
    let mut at = start;
    while at < end {
        let wanted = usize::try_from(end - at).unwrap_or(usize::MAX).min(part.len());
        let part = part.get_mut(..wanted).unwrap_or_default();
        read_at(file, part, at)?;
        hasher.update(part);
        at += wanted as u64;
    }
    Ok(hasher)
}

#[cfg(unix)]
pub(crate) fn read_at(file: &File, into: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, into, at)
}

#[cfg(not(unix))]
pub(crate) fn read_at(mut file: &File, into: &mut [u8], at: u64) -> io::Result<()> {
    use std::io::{Read, Seek, SeekFrom};
    let before = file.stream_position()?;
    file.seek(SeekFrom::Start(at))?;
    let read = file.read_exact(into);
    file.seek(SeekFrom::Start(before))?;
    read
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn every_change_of_what_was_written_is_seen() {
        let mut file = tempfile::tempfile().unwrap();
        let mut written = Written::nothing();
        for length in [5_u32, 70_000, 1, 65_536, 0, 30, 300_000, 40_000, 40_000, 40_000, 7] {
            let rows: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
            file.write_all(&rows).unwrap();
            written.add(&mut rows.clone());
            assert_eq!(written.differs(&file).unwrap(), None);
        }
        let before = Written::before(&file, written.bytes(), written.crc32()).unwrap();
        assert_eq!((before.tail_crc32(), before.crc32()), (written.tail_crc32(), written.crc32()));
        file.write_all(b"x").unwrap();
        assert_eq!(
            (written.differs_at_end(&file).unwrap(), written.differs(&file).unwrap()),
            (None, Some("was made longer"))
        );
        file.set_len(written.bytes()).unwrap();
        for (at, at_end) in [(3, None), (written.bytes() - 9, Some("was edited"))] {
            let mut byte = [0];
            read_at(&file, &mut byte, at).unwrap();
            let put = |byte: u8| {
                use std::io::{Seek, SeekFrom};
                let mut file = &file;
                file.seek(SeekFrom::Start(at)).unwrap();
                file.write_all(&[byte]).unwrap();
            };
            put(byte[0] ^ 1);
            assert_eq!(
                (written.differs_at_end(&file).unwrap(), written.differs(&file).unwrap()),
                (at_end, Some("was edited"))
            );
            put(byte[0]);
            assert_eq!(written.differs(&file).unwrap(), None);
        }
        file.set_len(written.bytes() - 1).unwrap();
        assert_eq!(written.differs(&file).unwrap(), Some("was cut"));
    }

    #[test]
    fn two_threads_read_what_one_would() {
        let mut file = tempfile::tempfile().unwrap();
        let rows: Vec<u8> = (0..WORTH_TWO + 70_001).map(|n| (n % 251) as u8).collect();
        file.write_all(&rows).unwrap();
        for bytes in [0, 1, WORTH_TWO - 1, WORTH_TWO, WORTH_TWO + 1, WORTH_TWO + 70_001] {
            let read = rows.get(..usize::try_from(bytes).unwrap()).unwrap();
            assert_eq!(crc32_of(&file, bytes).unwrap(), crc32fast::hash(read), "{bytes}");
        }
        assert!(crc32_of(&file, WORTH_TWO + 70_002).is_err(), "a byte that is not there");
    }
}
