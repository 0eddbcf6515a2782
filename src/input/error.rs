//! Why an input cannot be read, and what to do about it.
//!
//! Owns the messages for users. Must not decide anything.

use std::io;

pub(crate) use crate::input::encoding::Unreadable;
pub(crate) use crate::input::layout::Refusal;
use crate::input::names::{Names, SheetFlags};
use crate::input::workbook::NotAWorkbook;

/// Why the input cannot be used, or cannot be read further.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    /// No such file.
    #[error("{input}: no such file; pass a file of offer IDs, or `-` to read from standard input")]
    Missing {
        /// The path.
        input: String,
    },
    /// A folder.
    #[error("{input}: is a folder; pass the file of offer IDs in it")]
    IsFolder {
        /// The path.
        input: String,
    },
    /// There, but it cannot be opened.
    #[error("{input}: cannot be opened; check that this user may read it")]
    Open {
        /// The path.
        input: String,
        /// What the system says.
        source: io::Error,
    },
    /// Neither text nor a workbook.
    #[error("{input}: cannot be read: {reason}")]
    Unreadable {
        /// The path.
        input: String,
        /// What it is instead.
        reason: Unreadable,
    },
    /// Looks like a workbook, but no sheet can be read from it.
    #[error("{input}: cannot be read as a workbook: {reason}")]
    Workbook {
        /// The path.
        input: String,
        /// What it is instead.
        reason: NotAWorkbook,
    },
    /// `--sheet` names none of the sheets.
    #[error("{input}: there is no sheet \"{wanted}\"; its sheets are: {sheets}")]
    UnknownSheet {
        /// The path.
        input: String,
        /// The name that was given.
        wanted: String,
        /// The names there are.
        sheets: Names,
    },
    /// `--sheet` with something that has no sheets.
    #[error("{input}: --sheet is for workbooks (.xlsx, .xls, .ods), and this is text; leave it out")]
    NoSheets {
        /// The path.
        input: String,
    },
    /// `--delimiter` with something that has none.
    #[error("{input}: --delimiter is for text, and this is a workbook; leave it out")]
    NoDelimiter {
        /// The path.
        input: String,
    },
    /// Text or a sheet, but no list of offers, or one that can be read in several ways.
    #[error("{input}: {refusal}")]
    NotAList {
        /// The path.
        input: String,
        /// Why.
        refusal: Refusal,
    },
    /// The sheet that is read is no list of offers, and others are.
    #[error("{input}, sheet {sheet}: {refusal}; there are offer IDs in other sheets: {others}")]
    OtherSheets {
        /// The path.
        input: String,
        /// The sheet that is read.
        sheet: String,
        /// What it is.
        refusal: Box<Refusal>,
        /// The others.
        others: SheetFlags,
    },
    /// The source failed.
    #[error("{input}, line {line}: reading failed")]
    Read {
        /// The path.
        input: String,
        /// The line that was being read.
        line: u64,
        /// What the system says.
        source: io::Error,
    },
    /// A record that has no end.
    #[error(
        "{input}, line {line}: a row of more than {mib} MiB starts here; look for a quote (\") that is never closed",
        mib = crate::input::delimited::MAX_RECORD >> 20
    )]
    TooLong {
        /// The path.
        input: String,
        /// The line on which the row starts.
        line: u64,
    },
    /// A quote that is never closed: all following rows would count as one cell, and their offers would be lost.
    #[error(
        "{input}, line {line}: a quote (\") opens here and never closes, so all lines below would be read as one cell; \
         close it, or remove it"
    )]
    UnclosedQuote {
        /// The path.
        input: String,
        /// The line on which the row with it starts.
        line: u64,
    },
}

impl InputError {
    /// Whether the user has to change the command or the input (exit 2), rather than the machine failing in the middle
    /// of the run (exit 1).
    pub(crate) fn is_usage(&self) -> bool {
        !matches!(self, Self::Read { .. })
    }
}
