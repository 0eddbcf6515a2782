//! Reads back an output that is there already, for `--retry-failed`.
//!
//! Decides nothing about what is asked again.

mod bytes;
mod error;
mod output_reader;
mod resaved;
mod row;
mod split;
#[cfg(test)]
mod tests;

pub use bytes::Bytes;
pub use error::PreviousError;
pub use output_reader::OutputReader;
pub use row::{FailedRow, OldLinks, PreviousRow};
