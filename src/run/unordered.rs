//! The rows of several networks between their answer and their turn in the output.
//!
//! Into a file they go as a log, which is merged at the end; to a reader, as soon as all rows before them are there. Owns
//! no decision about a row.

use std::io;
use std::path::Path;

use crate::error::Error;
use crate::output::merge::{self, Merge};
use crate::output::spill::Spill;
use crate::output::{Action, Output, OutputError, Segment};
use crate::run::spool::Spool;

/// The merge looks up after so many bytes, so that signals are heard.
const SLICE: usize = 4 << 20;

/// Rows whose turn has not come.
#[derive(Debug)]
pub(crate) struct Unordered {
    /// The output's own first bytes.
    header: Vec<u8>,
    /// What each lane is called in the log: its rank by name, so that the order of a config file may change.
    ranks: Vec<usize>,
    way: Way,
    buffer: Vec<u8>,
}

#[derive(Debug)]
enum Way {
    /// They are appended to a log.
    Log,
    /// They are in the output's order already: an earlier run has merged them.
    Merged,
    /// They wait until the reader can have them.
    Queues { waiting: Spill, next: Option<usize> },
}

impl Unordered {
    /// Rows go to a log, whose first bytes [`Self::log_header`] has.
    pub(crate) fn log(header: &[u8], ranks: Vec<usize>) -> Self {
        Self { header: header.to_vec(), ranks, way: Way::Log, buffer: Vec::new() }
    }

    /// There is nothing left to merge.
    pub(crate) fn merged(header: &[u8]) -> Self {
        Self { header: header.to_vec(), ranks: Vec::new(), way: Way::Merged, buffer: Vec::new() }
    }

    /// Rows of `lanes` lanes go to a reader.
    pub(crate) fn queues(header: &[u8], lanes: usize, folder: &Path) -> Self {
        let way = Way::Queues { waiting: Spill::new(folder, lanes), next: None };
        Self { header: header.to_vec(), ranks: Vec::new(), way, buffer: Vec::new() }
    }

    /// The bytes that the log begins with.
    pub(crate) fn log_header(&self) -> Vec<u8> {
        merge::log_header(&self.header)
    }

    /// Takes in the rows of one input row of a lane; what is to be appended to the output now is given back.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub(crate) fn append(&mut self, lane: usize, rows: &[u8]) -> Result<&[u8], Error> {
        self.buffer.clear();
        match &mut self.way {
            Way::Log => {
                let rank = self.ranks.get(lane).copied().unwrap_or(lane);
                let lane = u32::try_from(rank).map_err(io::Error::other);
                let framed = lane.and_then(|lane| merge::frame(lane, rows, &mut self.buffer));
                framed.map_err(Error::system("keep rows of several networks"))?;
            }
            Way::Merged => {}
            Way::Queues { waiting, .. } => {
                let kept = waiting.push(lane, rows);
                kept.map_err(|source| spilled(waiting.folder(), source))?;
            }
        }
        Ok(&self.buffer)
    }

    /// Gives the reader every row whose turn it is.
    ///
    /// # Errors
    /// Nobody reads any more, or the disk is broken.
    pub(crate) fn drain(&mut self, spool: &mut Spool, output: &mut Output) -> Result<(), Error> {
        let Way::Queues { waiting, next } = &mut self.way else { return Ok(()) };
        loop {
            if next.is_none() {
                *next = spool.next_lane().map_err(|source| spilled(spool.folder(), source))?;
            }
            let Some(lane) = *next else { return Ok(()) };
            if !waiting.pop(lane, &mut self.buffer).map_err(|source| spilled(waiting.folder(), source))? {
                return Ok(());
            }
            *next = None;
            output.append(&self.buffer)?;
        }
    }

    /// Merges the log, which is complete and committed, into the output's own rows.
    ///
    /// # Errors
    /// The disk is full or broken, or the log was changed. It is as it was: the merge can be done again.
    pub(crate) async fn merge(mut self, log: Segment, spool: &mut Spool) -> Result<Segment, Error> {
        if !matches!(self.way, Way::Log) {
            return Ok(log);
        }
        let (path, bytes) = log.rows();
        let path = path.to_owned();
        let unreadable = |source| OutputError::io(Action::Read, &path)(source);
        let header = self.log_header().len() as u64;
        let mut merge = Merge::open(&path, (header, bytes), spool.lanes(), spool.folder()).map_err(unreadable)?;
        let mut output = log.begin_output(&self.header)?;
        let mut merged = 0;
        while let Some(lane) = spool.next_lane().map_err(|source| spilled(spool.folder(), source))? {
            let rank = self.ranks.get(lane).copied().unwrap_or(lane);
            merge.next(rank, &mut self.buffer).map_err(unreadable)?;
            output.append(&self.buffer)?;
            merged += self.buffer.len();
            if merged >= SLICE {
                merged = 0;
                tokio::task::yield_now().await;
            }
        }
        if merge.is_done(spool.lanes()).map_err(unreadable)? {
            return Ok(output);
        }
        Err(unreadable(io::Error::new(io::ErrorKind::InvalidData, "it has more rows than the input")).into())
    }
}

/// Rows that wait cannot be kept.
pub(crate) fn spilled(folder: &Path, source: io::Error) -> Error {
    OutputError::Spill { folder: folder.to_owned(), source }.into()
}
