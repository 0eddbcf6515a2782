//! Where the bytes of an earlier output are: in its file, or in memory once they were rewritten.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

/// Where the bytes of an earlier output are.
#[derive(Debug)]
pub enum Bytes {
    /// In the file, as this program wrote it.
    File(File),
    /// Converted to this program's form, which the file does not have.
    Memory(Cursor<Vec<u8>>),
}

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Memory(bytes) => bytes.read(buffer),
        }
    }
}

impl Seek for Bytes {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::File(file) => file.seek(to),
            Self::Memory(bytes) => bytes.seek(to),
        }
    }
}
