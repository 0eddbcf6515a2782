//! One record of the input in memory: reused for every row, so that reading allocates nothing.
//!
//! Owns the storage and the meaning of "blank". Must not know where records come from or what their columns mean.

use crate::cell::CellKind;

/// The cells of one record, still undecoded.
#[derive(Debug)]
pub(super) struct Record {
    /// All cells one after the other; only the part before the last end is in use.
    pub(super) bytes: Vec<u8>,
    /// Where each cell ends in `bytes`; only the first `count` are in use.
    pub(super) ends: Vec<usize>,
    /// How many cells there are.
    pub(super) count: usize,
    /// The line (or the row of a sheet) on which the record starts, from 1.
    pub(super) line: u64,
    /// Whether a cell has quotes: then even an empty one was written on purpose.
    pub(super) quoted: bool,
    /// What each cell of a sheet is; empty for text.
    kinds: Vec<CellKind>,
}

impl Record {
    pub(super) fn new() -> Self {
        Self { bytes: vec![0; 1024], ends: vec![0; 32], count: 0, line: 0, quoted: false, kinds: Vec::new() }
    }

    /// Forgets the cells, keeps the memory.
    pub(super) fn clear(&mut self) {
        self.count = 0;
        self.quoted = false;
        self.kinds.clear();
    }

    /// Adds a cell.
    pub(super) fn push(&mut self, cell: &[u8]) {
        let start = self.count.checked_sub(1).and_then(|last| self.ends.get(last)).copied().unwrap_or(0);
        self.bytes.truncate(start);
        self.bytes.extend_from_slice(cell);
        self.ends.truncate(self.count);
        self.ends.push(self.bytes.len());
        self.count += 1;
    }

    /// Adds a cell of a sheet.
    pub(super) fn push_typed(&mut self, cell: &[u8], kind: CellKind) {
        self.push(cell);
        self.kinds.push(kind);
    }

    /// What a cell is.
    pub(super) fn kind(&self, index: usize) -> CellKind {
        self.kinds.get(index).copied().unwrap_or_default()
    }

    pub(super) fn get(&self, index: usize) -> Option<&[u8]> {
        if index >= self.count {
            return None;
        }
        let start = match index.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.bytes.get(start..*self.ends.get(index)?)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.count).map(|index| self.get(index).unwrap_or_default())
    }

    /// Whether it contains only white space, so that it is not a row.
    pub(super) fn is_blank(&self) -> bool {
        !(self.quoted && self.count == 1) && self.iter().all(is_blank)
    }
}

/// Whether the cell contains only white space.
pub(super) fn is_blank(cell: &[u8]) -> bool {
    cell.iter().all(u8::is_ascii_whitespace)
}
