//! Rows that are read but not written yet, in input order.
//!
//! This is what makes the output independent of the order in which answers come. It holds what it is given and knows
//! nothing of calls.

use std::collections::VecDeque;
use std::num::NonZeroUsize;

use crate::offer::{OfferError, OfferId, Outcome};
use crate::reorder::Slot;
use crate::reorder::answer_cache::{AnswerCache, size_of_outcome};
use crate::reorder::slab::Slab;
use crate::reorder::store::AnswerStore;

/// A row in the window.
#[derive(Debug)]
struct Waiting<R> {
    row: R,
    /// `None` for a row that needs no call.
    slot: Option<Slot>,
    /// What the row itself holds, in bytes.
    size: usize,
    /// The offer, if the answer was fetched for this row, so that its size is counted once.
    asked: Option<OfferId>,
}

/// What a row needs that was taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Admitted {
    /// Its offer has to be called.
    Asks,
    /// Nothing: the answer is known, or on its way for another row.
    Shares,
}

/// The rows between the oldest unfinished one and the newest that was read.
#[derive(Debug)]
pub struct ReorderBuffer<R> {
    rows: VecDeque<Waiting<R>>,
    /// Bytes held by rows and by finished answers that are not written yet.
    held: usize,
    answers: AnswerCache,
    limits: Limits,
}

/// How much a buffer may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Rows.
    rows: usize,
    /// Rows and their answers, in bytes.
    held: usize,
    /// Memory for answers that may be needed again, in bytes.
    remembered: usize,
}

impl Limits {
    /// Each of `buffers` buffers gets its part, so that a run holds as much whatever the number of its networks; but no
    /// part is too small for what is in flight.
    pub(crate) fn of_each(buffers: usize) -> Self {
        const LEAST_HELD: usize = 1 << 20;
        const LEAST_REMEMBERED: usize = 128 << 10;
        Self {
            rows: ReorderBuffer::<()>::MAX_ROWS,
            held: (ReorderBuffer::<()>::MAX_HELD / buffers.max(1)).max(LEAST_HELD),
            remembered: (ReorderBuffer::<()>::MAX_REMEMBERED_SIZE / buffers.max(1)).max(LEAST_REMEMBERED),
        }
    }
}

impl Limits {
    /// How many bytes of answers are remembered.
    pub(crate) fn remembered(self) -> usize {
        self.remembered
    }

    /// For calls that bring the links of up to a hundred offers: as many calls may be in flight or wait for their retry.
    pub(crate) fn for_batches(self) -> Self {
        Self { rows: 16 * self.rows, ..self }
    }
}

impl<R> ReorderBuffer<R> {
    /// How many rows may be ahead of the oldest unfinished one. A stall of S seconds in one offer costs nothing if
    /// this is at least 4.95 (S + latency): 1,024 covers 206 s.
    pub const MAX_ROWS: usize = 1024;
    /// How many bytes they and their answers may hold.
    pub const MAX_HELD: usize = 64 << 20;
    /// The last distinct offers whose answers are kept: the 10,000 of the contract, and those still on their way.
    pub const REMEMBERED: NonZeroUsize = NonZeroUsize::new(10_000 + Self::MAX_ROWS).unwrap();
    /// Ordinary answers need half of this; offers with thousands of entries are called again instead.
    const MAX_REMEMBERED_SIZE: usize = 16 << 20;

    /// An empty buffer of a run over one network.
    pub fn new() -> Self {
        Self::with(Limits::of_each(1))
    }

    /// An empty buffer that remembers answers in memory.
    pub(crate) fn with(limits: Limits) -> Self {
        Self::remembering_in(Box::new(Slab::default()), limits)
    }

    /// An empty buffer that remembers answers in a store.
    pub(crate) fn remembering_in(store: Box<dyn AnswerStore>, limits: Limits) -> Self {
        let entries = Self::REMEMBERED.saturating_add(limits.rows.saturating_sub(Self::MAX_ROWS));
        Self { rows: VecDeque::new(), held: 0, answers: AnswerCache::new(entries, limits.remembered, store), limits }
    }

    /// Whether another row may be read.
    pub fn has_room(&self) -> bool {
        self.rows.len() < self.limits.rows && self.held < self.limits.held
    }

    /// How many rows wait.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// How many of them have all that they wait for, and stand only behind an older row.
    pub fn answered(&self) -> usize {
        let is_answered = |row: &&Waiting<R>| row.slot.as_ref().is_none_or(|slot| slot.outcome().is_some());
        self.rows.iter().filter(is_answered).count()
    }

    /// Whether every row is written.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Takes in a row that needs the answer of `offer`.
    pub fn admit(&mut self, row: R, size: usize, offer: OfferId) -> Admitted {
        if let Some((slot, unpacked)) = self.answers.get(offer) {
            self.push(row, size + unpacked, Some(slot), None);
            return Admitted::Shares;
        }
        let slot = Slot::default();
        self.push(row, size, Some(slot.clone()), Some(offer));
        self.answers.expect(offer, slot);
        Admitted::Asks
    }

    /// Takes in a row that needs no call.
    pub fn admit_ready(&mut self, row: R, size: usize) {
        self.push(row, size, None, None);
    }

    /// Gives every row that waits for `offer` its outcome.
    ///
    /// An offer that rows wait for is always remembered: its first row is still in the window, and every entry newer
    /// than the offer's is that of a later row, of which there are fewer than are remembered.
    pub fn finish(&mut self, offer: OfferId, outcome: Outcome) {
        self.held += self.answers.finish(offer, outcome);
    }

    /// Gives every waiting row the error of its offer, which will not be called.
    pub(crate) fn fail_waiting(&mut self, mut error: impl FnMut(OfferId) -> OfferError) {
        // Rows that share a slot stand behind the one that asked.
        let is_open = |row: &&Waiting<R>| row.slot.as_ref().is_some_and(|slot| slot.outcome().is_none());
        let offers: Vec<_> = self.rows.iter().filter(is_open).filter_map(|row| row.asked).collect();
        for offer in offers {
            self.finish(offer, Err(error(offer)));
        }
    }

    /// Takes out the oldest row with its outcome, if that is known or not needed.
    pub fn pop(&mut self) -> Option<(R, Option<Slot>)> {
        let outcome_size = match &self.rows.front()?.slot {
            Some(slot) => size_of_outcome(slot.outcome()?),
            None => 0,
        };
        let Waiting { row, slot, size, asked } = self.rows.pop_front()?;
        self.held = self.held.saturating_sub(size + if asked.is_some() { outcome_size } else { 0 });
        if let (Some(offer), Some(Ok(answer))) = (asked, slot.as_ref().and_then(Slot::outcome)) {
            self.answers.pack(offer, answer);
        }
        Some((row, slot))
    }

    fn push(&mut self, row: R, size: usize, slot: Option<Slot>, asked: Option<OfferId>) {
        self.held += size;
        self.rows.push_back(Waiting { row, slot, size, asked });
    }
}

impl<R> Default for ReorderBuffer<R> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
