//! The rows of several lanes in one log, in the order in which they were finished, and back in the input's order.
//!
//! A group of rows belongs to one input row of one lane, and each lane finishes its input rows in order. So the log and
//! the lane of each input row are enough to write the output. Groups that come too early wait in a [`Spill`]. Knows
//! nothing of rows.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use crate::output::plain_file;
use crate::output::spill::Spill;

/// Bytes before a group: its lane and its length. One line end follows the group, so that a log always ends in one.
const PREFIX: usize = 2 * size_of::<u32>();

/// The first line of a log; the number changes with the format of what follows.
const MAGIC: &[u8] = b"offerlinks: rows of several networks, in no order yet (1)\n";

/// The beginning of the file: its format, and `header`, the output's header.
pub(crate) fn log_header(header: &[u8]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&frame_length(header.len()).to_le_bytes());
    bytes.extend_from_slice(header);
    bytes.push(b'\n');
    bytes
}

/// Makes a group of a lane out of `rows`, and appends it to `frame`.
///
/// # Errors
/// Its rows are 4 GiB and more.
pub(crate) fn frame(lane: u32, rows: &[u8], frame: &mut Vec<u8>) -> io::Result<()> {
    let length = u32::try_from(rows.len()).map_err(io::Error::other)?;
    frame.extend_from_slice(&lane.to_le_bytes());
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(rows);
    frame.push(b'\n');
    Ok(())
}

fn frame_length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Reads a log, and returns the next group of any lane.
#[derive(Debug)]
pub(crate) struct Merge<R = File> {
    log: BufReader<io::Take<R>>,
    waiting: Spill,
}

impl Merge {
    /// Opens the log at `path`, of which the first `bytes` are good and the first `header` are no groups. Groups that have
    /// to wait go to a file in `folder`.
    ///
    /// # Errors
    /// The log cannot be read.
    pub(crate) fn open(path: &Path, (header, bytes): (u64, u64), lanes: usize, folder: &Path) -> io::Result<Self> {
        let mut file = plain_file::open(path)?;
        file.seek(SeekFrom::Start(header))?;
        Ok(Self::new(file.take(bytes.saturating_sub(header)), lanes, folder))
    }
}

impl<R: Read> Merge<R> {
    fn new(groups: io::Take<R>, lanes: usize, folder: &Path) -> Self {
        Self { log: BufReader::with_capacity(64 << 10, groups), waiting: Spill::new(folder, lanes) }
    }

    /// The next group of a lane, into `rows`.
    ///
    /// # Errors
    /// The log has no such group, or cannot be read.
    pub(crate) fn next(&mut self, lane: usize, rows: &mut Vec<u8>) -> io::Result<()> {
        if self.waiting.pop(lane, rows)? {
            return Ok(());
        }
        loop {
            let mut prefix = [0; PREFIX];
            self.log.read_exact(&mut prefix)?;
            let (of, length) = prefix.split_at(PREFIX / 2);
            let [of, length] = [of, length].map(|bytes| bytes.first_chunk().map_or(0, |n| u32::from_le_bytes(*n)));
            rows.clear();
            let read = self.log.by_ref().take(u64::from(length)).read_to_end(rows)?;
            let mut end = [0];
            self.log.read_exact(&mut end)?;
            if u32::try_from(read) != Ok(length) || end != *b"\n" {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "its groups of rows do not add up"));
            }
            match usize::try_from(of) {
                Ok(of) if of == lane => return Ok(()),
                Ok(of) => self.waiting.push(of, rows)?,
                Err(error) => return Err(io::Error::other(error)),
            }
        }
    }

    /// Whether every group was given out.
    ///
    /// # Errors
    /// The log cannot be read.
    pub(crate) fn is_done(&mut self, lanes: usize) -> io::Result<bool> {
        Ok(self.log.fill_buf()?.is_empty() && (0..lanes).all(|lane| self.waiting.records(lane) == 0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn merge<'a>(log: &'a [u8], lanes: usize, folder: &Path) -> Merge<&'a [u8]> {
        Merge::new(log.take(log.len() as u64), lanes, folder)
    }

    fn log(groups: &[(u32, &[u8])]) -> Vec<u8> {
        let mut log = Vec::new();
        for (lane, rows) in groups {
            frame(*lane, rows, &mut log).unwrap();
        }
        log
    }

    #[test]
    fn a_log_ends_in_a_line_end_whatever_its_rows_end_in() {
        assert!(log_header(b"a,b\n").ends_with(b"a,b\n\n") && log_header(b"").ends_with(b"\n"));
        assert_ne!(log_header(b""), log_header(b"\n"));
        assert!(log(&[(0, b"row")]).ends_with(b"row\n"));
    }

    #[test]
    fn a_log_that_is_short_or_was_changed_is_an_error_and_never_other_rows() {
        let folder = tempfile::tempdir().unwrap();
        let whole = log(&[(0, b"a\n"), (1, b"b\n")]);
        for end in 0..whole.len() {
            let mut merge = merge(&whole[..end], 2, folder.path());
            let mut rows = Vec::new();
            assert!(merge.next(1, &mut rows).is_err(), "cut at {end}");
        }
        for at in [4, 10] {
            let mut other = whole.clone();
            other[at] ^= 1;
            let mut rows = Vec::new();
            assert!(merge(&other, 2, folder.path()).next(1, &mut rows).is_err(), "changed at {at}");
        }
        let mut more = merge(&whole, 2, folder.path());
        let mut rows = Vec::new();
        more.next(0, &mut rows).unwrap();
        assert!(!more.is_done(2).unwrap());
        more.next(1, &mut rows).unwrap();
        assert!(more.is_done(2).unwrap());
    }

    proptest! {
        #[test]
        fn whatever_the_order_of_the_lanes_in_the_log_the_output_has_the_inputs(
            input in prop::collection::vec(0_u32..5, 0..200),
            picks in prop::collection::vec(any::<prop::sample::Index>(), 200),
            width in 0_usize..4000,
        ) {
            let folder = tempfile::tempdir().unwrap();
            let text = |n: usize| format!("{n:>width$}\n").into_bytes();
            let mut open: Vec<Vec<usize>> = (0..5).map(|lane| (0..input.len()).rev().filter(|n| input[*n] == lane).collect()).collect();
            let mut log = Vec::new();
            for pick in picks.iter().take(input.len()) {
                let lanes: Vec<_> = (0..5).filter(|lane| !open[*lane].is_empty()).collect();
                let lane = lanes[pick.index(lanes.len())];
                frame(u32::try_from(lane).unwrap(), &text(open[lane].pop().unwrap()), &mut log).unwrap();
            }
            let mut merge = merge(&log, 5, folder.path());
            let mut rows = Vec::new();
            for (n, lane) in input.iter().enumerate() {
                merge.next(*lane as usize, &mut rows).unwrap();
                prop_assert_eq!(&rows, &text(n));
            }
            prop_assert!(merge.is_done(5).unwrap());
        }
    }
}
