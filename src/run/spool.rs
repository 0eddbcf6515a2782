//! The rows of an input by network, and the order in which they stood: what lanes read from, and what the merge goes by.
//!
//! The input is read once, before the first call, whatever it is: a lane then reads its own rows only, and an input
//! sorted by network keeps no lane waiting. Must not decide which network a row belongs to.

use std::io;
use std::path::Path;

use crate::input::packed::{Packer, Unpacker};
use crate::input::{ResumePosition, Row};
use crate::offer::ErrorKind;
use crate::output::spill::Spill;
use crate::run::retry_failed::{KeptRow, StaleRows};

/// A row as it waits for its lane.
#[derive(Debug)]
pub(crate) enum Spooled {
    /// An input row.
    Row(Row),
    /// A row of an earlier output that stays as it is.
    Kept(KeptRow),
    /// An offer whose old links stay if asking fails.
    Stale(Row, StaleRows),
    /// An input row that names no network, and why.
    Unrouted(Row, String),
}

/// What is put in before a row.
const ROW: u8 = 0;
const KEPT: u8 = 1;
const UNROUTED: u8 = 2;
const STALE: u8 = 3;

/// Rows that wait, and the order of all rows.
#[derive(Debug)]
pub(crate) struct Spool {
    spill: Spill,
    lanes: usize,
    /// How many rows each lane has in all.
    rows: Vec<u64>,
    /// How many of them have an offer to ask for.
    asking: Vec<u64>,
    /// The lane of the rows read or written last, and how many they are.
    run: (u64, u64),
    bytes: Vec<u8>,
}

impl Spool {
    /// An empty one for `lanes` lanes; what does not fit into memory goes to a file in `folder`.
    pub(crate) fn new(folder: &Path, lanes: usize) -> Self {
        let (spill, rows, asking) = (Spill::new(folder, lanes + 1), vec![0; lanes], vec![0; lanes]);
        Self { spill, lanes, rows, asking, run: (0, 0), bytes: Vec::new() }
    }

    /// How many lanes there are.
    pub(crate) fn lanes(&self) -> usize {
        self.lanes
    }

    /// Where the file is.
    pub(crate) fn folder(&self) -> &Path {
        self.spill.folder()
    }

    /// How many rows a lane has in all, done or not.
    pub(crate) fn rows_of(&self, lane: usize) -> u64 {
        self.rows.get(lane).copied().unwrap_or_default()
    }

    /// Whether a lane has any offer to ask for, or had one that is done.
    pub(crate) fn asks(&self, lane: usize) -> bool {
        self.asking.get(lane).is_some_and(|asking| *asking > 0)
    }

    /// How many rows of a lane wait.
    pub(crate) fn waiting(&self, lane: usize) -> u64 {
        self.spill.records(lane)
    }

    /// Takes in the next row of the input. The first `done` rows of its lane are done: only their place in the order is
    /// kept.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub(crate) fn push(&mut self, lane: usize, row: &Spooled, done: u64) -> io::Result<()> {
        let rows = self.rows.get_mut(lane).ok_or(io::ErrorKind::InvalidInput)?;
        *rows += 1;
        let is_done = *rows <= done;
        let asks = matches!(row, Spooled::Row(Row { offer: Ok(_), .. }) | Spooled::Stale(..));
        if let (true, Some(asking)) = (asks, self.asking.get_mut(lane)) {
            *asking += 1;
        }
        if self.run.0 != lane as u64 {
            self.end_run()?;
        }
        self.run = (lane as u64, self.run.1 + 1);
        if is_done {
            return Ok(());
        }
        self.bytes.clear();
        row.pack(&mut self.bytes);
        self.spill.push(lane, &self.bytes)
    }

    /// The input is at its end.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub(crate) fn seal(&mut self) -> io::Result<()> {
        self.end_run()
    }

    fn end_run(&mut self) -> io::Result<()> {
        let (lane, rows) = std::mem::take(&mut self.run);
        if rows == 0 {
            return Ok(());
        }
        self.bytes.clear();
        let mut packer = Packer(&mut self.bytes);
        packer.number(lane);
        packer.number(rows);
        self.spill.push(self.lanes, &self.bytes)
    }

    /// The next row of a lane.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn next(&mut self, lane: usize) -> io::Result<Option<Spooled>> {
        if !self.spill.pop(lane, &mut self.bytes)? {
            return Ok(None);
        }
        Spooled::unpack(&self.bytes).map(Some).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// The lane of the next row in the input's order; to be asked for when every row was taken in.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn next_lane(&mut self) -> io::Result<Option<usize>> {
        if self.run.1 == 0 {
            if !self.spill.pop(self.lanes, &mut self.bytes)? {
                return Ok(None);
            }
            let mut run = Unpacker(&self.bytes);
            self.run = run.number().zip(run.number()).ok_or(io::ErrorKind::InvalidData)?;
        }
        self.run.1 -= 1;
        usize::try_from(self.run.0).map(Some).map_err(io::Error::other)
    }
}

impl Spooled {
    fn pack(&self, out: &mut Vec<u8>) {
        match self {
            Self::Row(row) => {
                out.push(ROW);
                row.pack(out);
            }
            Self::Kept(KeptRow { bytes, failed, begins_offer, network: _, next: _ }) => {
                let mut packer = Packer(out);
                packer.byte(KEPT);
                packer.byte(u8::from(*begins_offer));
                packer.bytes(failed.map_or("", ErrorKind::as_str).as_bytes());
                packer.bytes(bytes);
            }
            Self::Stale(row, StaleRows { bytes, rows }) => {
                let mut packer = Packer(out);
                packer.byte(STALE);
                packer.number(*rows);
                packer.bytes(bytes);
                row.pack(out);
            }
            Self::Unrouted(row, why) => {
                Packer(out).byte(UNROUTED);
                Packer(out).bytes(why.as_bytes());
                row.pack(out);
            }
        }
    }

    fn unpack(bytes: &[u8]) -> Option<Self> {
        let mut from = Unpacker(bytes);
        Some(match from.byte()? {
            ROW => Self::Row(Row::unpack(&mut from)?),
            KEPT => {
                let begins_offer = from.byte()? != 0;
                let failed = ErrorKind::from_word(from.text()?);
                let (network, next) = (Box::default(), ResumePosition::default());
                Self::Kept(KeptRow { bytes: from.bytes()?.to_vec(), failed, begins_offer, network, next })
            }
            STALE => {
                let (rows, bytes) = (from.number()?, from.bytes()?.to_vec());
                Self::Stale(Row::unpack(&mut from)?, StaleRows { bytes, rows })
            }
            UNROUTED => {
                let why = from.text()?.to_owned();
                Self::Unrouted(Row::unpack(&mut from)?, why)
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Cells;
    use crate::offer::OfferId;

    fn row(line: u64) -> Row {
        let offer = Ok(OfferId::parse(&line.to_string()).unwrap());
        Row { line, offer, cells: Cells::new(["a", "b"].iter(), 1), next: ResumePosition::default() }
    }

    fn lines(spool: &mut Spool, lane: usize) -> Vec<u64> {
        let line_of = |spooled| match spooled {
            Spooled::Row(row) | Spooled::Stale(row, _) | Spooled::Unrouted(row, _) => row.line,
            Spooled::Kept(_) => 0,
        };
        std::iter::from_fn(|| spool.next(lane).unwrap()).map(line_of).collect()
    }

    #[test]
    fn each_lane_reads_its_own_rows_and_the_order_is_that_of_the_input() {
        let folder = tempfile::tempdir().unwrap();
        let order = [0, 0, 1, 2, 1, 1, 0];
        let mut spool = Spool::new(folder.path(), 3);
        for (line, lane) in (1..).zip(order) {
            spool.push(lane, &Spooled::Row(row(line)), 0).unwrap();
        }
        spool.seal().unwrap();
        assert_eq!([0, 1, 2].map(|lane| (spool.rows_of(lane), spool.waiting(lane))), [(3, 3), (3, 3), (1, 1)]);
        assert_eq!([2, 1, 0].map(|lane| lines(&mut spool, lane)), [vec![4], vec![3, 5, 6], vec![1, 2, 7]]);
        let read: Vec<_> = std::iter::from_fn(|| spool.next_lane().unwrap()).collect();
        assert_eq!(read, order);
    }

    #[test]
    fn rows_that_are_done_keep_their_place_in_the_order_only() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(folder.path(), 2);
        for (line, lane) in (1..).zip([0, 1, 0, 1, 0]) {
            spool.push(lane, &Spooled::Row(row(line)), [2, 0][lane]).unwrap();
        }
        spool.seal().unwrap();
        assert_eq!([0, 1].map(|lane| (spool.rows_of(lane), spool.waiting(lane))), [(3, 1), (2, 2)]);
        assert_eq!([0, 1].map(|lane| lines(&mut spool, lane)), [vec![5], vec![2, 4]]);
        assert_eq!(std::iter::from_fn(|| spool.next_lane().unwrap()).count(), 5);
    }

    #[test]
    fn every_kind_of_row_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::new(folder.path(), 1);
        for failed in [None, Some(ErrorKind::Outage)] {
            let (begins_offer, network, next) = (failed.is_none(), Box::default(), ResumePosition::default());
            let kept = KeptRow { bytes: b"16,x\n".to_vec(), failed, begins_offer, network, next };
            spool.push(0, &Spooled::Kept(kept), 0).unwrap();
        }
        spool.push(0, &Spooled::Unrouted(row(3), "why".to_owned()), 0).unwrap();
        for wanted in [None, Some(ErrorKind::Outage)] {
            let Some(Spooled::Kept(kept)) = spool.next(0).unwrap() else { panic!("another kind of row") };
            assert_eq!((&*kept.bytes, kept.failed, kept.begins_offer), (&b"16,x\n"[..], wanted, wanted.is_none()));
        }
        let Some(Spooled::Unrouted(unrouted, why)) = spool.next(0).unwrap() else { panic!("another kind of row") };
        assert_eq!((unrouted, &*why), (row(3), "why"));
    }
}
