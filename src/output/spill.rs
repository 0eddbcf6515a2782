//! Records that wait on disk: one queue for each lane of a run, all in one file that has no name.
//!
//! A lane that is ahead of others must cost disk, not memory. Queues are stored in blocks, and each has at most two blocks
//! in memory. Short queues are not written at all. The file has no name, so no kill leaves it behind. Knows nothing of the
//! meaning of a record, and nothing survives a kill.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Bytes that a queue writes or reads at a time. A hundred queues of two blocks each hold 3 MiB.
const BLOCK: usize = 16 << 10;

/// The bytes before a record: its length.
const PREFIX: usize = size_of::<u32>();

/// First-in, first-out queues of records.
#[derive(Debug)]
pub(crate) struct Spill {
    folder: PathBuf,
    /// Made when the first block is written.
    file: Option<File>,
    /// Offset of the first byte that no block has used yet.
    end: u64,
    /// Blocks that were read and can be written again.
    free: Vec<u64>,
    queues: Vec<Queue>,
}

/// A stream of bytes: what is left of `front`, then `blocks`, then `back`.
#[derive(Debug, Default)]
struct Queue {
    front: Vec<u8>,
    /// Bytes of `front` that were taken out.
    taken: usize,
    blocks: VecDeque<u64>,
    back: Vec<u8>,
    records: u64,
}

impl Spill {
    /// Makes `queues` empty queues, which go to a file in `folder` when they grow.
    pub(crate) fn new(folder: &Path, queues: usize) -> Self {
        let queues = std::iter::repeat_with(Queue::default).take(queues).collect();
        Self { folder: folder.to_owned(), file: None, end: 0, free: Vec::new(), queues }
    }

    /// The folder of the file.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The number of records in a queue.
    pub(crate) fn records(&self, queue: usize) -> u64 {
        self.queues.get(queue).map_or(0, |queue| queue.records)
    }

    /// Appends a record to a queue.
    ///
    /// # Errors
    /// The disk is full or broken, or there is no such queue.
    pub(crate) fn push(&mut self, queue: usize, record: &[u8]) -> io::Result<()> {
        let length = u32::try_from(record.len()).map_err(io::Error::other)?;
        let it = self.queues.get_mut(queue).ok_or_else(no_queue)?;
        it.back.extend_from_slice(&length.to_le_bytes());
        it.back.extend_from_slice(record);
        it.records += 1;
        while it.back.len() >= BLOCK {
            let file = match &mut self.file {
                Some(file) => file,
                none => none.insert(tempfile::tempfile_in(&self.folder)?),
            };
            let at = self.free.pop().unwrap_or(self.end);
            file.seek(SeekFrom::Start(at))?;
            file.write_all(it.back.get(..BLOCK).unwrap_or_default())?;
            self.end = self.end.max(at + BLOCK as u64);
            it.blocks.push_back(at);
            it.back.drain(..BLOCK);
        }
        Ok(())
    }

    /// Takes the oldest record out of a queue, into `record`; false where the queue is empty.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn pop(&mut self, queue: usize, record: &mut Vec<u8>) -> io::Result<bool> {
        record.clear();
        if self.records(queue) == 0 {
            return Ok(false);
        }
        self.take(queue, PREFIX, record)?;
        let length = record.first_chunk().map_or(0, |length| u32::from_le_bytes(*length));
        record.clear();
        self.take(queue, usize::try_from(length).map_err(io::Error::other)?, record)?;
        if let Some(queue) = self.queues.get_mut(queue) {
            queue.records -= 1;
        }
        Ok(true)
    }

    fn take(&mut self, queue: usize, mut wanted: usize, into: &mut Vec<u8>) -> io::Result<()> {
        while wanted > 0 {
            let it = self.queues.get_mut(queue).ok_or_else(no_queue)?;
            let there = it.front.get(it.taken..).unwrap_or_default();
            let part = there.get(..wanted.min(there.len())).unwrap_or_default();
            into.extend_from_slice(part);
            it.taken += part.len();
            wanted -= part.len();
            if wanted > 0 {
                self.refill(queue)?;
            }
        }
        Ok(())
    }

    /// Puts the next bytes of the queue into its used-up front.
    fn refill(&mut self, queue: usize) -> io::Result<()> {
        let it = self.queues.get_mut(queue).ok_or_else(no_queue)?;
        it.taken = 0;
        let Some(at) = it.blocks.pop_front() else {
            it.front.clear();
            if it.back.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            std::mem::swap(&mut it.front, &mut it.back);
            return Ok(());
        };
        let file = self.file.as_mut().ok_or_else(no_queue)?;
        // What it holds is overwritten: to clear it first would fill it with zeros for nothing.
        it.front.resize(BLOCK, 0);
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut it.front)?;
        self.free.push(at);
        Ok(())
    }
}

fn no_queue() -> io::Error {
    io::Error::other("there is no such queue")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pop(spill: &mut Spill, queue: usize) -> Option<Vec<u8>> {
        let mut record = Vec::new();
        spill.pop(queue, &mut record).unwrap().then_some(record)
    }

    #[test]
    fn records_leave_each_queue_in_their_order_whatever_their_size() {
        let folder = tempfile::tempdir().unwrap();
        let mut spill = Spill::new(folder.path(), 2);
        let sizes = [0, 1, BLOCK - PREFIX, BLOCK, 3 * BLOCK + 7, 100];
        let record = |n: usize, size: usize| vec![u8::try_from(n).unwrap(); size];
        for (n, size) in sizes.iter().enumerate() {
            spill.push(0, &record(n, *size)).unwrap();
            spill.push(1, b"other").unwrap();
        }
        for (n, size) in sizes.iter().enumerate() {
            assert_eq!(pop(&mut spill, 0), Some(record(n, *size)), "{n}");
        }
        assert_eq!((pop(&mut spill, 0), spill.records(0), spill.records(1)), (None, 0, 6));
        assert_eq!(std::iter::from_fn(|| pop(&mut spill, 1)).count(), 6);
        assert!(spill.push(2, b"x").is_err());
    }

    #[test]
    fn what_is_short_touches_no_disk_and_nothing_has_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let mut spill = Spill::new(&folder.path().join("missing"), 1);
        spill.push(0, b"short").unwrap();
        assert!(spill.push(0, &[0; BLOCK]).is_err(), "there is no such folder");
        let mut spill = Spill::new(folder.path(), 1);
        spill.push(0, &vec![0; 10 * BLOCK]).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn memory_is_two_blocks_for_each_queue_and_the_file_as_long_as_what_waits() {
        let folder = tempfile::tempdir().unwrap();
        let mut spill = Spill::new(folder.path(), 3);
        for n in 0..30_000_u32 {
            let record = [n.to_le_bytes(); 25].concat();
            spill.push(n as usize % 3, &record).unwrap();
            if n >= 900 {
                assert_eq!(pop(&mut spill, n as usize % 3).unwrap()[..4], (n - 900).to_le_bytes());
            }
        }
        let held: usize = spill.queues.iter().map(|queue| queue.front.capacity() + queue.back.capacity()).sum();
        assert!(held <= 3 * 4 * BLOCK, "{held}");
        let waiting = 900 * 104;
        assert!(spill.end <= waiting + 6 * BLOCK as u64, "{} for {waiting}", spill.end);
    }

    proptest::proptest! {
        #[test]
        fn it_is_a_queue(steps in proptest::collection::vec((0_usize..3, 0_usize..40_000), 1..200)) {
            let folder = tempfile::tempdir().unwrap();
            let mut spill = Spill::new(folder.path(), 3);
            let mut model: Vec<VecDeque<Vec<u8>>> = vec![VecDeque::new(); 3];
            for (queue, size) in steps {
                if size % 3 == 0 {
                    proptest::prop_assert_eq!(pop(&mut spill, queue), model[queue].pop_front());
                } else {
                    let record = vec![u8::try_from(size % 251).unwrap(); size];
                    spill.push(queue, &record).unwrap();
                    model[queue].push_back(record);
                }
            }
            for (queue, mut records) in model.into_iter().enumerate() {
                proptest::prop_assert_eq!(spill.records(queue), records.len() as u64);
                while let Some(record) = records.pop_front() {
                    proptest::prop_assert_eq!(pop(&mut spill, queue), Some(record));
                }
            }
        }
    }
}
