//! The ID column by its name: one that is known, or the one that the user has given.
//!
//! Pure. Must not look for columns without names.

use crate::input::ColumnChoice;
use crate::input::columns;
use crate::input::layout::cell::Look;
use crate::input::layout::found::{Asked, Layout};
use crate::input::layout::header::{Known, known};
use crate::input::layout::refusal::{Column, Reading, Refusal, Texts};
use crate::input::layout::table::{Table, is_rule, nearly_all};

/// How far down a header may be.
const DEEPEST: usize = 20;

/// A header that was found by a name in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named {
    /// Its row.
    pub(super) row: usize,
    /// The ID column.
    id: usize,
}

/// Finds the header by a name in it.
pub(super) fn find(table: &Table<'_>, asked: Asked<'_>) -> Option<Named> {
    if asked.no_headers {
        return None;
    }
    let mut rows = 0..table.rows.len().min(DEEPEST);
    match asked.column {
        Some(ColumnChoice::Name(name)) => {
            rows.find_map(|row| columns::find(table.cells(row), name).map(|id| Named { row, id }))
        }
        Some(ColumnChoice::Number(number)) => {
            let id = number.checked_sub(1).filter(|id| *id < table.widest())?;
            rows.find(|&row| known_column(table, row).is_some()).map(|row| Named { row, id })
        }
        None => rows.find_map(|row| known_column(table, row).map(|id| Named { row, id })),
    }
}

/// The layout under this header.
pub(super) fn layout(table: &Table<'_>, Named { row, id }: Named, asked: Asked<'_>) -> Result<Layout, Refusal> {
    nothing_lost_above(table, row, id)?;
    let mut first = row + 1;
    if table.rows.get(first).is_some_and(|(_, cells)| is_rule(cells)) {
        first += 1;
    }
    if first >= table.rows.len() && asked.is_whole {
        let looks = table.looks(row).iter().zip(table.cells(row));
        let ids: Vec<_> = looks.filter(|(look, _)| **look <= Look::Marked).map(|(_, cell)| cell.clone()).collect();
        let line = table.line(row);
        if !ids.is_empty() {
            return Err(Refusal::HeaderHoldsIds { line, ids: Texts(ids) });
        }
        if !asked.allow_empty {
            return Err(Refusal::HeaderOnly { line });
        }
    }
    if asked.column.is_none() {
        only_one_of_that_name(table, row, id, first)?;
        not_shifted(table, row, id, first)?;
    }
    Ok(Layout { is_named: true, ..table.layout(id, Some(row), first) })
}

/// Refuses a header with something like an ID above it.
pub(super) fn nothing_lost_above(table: &Table<'_>, header: usize, id: usize) -> Result<(), Refusal> {
    for row in 0..header {
        let mut filled = table.filled(row);
        let lone = filled.next().filter(|_| filled.next().is_none());
        for column in lone.into_iter().chain([id]) {
            let text = table.cell(row, column);
            // Reports begin with lines such as `Date: 20261127`.
            let is_marked =
                table.look(row, column) == Look::Marked && !text.trim_start().starts_with(char::is_alphabetic);
            if is_marked || table.look(row, column) == Look::Id {
                let text = text.to_owned();
                return Err(Refusal::AboveHeader { line: table.line(row), text, header: table.line(header) });
            }
        }
    }
    Ok(())
}

/// The column whose name is most surely that of IDs, if this row is a header.
fn known_column(table: &Table<'_>, row: usize) -> Option<usize> {
    let cells = table.cells(row);
    let of = |wanted: Known| cells.iter().position(|cell| known(cell) == Some(wanted)).map(|column| (column, wanted));
    let (column, known) = of(Known::Offer).or_else(|| of(Known::Id))?;
    // `16,ID` is an offer and the country Indonesia.
    let has_ids = table.looks(row).contains(&Look::Id);
    let is_header = !has_ids || known == Known::Offer || {
        let below = table.tally(column, row + 1);
        nearly_all(below.ids, below.rows)
    };
    is_header.then_some(column)
}

/// Refuses two columns of one name with different IDs below.
fn only_one_of_that_name(table: &Table<'_>, row: usize, id: usize, first: usize) -> Result<(), Refusal> {
    let of = |column: usize| known(table.cell(row, column));
    let same: Vec<usize> = (0..table.cells(row).len()).filter(|&column| of(column) == of(id)).collect();
    let below = |column: usize| (first..table.rows.len()).map(move |row| table.cell(row, column).trim());
    let rivals = same.iter().filter(|&&column| table.tally(column, first).is_contender());
    let differing = rivals.filter(|&&column| column == id || !below(column).eq(below(id))).copied().collect::<Vec<_>>();
    if differing.len() < 2 {
        return Ok(());
    }
    Err(Refusal::WhichColumn { readings: readings(table, Some(row), first, &differing) })
}

/// Refuses rows that all have one cell more than the header, if the next column holds IDs too.
fn not_shifted(table: &Table<'_>, row: usize, id: usize, first: usize) -> Result<(), Refusal> {
    let width = table.cells(row).len();
    let rows = first..table.rows.len();
    let longer = rows.clone().filter(|&row| table.filled(row).last() == Some(width)).count();
    let is_shifted = width > 1 && nearly_all(longer, rows.len()) && table.tally(id + 1, first).is_nearly_all();
    if !is_shifted || !table.tally(id, first).is_nearly_all() {
        return Ok(());
    }
    let texts = |column: usize| Texts(rows.clone().map(|row| table.cell(row, column).to_owned()).collect());
    Err(Refusal::Shifted { header: table.line(row), id, here: texts(id), next: texts(id + 1) })
}

/// The reading of each of these columns.
pub(super) fn readings(table: &Table<'_>, header: Option<usize>, first: usize, columns: &[usize]) -> Vec<Reading> {
    let reading = |&column: &usize| {
        let name = header.map(|row| table.cell(row, column).to_owned());
        let cells = (first..table.rows.len()).map(|row| table.cell(row, column)).filter(|cell| !cell.trim().is_empty());
        let ids = Texts(cells.map(str::to_owned).collect());
        Reading { column: Column { number: column + 1, name }, ids }
    };
    columns.iter().map(reading).collect()
}
