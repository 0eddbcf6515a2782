//! The options about the layout, and the layout that was found.

use crate::input::layout::refusal::{Column, Reading, Refusal, Texts};
use crate::input::options::{ColumnChoice, Options};
use crate::offer::{InvalidOfferId, OfferId};

/// A row with the number of its line (in a sheet: its row), from 1. Blank rows are left out.
pub(in crate::input) type Line = (u64, Vec<String>);

/// The options, and whether all of the input is seen.
#[derive(Clone, Copy, Debug)]
pub(in crate::input) struct Asked<'a> {
    /// `--column`.
    pub(in crate::input) column: Option<&'a ColumnChoice>,
    /// `--no-headers`.
    pub(in crate::input) no_headers: bool,
    /// The rows seen are all there are.
    pub(in crate::input) is_whole: bool,
    /// `--allow-empty`: a header with nothing below is a list, too.
    pub(in crate::input) allow_empty: bool,
}

impl<'a> Asked<'a> {
    /// What the options say.
    pub(in crate::input) fn of(options: &'a Options, is_whole: bool) -> Self {
        let (column, allow_empty) = (options.column.as_ref(), options.allow_empty);
        Self { column, no_headers: options.no_headers, is_whole, allow_empty }
    }
}

/// Where the IDs stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::input) struct Layout {
    /// The ID column, from 0.
    pub(in crate::input) id: usize,
    /// The header, if there is one.
    pub(in crate::input) header: Option<Header>,
    /// The line of the first row: lines above are the header, or not part of the table.
    pub(in crate::input) first: u64,
    /// How many cells a row has.
    pub(in crate::input) width: usize,
    /// The header has a known name, or the name that the user gave.
    pub(in crate::input) is_named: bool,
    /// The IDs in the rows that were seen.
    pub(in crate::input) ids: Vec<OfferId>,
}

/// The names of the columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::input) struct Header {
    /// Its line.
    pub(in crate::input) line: u64,
    /// The unchanged names.
    pub(in crate::input) cells: Vec<String>,
}

impl Layout {
    /// The name and number of the ID column.
    pub(in crate::input) fn column(&self) -> Column {
        let name = self.header.as_ref().and_then(|header| header.cells.get(self.id)).cloned();
        Column { number: self.id + 1, name }
    }

    /// The refusal of this layout of a first sheet, where another sheet may be meant.
    pub(in crate::input) fn which_sheet(&self) -> Refusal {
        let ids = Texts(self.ids.iter().map(ToString::to_string).collect());
        Refusal::WhichSheet { reading: Reading { column: self.column(), ids } }
    }

    /// The refusal of a whole input of this layout without any ID; `first` is its first row and that row's cell.
    pub(in crate::input) fn no_valid_id(&self, line: u64, text: &str, reason: InvalidOfferId) -> Refusal {
        let column = (self.width > 1 || self.header.is_some()).then(|| self.column());
        Refusal::NoValidId { column, line, text: text.to_owned(), reason: reason.to_string() }
    }
}
