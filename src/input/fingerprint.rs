//! Positions in the input, and proof that the input up to there is still the one that was read.
//!
//! Owns the checksum of the bytes before a position. Must not parse anything.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use serde::{Deserialize, Serialize};

/// A position between two rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ResumePosition {
    /// Bytes of text before it (after UTF-16 was turned into UTF-8); 0 for sheets.
    pub byte: u64,
    /// The line it is on, from 1.
    pub line: u64,
    /// Rows before it, without header and blank lines.
    pub record: u64,
}

/// A position in an input file, with the data that shows later whether the file is still the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InputFingerprint {
    /// The place.
    pub position: ResumePosition,
    /// Size of the file in bytes.
    pub size: u64,
    /// CRC-32 of the bytes before the position; of the whole file where rows cannot be found by their offset.
    pub crc: u32,
}

/// Why an interrupted run cannot be continued with this input.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotTheSameInput {
    /// A stream cannot be read again from the middle.
    #[error("the input is a stream, which cannot be continued in its middle: pass a file")]
    Stream,
    /// The size is another.
    #[error("the input has changed: it has {is} bytes now and had {was}")]
    Size {
        /// Bytes then.
        was: u64,
        /// Bytes now.
        is: u64,
    },
    /// The size is the same, the content is not.
    #[error("the input has changed: rows that were exported already are not the same any more")]
    Content,
    /// It cannot be read to find out.
    #[error("the input cannot be read again")]
    Read(#[source] io::Error),
}

/// The checksum of a file's beginning, read through its own handle.
#[derive(Debug)]
pub(crate) struct PrefixHasher<R = File> {
    file: R,
    hashed: u64,
    hasher: crc32fast::Hasher,
}

impl<R: Read + Seek> PrefixHasher<R> {
    /// Takes a handle at the start of the file that nothing else reads from.
    pub(crate) fn new(file: R) -> Self {
        Self { file, hashed: 0, hasher: crc32fast::Hasher::new() }
    }

    /// The CRC-32 of the first `end` bytes. Reads only the bytes after the previous `end`.
    ///
    /// # Errors
    /// The file is shorter than that, or cannot be read.
    pub(crate) fn crc(&mut self, end: u64) -> io::Result<u32> {
        if end < self.hashed {
            self.hashed = 0;
            self.hasher.reset();
        }
        self.file.seek(SeekFrom::Start(self.hashed))?;
        let mut buffer = vec![0; usize::try_from(end - self.hashed).unwrap_or(usize::MAX).min(256 << 10)];
        while self.hashed < end {
            let wanted = usize::try_from(end - self.hashed).unwrap_or(usize::MAX).min(buffer.len());
            let part = buffer.get_mut(..wanted).unwrap_or_default();
            let read = match self.file.read(part) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.hasher.update(part.get(..read).unwrap_or_default());
            self.hashed += read as u64;
        }
        Ok(self.hasher.clone().finalize())
    }
}

impl PrefixHasher {
    /// The size of the file as it is now.
    ///
    /// # Errors
    /// The system does not say.
    pub(crate) fn file_size(&self) -> io::Result<u64> {
        self.file.metadata().map(|metadata| metadata.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_hashed_in_parts_as_it_is_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        let bytes: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
        std::fs::write(&path, &bytes).unwrap();
        let mut prefix = PrefixHasher::new(File::open(&path).unwrap());
        for end in [0, 1, 7, 300_000, 300_000, 999_999, 1_000_000, 5] {
            assert_eq!(prefix.crc(end as u64).unwrap(), crc32fast::hash(&bytes[..end]), "{end}");
        }
        assert_eq!(prefix.crc(1_000_001).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
