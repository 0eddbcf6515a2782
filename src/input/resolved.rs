//! How an input is read, as decided by flags or by its content.
//!
//! Plain values: two command lines with the same values read the same rows. Must not decide anything.

use std::fmt;

use serde_json::{Value, json};

use crate::input::columns;
use crate::input::names::SheetFlags;
use crate::input::reader::{Input, Records};
use crate::text::shown_start;

/// How an input is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Resolved {
    /// The sheet of a workbook.
    pub sheet: Option<String>,
    /// The byte between the cells of a text.
    pub delimiter: Option<u8>,
    /// The line of the header (in a sheet: its row), from 1; `None` without one.
    pub header_line: Option<u64>,
    /// Lines that the user left out above rows without a header.
    pub skipped_lines: u64,
    /// How many columns there are.
    pub columns: usize,
    /// The column of the offer IDs, from 1.
    pub column: usize,
    /// Its name, where there is a header.
    pub column_name: Option<String>,
    /// Sheets that hold offer IDs too, and are not read.
    pub other_sheets: SheetFlags,
}

/// As it is shown before the run: `column 2 "Offer ID", header in line 4, ";" between cells`.
impl fmt::Display for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}", self.column)?;
        let name = self.column_name.iter().flat_map(|name| name.split_whitespace()).collect::<Vec<_>>().join(" ");
        if !name.is_empty() {
            write!(f, " \"{}\"", shown_start(&name, 60))?;
        }
        match self.header_line {
            Some(line) => write!(f, ", header in line {line}")?,
            None => f.write_str(", no header")?,
        }
        match self.delimiter.filter(|_| self.columns > 1) {
            Some(b'\t') => f.write_str(", tab between cells")?,
            Some(delimiter) => write!(f, ", \"{}\" between cells", char::from(delimiter).escape_default())?,
            None => {}
        }
        if let Some(sheet) = &self.sheet {
            write!(f, ", sheet {}", shown_start(sheet, 60))?;
        }
        if self.other_sheets.0.is_empty() { Ok(()) } else { write!(f, " (there are more: {})", self.other_sheets) }
    }
}

impl Resolved {
    /// The same for programs.
    pub(crate) fn fields(&self) -> Value {
        json!({
            "event": "reading", "column": self.column, "column_name": self.column_name, "header_line": self.header_line,
            "delimiter": self.delimiter.map(|byte| char::from(byte).to_string()), "sheet": self.sheet,
            "other_sheets": self.other_sheets.0,
        })
    }
}

impl Input {
    /// How it is read.
    pub(crate) fn resolved(&self) -> Resolved {
        let (sheet, delimiter) = match &self.records {
            Records::Sheet(sheet) => (Some(sheet.name().to_owned()), None),
            Records::Text(text) => (None, Some(text.delimiter())),
        };
        let name = self.columns.names.get(self.columns.id).filter(|_| self.head.header_line.is_some());
        Resolved {
            sheet,
            delimiter,
            header_line: self.head.header_line,
            skipped_lines: if self.head.header_line.is_none() { self.head.skipped_lines } else { 0 },
            columns: self.columns.names.len(),
            column: self.columns.id + 1,
            column_name: name.cloned(),
            other_sheets: SheetFlags(self.head.other_sheets.clone()),
        }
    }

    /// The input's own spelling of a column name.
    pub(crate) fn column_name(&self, name: &str) -> Option<&str> {
        columns::find(&self.columns.names, name).and_then(|column| self.columns.names.get(column)).map(String::as_str)
    }
}
