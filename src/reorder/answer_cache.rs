//! Answers that later rows may need again, so that an offer in many rows is called once.
//!
//! Bounded in entries and in bytes. Knows nothing of rows and calls.

use std::num::NonZeroUsize;

use crate::offer::{Answer, OfferError, OfferId, Outcome};
use crate::reorder::Slot;
use crate::reorder::recent::Recent;
use crate::reorder::store::{AnswerStore, Stored};

/// What is known of an offer.
#[derive(Debug)]
enum Known {
    /// Its outcome is on its way, waits to be written, or is an error.
    Slot(Slot),
    /// Its answer, packed away.
    Packed(Stored),
}

/// The answers of the offers that were called last.
#[derive(Debug)]
pub(super) struct AnswerCache {
    known: Recent<OfferId, Known>,
    /// Bytes held by finished answers.
    size: usize,
    /// How many bytes they may hold.
    most: usize,
    store: Box<dyn AnswerStore>,
    packed: Vec<u8>,
}

impl AnswerCache {
    /// Room that is kept for packing an answer, in bytes.
    const USUAL_ANSWER: usize = 64 << 10;

    /// An empty cache of at most `entries` offers, whose answers hold at most `most` bytes, in `store` once they are
    /// written.
    pub(super) fn new(entries: NonZeroUsize, most: usize, store: Box<dyn AnswerStore>) -> Self {
        Self { known: Recent::new(entries), size: 0, most, store, packed: Vec::new() }
    }

    /// How many offers are known.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// Bytes held by finished answers.
    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Where the outcome of an offer is or will be, and how many bytes were unpacked for it; `None` if it has to be asked
    /// for.
    pub(super) fn get(&mut self, offer: OfferId) -> Option<(Slot, usize)> {
        match self.known.get_mut(offer)? {
            Known::Slot(slot) => Some((slot.clone(), 0)),
            Known::Packed(stored) => {
                let packed = self.store.get(stored)?;
                let answer = Answer::unpack(&packed)?;
                if self.store.is_fading(stored)
                    && let Some(again) = self.store.put(&packed)
                {
                    self.store.remove(std::mem::replace(stored, again));
                }
                let size = answer.size();
                Some((Slot::filled(Ok(answer)), size))
            }
        }
    }

    /// The outcome of an offer is on its way to this slot.
    pub(super) fn expect(&mut self, offer: OfferId, slot: Slot) {
        if let Some(forgotten) = self.known.insert(offer, Known::Slot(slot)) {
            self.forgotten(forgotten);
        }
    }

    /// Gives everybody who waits for an offer its outcome; returns how many bytes that takes.
    pub(super) fn finish(&mut self, offer: OfferId, outcome: Outcome) -> usize {
        let Some(Known::Slot(slot)) = self.known.peek_mut(offer) else { return 0 };
        let size = size_of_outcome(&outcome);
        let taken = if slot.fill(outcome) { size } else { 0 };
        self.size += taken;
        while self.size > self.most && self.forget_oldest() {}
        taken
    }

    /// Packs an answer away that is about to be written.
    pub(super) fn pack(&mut self, offer: OfferId, answer: &Answer) {
        let Some(known) = self.known.peek_mut(offer) else { return };
        self.packed.clear();
        answer.pack(&mut self.packed);
        if let Some(stored) = self.store.put(&self.packed) {
            self.size = (self.size + self.store.room(&stored)).saturating_sub(answer.size());
            *known = Known::Packed(stored);
        }
        self.packed.shrink_to(Self::USUAL_ANSWER);
    }

    /// Forgets the answer that has not been needed for longest; one still on its way cannot be forgotten.
    fn forget_oldest(&mut self) -> bool {
        let oldest = self.known.oldest();
        if oldest.is_none_or(|known| matches!(known, Known::Slot(slot) if slot.outcome().is_none())) {
            return false;
        }
        if let Some(known) = self.known.pop_oldest() {
            self.forgotten(known);
        }
        true
    }

    fn forgotten(&mut self, known: Known) {
        let size = match &known {
            Known::Slot(slot) => slot.outcome().map_or(0, size_of_outcome),
            Known::Packed(stored) => self.store.room(stored),
        };
        self.size = self.size.saturating_sub(size);
        if let Known::Packed(stored) = known {
            self.store.remove(stored);
        }
    }
}

/// How many bytes an outcome holds.
pub(super) fn size_of_outcome(outcome: &Outcome) -> usize {
    match outcome {
        Ok(answer) => answer.size(),
        Err(error) => error.message.len() + error.code.as_ref().map_or(0, |code| code.len()) + size_of::<OfferError>(),
    }
}
