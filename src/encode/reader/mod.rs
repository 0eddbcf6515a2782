//! Reads an existing output, for `--retry-failed`.
//!
//! Does not decide which offers are retried.

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
