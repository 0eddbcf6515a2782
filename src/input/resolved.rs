//! What was decided about an input, whether by flags or by its own words.
//!
//! Plain values: two command lines that come to the same ones read the same rows. Must not decide anything.

use super::{Input, Records};

/// How an input is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolved {
    /// The sheet of a workbook.
    pub sheet: Option<String>,
    /// The byte between the cells of a text.
    pub delimiter: Option<u8>,
    /// The line of the header (in a sheet: its row), from 1; `None` without one.
    pub header_line: Option<u64>,
    /// Lines that the user left out above rows without a header.
    pub skipped_lines: u64,
    /// The column of the offer IDs, from 1.
    pub column: usize,
    /// Its name, where there is a header.
    pub column_name: Option<String>,
}

impl Input {
    /// How it is read.
    pub fn resolved(&self) -> Resolved {
        let (sheet, delimiter) = match &self.records {
            Records::Sheet(sheet) => (Some(sheet.name().to_owned()), None),
            Records::Text(text) => (None, Some(text.delimiter())),
        };
        let name = self.columns.names.get(self.columns.id).filter(|_| self.header_line.is_some());
        Resolved {
            sheet,
            delimiter,
            header_line: self.header_line,
            skipped_lines: if self.header_line.is_none() { self.skipped_lines } else { 0 },
            column: self.columns.id + 1,
            column_name: name.cloned(),
        }
    }

    /// The name that a column has in the input, of which `name` may be another spelling.
    pub fn column_name(&self, name: &str) -> Option<&str> {
        super::columns::find(&self.columns.names, name)
            .and_then(|column| self.columns.names.get(column))
            .map(String::as_str)
    }
}
