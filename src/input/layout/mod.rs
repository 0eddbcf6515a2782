//! Where in a table the offer IDs stand: header, lines above it, ID column, judged by the first rows together.
//!
//! Pure: rows and what the user said in, a layout or a refusal out. The same for text (under each delimiter that may be
//! meant, see [`delimiter`]) and for sheets. Never guesses between readings that would call different offers: then it is
//! a question, with the flag that answers it. Must not read anything.

mod by_cells;
mod by_name;
mod cell;
pub(super) mod delimiter;
mod header;
mod refusal;
mod table;
#[cfg(test)]
mod tests;

use crate::input::options::{ColumnChoice, Options};
use crate::offer::{InvalidOfferId, OfferId};
use crate::text::one_line;

pub(super) use header::normal;
use refusal::Column;
pub(crate) use refusal::Refusal;
use table::Table;
pub(super) use table::{looks_like_total, sums_up};

/// How many rows are looked at: twenty below a header that may stand some lines down.
pub(super) const LOOK_AT: usize = 32;

/// A row with the number of its line (in a sheet: its row), from 1. Blank rows are left out.
pub(super) type Line = (u64, Vec<String>);

/// What the user said, and how much of the input is seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// `--column`.
    pub(super) column: Option<&'a ColumnChoice>,
    /// `--no-headers`.
    pub(super) no_headers: bool,
    /// The rows seen are all there are.
    pub(super) is_whole: bool,
    /// `--allow-empty`: a header with nothing below is a list, too.
    pub(super) allow_empty: bool,
}

impl<'a> Asked<'a> {
    /// What the options say.
    pub(super) fn of(options: &'a Options, is_whole: bool) -> Self {
        let (column, allow_empty) = (options.column.as_ref(), options.allow_empty);
        Self { column, no_headers: options.no_headers, is_whole, allow_empty }
    }
}

/// Where the IDs stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    /// The ID column, from 0.
    pub(super) id: usize,
    /// The header, if there is one.
    pub(super) header: Option<Header>,
    /// The line of the first row: what stands above is header, or no part of the table.
    pub(super) first: u64,
    /// How many cells a row has.
    pub(super) width: usize,
    /// The header has a name that is known, or that the user gave.
    pub(super) is_named: bool,
    /// The IDs in the rows that were seen.
    pub(super) ids: Vec<OfferId>,
}

/// The names of the columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Header {
    /// Its line.
    pub(super) line: u64,
    /// The names as they stand there.
    pub(super) cells: Vec<String>,
}

/// Finds the ID column and the header of a table by its first rows (up to [`LOOK_AT`]).
///
/// A layout may have no ID in the rows that were seen, where a name or a flag says which column it is: whether there is
/// one further down is for the caller to find out ([`Refusal::NoValidId`]).
///
/// # Errors
/// Says why no column can be read, or which are meant.
pub(super) fn judge(rows: &[Line], asked: Asked<'_>) -> Result<Layout, Refusal> {
    if rows.is_empty() {
        return Err(Refusal::Blank);
    }
    let table = Table::new(rows);
    match by_name::find(&table, asked) {
        Some(named) => by_name::layout(&table, named, asked),
        None => by_cells::layout(&table, asked),
    }
}

impl Layout {
    /// The name and number of the ID column.
    pub(super) fn column(&self) -> Column {
        let name = self.header.as_ref().and_then(|header| header.cells.get(self.id)).cloned();
        Column { number: self.id + 1, name }
    }

    /// The refusal of a whole input of this layout without any ID; `first` is its first row and that row's cell.
    pub(super) fn no_valid_id(&self, line: u64, text: &str, reason: InvalidOfferId) -> Refusal {
        let column = (self.width > 1 || self.header.is_some()).then(|| self.column());
        Refusal::NoValidId { column, line, text: text.to_owned(), reason: reason.to_string() }
    }
}

/// A name as people see it.
fn shown(name: &str) -> String {
    one_line(&name.split_whitespace().collect::<Vec<_>>().join(" "), 40).into_owned()
}
