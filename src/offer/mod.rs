//! Core types: what identifies an offer, what the network answers for it, and what may go wrong.
//!
//! `Outcome` is the type in the middle of the program: rows, log lines, summary and exit code all derive from it,
//! so that they cannot disagree. This module knows nothing of HTTP, CSV or time.

mod answer;
mod error;
mod id;
pub mod tally;

pub use self::answer::{Answer, AnswerBuilder, Entry};
pub use self::error::{Class, ErrorKind, OfferError};
pub use self::id::{InvalidOfferId, OfferId};

/// What became of an offer: its links, or why there are none.
pub type Outcome = Result<Answer, OfferError>;
