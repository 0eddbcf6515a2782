//! The ID column by its cells, where no name says which; and the header above a column that is known otherwise.
//!
//! Pure. A column is the ID column if nearly all of its cells are IDs, and no other column could be meant.

use crate::input::ColumnChoice;
use crate::input::columns::unique_names;
use crate::input::layout::by_name::{nothing_lost_above, readings};
use crate::input::layout::cell::Look;
use crate::input::layout::found::{Asked, Layout};
use crate::input::layout::header::is_header_word;
use crate::input::layout::refusal::{Refusal, Texts};
use crate::input::layout::table::{Table, is_rule};
use crate::input::names::Names;

/// The layout of a table without a name that is known.
pub(super) fn layout(table: &Table<'_>, asked: Asked<'_>) -> Result<Layout, Refusal> {
    let id = match asked.column {
        Some(ColumnChoice::Number(number)) => {
            let id = number.checked_sub(1).filter(|id| *id < table.widest());
            id.ok_or_else(|| unknown(table, &number.to_string(), asked))?
        }
        Some(ColumnChoice::Name(name)) => {
            let names = names(table, asked);
            let id = crate::input::columns::find(&names, name).filter(|_| asked.no_headers);
            id.ok_or_else(|| unknown(table, name, asked))?
        }
        None => match table.only_column() {
            Some(only) => lone(table, only, asked)?,
            None => among_several(table, asked)?,
        },
    };
    let (header, first) = place(table, id, asked)?;
    Ok(table.layout(id, header, first))
}

/// A list of one column is a list of IDs, unless it is a single line of text.
fn lone(table: &Table<'_>, only: usize, asked: Asked<'_>) -> Result<usize, Refusal> {
    if table.rows.len() == 1 && asked.is_whole && !asked.no_headers && table.look(0, only) == Look::Word {
        return Err(Refusal::OnlyText { text: table.cell(0, only).to_owned() });
    }
    Ok(only)
}

fn among_several(table: &Table<'_>, asked: Asked<'_>) -> Result<usize, Refusal> {
    let no_column = || Refusal::NoIdColumn { columns: Names(names(table, asked)) };
    let has_id = |row: &usize| table.looks(*row).contains(&Look::Id);
    let body = (0..table.rows.len()).find(has_id).ok_or_else(no_column)?;
    let start = if asked.no_headers { 0 } else { body };
    let all_ids = |row: usize| table.looks(row).iter().all(|look| matches!(look, Look::Id | Look::Blank));
    let crowded = (body..table.rows.len()).find(|&row| table.filled(row).count() > 1);
    if let Some(row) = crowded.filter(|_| (start..table.rows.len()).all(all_ids)) {
        let ids = table.filled(row).map(|column| table.cell(row, column).to_owned()).collect();
        return Err(Refusal::SeveralOnALine { line: table.line(row), ids: Texts(ids) });
    }
    let tally = |column: usize| table.tally(column, start);
    let contenders: Vec<usize> = (0..table.widest()).filter(|&column| tally(column).is_contender()).collect();
    // A column with gaps is not the ID column beside one without gaps.
    let complete: Vec<usize> =
        contenders.iter().copied().filter(|&column| tally(column).ids == tally(column).rows).collect();
    let has_gaps = |column: &usize| {
        let tally = tally(*column);
        tally.ids + tally.blank == tally.rows && tally.blank > 0
    };
    // Not a guard of the match: Rust 1.91 has none with `let`.
    if contenders.len() == 1
        && !asked.no_headers
        && let Some(ids) = listed_in_text(table)
    {
        return Err(Refusal::SeveralOnALine { line: table.line(0), ids: Texts(ids) });
    }
    let (header, first) = match contenders.as_slice() {
        [] => return Err(no_column()),
        [only] if tally(*only).ids > 0 => return Ok(*only),
        [only, ..] => place(table, *only, asked).unwrap_or((None, start)),
    };
    match complete.as_slice() {
        [only] if contenders.iter().all(|column| column == only || has_gaps(column)) => Ok(*only),
        _ => Err(Refusal::WhichColumn { readings: readings(table, header, first, &contenders) }),
    }
}

/// The numbers of a lone line such as `Offers 16, 17, 18 thanks`, or of the first of lines such as `(16, 17, 18)`: each cell
/// holds one number, the first cell ends in it and the last begins with it, so what stands between them is no delimiter.
fn listed_in_text(table: &Table<'_>) -> Option<Vec<String>> {
    let is_lone = table.rows.len() == 1;
    let mut lists = (0..table.rows.len()).map(|row| {
        let cells: Vec<&str> = table.filled(row).map(|column| table.cell(row, column).trim()).collect();
        let (first, last) = (*cells.first()?, *cells.last()?);
        let is_digit = |c: char| c.is_ascii_digit();
        let is_list = cells.len() > 1 && first.ends_with(is_digit) && last.starts_with(is_digit);
        // `Shoes 24,16` above `Hats 25,17` is a table.
        let is_list = is_list && (is_lone || first.starts_with(['(', '[', '{']));
        is_list.then(|| cells.iter().map(|cell| lone_number(cell)).collect::<Option<Vec<String>>>()).flatten()
    });
    let first = lists.next()??;
    lists.all(|list| list.is_some()).then_some(first)
}

/// The only run of digits in a cell.
fn lone_number(cell: &str) -> Option<String> {
    let mut runs = cell.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty());
    let run = runs.next()?;
    runs.next().is_none().then(|| run.to_owned())
}

/// The header above the IDs of a column, and the first row.
fn place(table: &Table<'_>, id: usize, asked: Asked<'_>) -> Result<(Option<usize>, usize), Refusal> {
    if asked.no_headers {
        return Ok((None, 0));
    }
    let Some(body) = (0..table.rows.len()).find(|&row| table.look(row, id) == Look::Id) else {
        // Nothing below shows what the first line is, so its own look decides.
        let is_header = table.look(0, id) == Look::Word;
        return Ok((is_header.then_some(0), usize::from(is_header)));
    };
    if body == 0 {
        let has_name = |column: usize| {
            is_name(table, column) && (1..table.rows.len()).all(|row| table.cell(row, column) != table.cell(0, column))
        };
        let is_open = asked.column.is_none() && table.filled(0).any(has_name);
        return if is_open { Err(header_or_row(table, 0)) } else { Ok((None, 0)) };
    }
    let usual = table.usual_filled(body);
    if usual < 2 {
        let is_header = table.look(0, id) == Look::Word;
        return Ok((is_header.then_some(0), usize::from(is_header)));
    }
    let filled = |row: usize| table.filled(row).count();
    // pandas writes no name above its index.
    let is_beside = |row: usize| table.look(row, id) == Look::Blank && filled(row) + 1 == usual;
    let header = (0..body)
        .find(|&row| filled(row) >= usual)
        .or_else(|| Some(body - 1).filter(|&row| filled(row) > 1 || is_beside(row)));
    let Some(header) = header else {
        // Titles, unless one has a digit: then it is a row, and its error says why it is not called.
        let is_row = |row: &usize| table.looks(*row).iter().any(|look| !matches!(look, Look::Word | Look::Blank));
        return Ok((None, (0..body).find(is_row).unwrap_or(body)));
    };
    nothing_lost_above(table, header, id)?;
    match table.look(header, id) {
        Look::Word | Look::Blank => {
            let has_rule = table.rows.get(header + 1).is_some_and(|(_, cells)| is_rule(cells));
            Ok((Some(header), header + 1 + usize::from(has_rule)))
        }
        Look::Digits => Err(header_or_row(table, header)),
        Look::Id | Look::Marked | Look::Numbered => Ok((None, header)),
    }
}

/// Whether the first row's cell is a name rather than a value. `ID` and `NO` alone are countries as well.
fn is_name(table: &Table<'_>, column: usize) -> bool {
    let cell = table.cell(0, column).trim();
    table.look(0, column) == Look::Word && cell.len() > 2 && is_header_word(cell)
}

fn header_or_row(table: &Table<'_>, row: usize) -> Refusal {
    Refusal::HeaderOrRow { line: table.line(row), cells: Texts(table.cells(row).to_vec()) }
}

/// The names of the columns, where they have any.
fn names(table: &Table<'_>, asked: Asked<'_>) -> Vec<String> {
    let widest = table.widest();
    let row = table.rows.iter().find(|(_, cells)| cells.len() == widest).map_or(&[][..], |(_, cells)| cells.as_slice());
    let is_header = !asked.no_headers && !row.iter().any(|cell| Look::of(cell) == Look::Id);
    unique_names(row, is_header)
}

fn unknown(table: &Table<'_>, wanted: &str, asked: Asked<'_>) -> Refusal {
    Refusal::UnknownColumn { wanted: wanted.to_owned(), option: "--column", columns: Names(names(table, asked)) }
}
