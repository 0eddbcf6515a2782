//! Where in a table the offer IDs are: header, lines above it and ID column, judged by all of the first rows.
//!
//! Pure: rows and options in, a layout or a refusal out. The same for text (under each possible delimiter, see
//! [`delimiter`]) and for sheets. Never guesses between readings that would call different offers: then the refusal
//! names the flag that decides. Must not read anything.

mod by_cells;
mod by_name;
mod cell;
pub(super) mod delimiter;
mod found;
mod header;
mod refusal;
mod table;
#[cfg(test)]
mod tests;

pub(super) use found::{Asked, Layout, Line};
pub(super) use header::normal;
pub(crate) use refusal::Refusal;
use table::Table;
pub(super) use table::{looks_like_total, sums_up};

/// How many rows are looked at: twenty below a header that may stand some lines down.
pub(super) const LOOK_AT: usize = 32;

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
