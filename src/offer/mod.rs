//! Core types: offer ID, answer, error kinds, outcome and the tally of a run.
//!
//! An outcome is the type in the middle of the program: rows, log lines, summary and exit code all derive from it,
//! so that they cannot disagree. This module knows nothing of HTTP, CSV or files.

mod answer;
mod error;
mod id;
mod outcome;
pub mod tally;

pub use self::answer::{Answer, AnswerBuilder, Entry};
pub use self::error::{Class, ErrorKind, OfferError};
pub use self::id::{InvalidOfferId, OfferId};
pub use self::outcome::{Outcome, RowOutcome, Source};
