//! Storage for answers that are written, but may be needed again.
//!
//! Thousands of them, kept one by one on the heap, would lie between the short-lived buffers of calls, which then come
//! from memory that the CPU has not seen for a while: a third of the CPU time of an unlimited run. So they are copied
//! into blocks of their own, in cells of one size, so that what one gives back fits whatever comes next. Knows nothing
//! of what the bytes mean.
//!
//! This is for runs without a file to write to; others keep their answers beside it.

use crate::reorder::store::{AnswerStore, Stored};

/// Bytes in a cell: five hold the documented answer, with a tenth of the room to spare.
const CELL: usize = 256;

/// Cells that are asked of the system at a time: 64 KiB, as each of a hundred networks has a store of its own.
const CELLS_PER_BLOCK: usize = 256;

/// A store of byte strings.
#[derive(Debug, Default)]
pub(crate) struct Slab {
    blocks: Vec<Box<[u8]>>,
    /// For every cell, the one in which its string continues.
    next: Vec<u32>,
    free: Vec<u32>,
}

/// Room taken up by a string, in bytes.
fn room(len: usize) -> usize {
    len.div_ceil(CELL) * CELL
}

impl AnswerStore for Slab {
    fn put(&mut self, bytes: &[u8]) -> Option<Stored> {
        let len = u32::try_from(bytes.len()).ok()?;
        let mut first = 0;
        let mut before = None;
        for piece in bytes.chunks(CELL) {
            let cell = self.take_cell();
            if let Some(room) = self.cell_mut(cell).and_then(|room| room.get_mut(..piece.len())) {
                room.copy_from_slice(piece);
            }
            match before.and_then(|before: u32| self.next.get_mut(before as usize)) {
                Some(next) => *next = cell,
                None => first = cell,
            }
            before = Some(cell);
        }
        Some(Stored { at: first.into(), len })
    }

    fn get(&mut self, stored: &Stored) -> Option<Vec<u8>> {
        let mut bytes = Vec::with_capacity(stored.len as usize);
        for cell in self.cells(stored) {
            let missing = (stored.len as usize - bytes.len()).min(CELL);
            let start = cell as usize % CELLS_PER_BLOCK * CELL;
            let block = self.blocks.get(cell as usize / CELLS_PER_BLOCK);
            bytes.extend_from_slice(block.and_then(|block| block.get(start..start + missing))?);
        }
        Some(bytes)
    }

    fn remove(&mut self, stored: Stored) {
        let mut free = std::mem::take(&mut self.free);
        free.extend(self.cells(&stored));
        self.free = free;
    }

    fn room(&self, stored: &Stored) -> usize {
        room(stored.len as usize)
    }

    fn is_fading(&self, _: &Stored) -> bool {
        false
    }
}

impl Slab {
    fn cells(&self, stored: &Stored) -> impl Iterator<Item = u32> {
        let first = u32::try_from(stored.at).ok();
        let cells = std::iter::successors(first, |cell| self.next.get(*cell as usize).copied());
        cells.take((stored.len as usize).div_ceil(CELL))
    }

    fn cell_mut(&mut self, cell: u32) -> Option<&mut [u8]> {
        let start = cell as usize % CELLS_PER_BLOCK * CELL;
        self.blocks.get_mut(cell as usize / CELLS_PER_BLOCK)?.get_mut(start..start + CELL)
    }

    fn take_cell(&mut self) -> u32 {
        if self.free.is_empty() {
            let first = self.next.len();
            self.blocks.push(vec![0; CELLS_PER_BLOCK * CELL].into_boxed_slice());
            self.next.resize(first + CELLS_PER_BLOCK, 0);
            self.free.extend((first..self.next.len()).rev().filter_map(|cell| u32::try_from(cell).ok()));
        }
        self.free.pop().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_put_in_comes_out_and_room_is_used_again(
            lens in prop::collection::vec(0usize..1000, 1..60),
            keep in 1usize..8,
        ) {
            let blocks = usize::from(lens.iter().any(|len| *len > 0));
            let mut archive = Slab::default();
            let mut kept = std::collections::VecDeque::new();
            for (number, len) in lens.into_iter().enumerate() {
                    let text: Vec<u8> = (0..=u8::MAX).cycle().skip(number).take(len).collect();
                    kept.push_back((archive.put(&text).unwrap(), text));
                if kept.len() > keep {
                    archive.remove(kept.pop_front().unwrap().0);
                }
                for (stored, text) in &kept {
                    prop_assert_eq!(archive.get(stored), Some(text.clone()));
                }
            }
            // Empty strings take no room at all.
            prop_assert_eq!(archive.blocks.len(), blocks, "eight strings of a thousand bytes fit into one block");
        }
    }

    #[test]
    fn large_strings_take_as_many_blocks_as_they_need() {
        let mut archive = Slab::default();
        let text: Vec<u8> = (0..=250).cycle().take(3_000_000).collect();
        for _ in 0..3 {
            let stored = archive.put(&text).unwrap();
            assert_eq!(archive.get(&stored).as_ref(), Some(&text));
            archive.remove(stored);
        }
        assert_eq!(archive.blocks.len(), 3_000_000_usize.div_ceil(CELL * CELLS_PER_BLOCK));
    }
}
