//! Answers that are written but may be needed again, in a file without a name beside the output instead of in memory.
//!
//! A ring: the newest answers stand where the oldest stood. Every lane has a part of the one file. A file that cannot be
//! made, written or read loses answers, which are asked for again; it stops nothing. Knows nothing of what an answer is.

use std::cell::OnceCell;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::output::written::read_at;
use crate::reorder::store::{AnswerStore, Stored};

/// Bytes that are written at a time.
const BLOCK: usize = 64 << 10;

/// The file of all lanes, made when the first of them has a block to write.
#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    file: OnceCell<Option<File>>,
}

/// One lane's part of the file.
#[derive(Debug)]
pub(crate) struct AnswerFile {
    shared: Rc<Shared>,
    /// Where its part begins in the file.
    base: u64,
    /// How long its part is. Twice what is remembered, so that what is used again moves seldom.
    capacity: u64,
    /// How many bytes were put in so far; their place is the remainder by `capacity`.
    end: u64,
    /// The last of them, which are not in the file yet.
    buffer: Vec<u8>,
    /// As soon as something went wrong.
    is_broken: bool,
}

impl AnswerFile {
    /// Stores for this many lanes, each of which is never asked for more than its last `remembered` bytes.
    pub(crate) fn for_lanes(folder: &Path, lanes: usize, remembered: usize) -> Vec<Self> {
        let shared = Rc::new(Shared { folder: folder.to_owned(), file: OnceCell::new() });
        let capacity = 2 * remembered as u64;
        let part = |lane| Self {
            shared: Rc::clone(&shared),
            base: lane * capacity,
            capacity,
            end: 0,
            buffer: Vec::new(),
            is_broken: false,
        };
        (0..lanes as u64).map(part).collect()
    }

    /// Where the first byte stands that is not in the file yet.
    fn written(&self) -> u64 {
        self.end - self.buffer.len() as u64
    }

    /// Bytes that were put in since this string was begun.
    fn age(&self, stored: &Stored) -> u64 {
        self.end - stored.at
    }

    /// The place in the file.
    fn place(&self, at: u64) -> u64 {
        self.base + at % self.capacity
    }

    fn file(&self) -> io::Result<&File> {
        let file = self.shared.file.get_or_init(|| tempfile::tempfile_in(&self.shared.folder).ok());
        file.as_ref().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn flush(&mut self) {
        let written = self.file().and_then(|mut file| {
            file.seek(SeekFrom::Start(self.place(self.written())))?;
            file.write_all(&self.buffer)
        });
        self.is_broken |= written.is_err();
        self.buffer.clear();
    }
}

impl AnswerStore for AnswerFile {
    fn put(&mut self, bytes: &[u8]) -> Option<Stored> {
        let len = u32::try_from(bytes.len()).ok()?;
        if self.is_broken || u64::from(len) > self.capacity / 4 {
            return None;
        }
        let left = self.capacity - self.end % self.capacity;
        if left < u64::from(len) {
            // It does not fit before the end of the ring.
            self.flush();
            self.end += left;
        }
        let at = self.end;
        self.end += u64::from(len);
        self.buffer.extend_from_slice(bytes);
        let block = BLOCK.min(usize::try_from(self.capacity / 16).unwrap_or(BLOCK));
        // What waits is written as one piece, so it must not go on at the beginning of the ring.
        if self.buffer.len() >= block || self.end.is_multiple_of(self.capacity) {
            self.flush();
        }
        Some(Stored { at, len })
    }

    fn get(&mut self, stored: &Stored) -> Option<Vec<u8>> {
        if self.is_broken || self.age(stored) > self.capacity {
            return None;
        }
        let len = stored.len as usize;
        if let Some(start) = stored.at.checked_sub(self.written()) {
            let start = usize::try_from(start).ok()?;
            return self.buffer.get(start..start + len).map(<[u8]>::to_vec);
        }
        let mut bytes = vec![0; len];
        let read = self.file().and_then(|file| read_at(file, &mut bytes, self.place(stored.at)));
        self.is_broken |= read.is_err();
        read.is_ok().then_some(bytes)
    }

    /// What comes next takes its place sooner or later.
    fn remove(&mut self, _: Stored) {}

    fn room(&self, stored: &Stored) -> usize {
        stored.len as usize
    }

    fn is_fading(&self, stored: &Stored) -> bool {
        self.age(stored) > self.capacity / 2
    }
}

#[cfg(test)]
mod tests;
