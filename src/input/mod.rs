//! Bytes to rows: offer IDs (or why there is none) and the kept cells, from CSV in any dialect or from a workbook.
//!
//! Owns the formats of inputs, and the positions at which a run can resume reading. Reads one row at a time, so that
//! memory does not depend on the input's size. Must not know of the network, nor write anything.

mod cells;
mod columns;
mod delimited;
mod dialect;
mod encoding;
mod error;
mod fingerprint;
mod foreign;
mod growing;
mod layout;
mod names;
mod open;
mod options;
pub(crate) mod packed;
mod reader;
mod record;
mod resolved;
mod resume;
mod row;
mod search;
mod source;
#[cfg(test)]
mod tests;
mod total;
mod warnings;
mod workbook;

pub(crate) use cells::Cells;
pub(crate) use error::InputError;
pub(crate) use fingerprint::{InputFingerprint, NotTheSameInput, PrefixHasher, ResumePosition};
pub(crate) use options::{ColumnChoice, Keep, NetworkColumn, Options, WantedColumns};
pub(crate) use reader::Input;
pub(crate) use resolved::Resolved;
pub(crate) use row::{BadId, Row};
pub(crate) use source::Source;
pub(crate) use total::Total;
pub(crate) use warnings::InputWarnings;
