//! Where answers are kept that are written but may be needed again.
//!
//! Knows nothing of what the bytes mean. A store that loses some costs calls, never rows.

use std::fmt;

/// Byte strings that are kept for later.
pub(crate) trait AnswerStore: fmt::Debug {
    /// Takes in a string; `None` where it cannot be kept.
    fn put(&mut self, bytes: &[u8]) -> Option<Stored>;

    /// Copies a string out; `None` where it is lost.
    fn get(&mut self, stored: &Stored) -> Option<Vec<u8>>;

    /// Gives a string's room back.
    fn remove(&mut self, stored: Stored);

    /// Room taken up, in bytes.
    fn room(&self, stored: &Stored) -> usize;

    /// Whether a string that is needed should be put in again: it is going to be lost, though it was just used.
    fn is_fading(&self, stored: &Stored) -> bool;
}

/// A string in a store. Must be given back to it, or its room is lost until the end of the run.
#[derive(Debug)]
#[must_use]
pub(crate) struct Stored {
    /// Where it begins; only its store knows what that means.
    pub(crate) at: u64,
    /// Its length in bytes.
    pub(crate) len: u32,
}
