//! Which character separates the cells of a text.
//!
//! Pure: chooses one of the ways to split the records. A known name in a header decides; else the delimiter under
//! which one column holds IDs and no cell still holds another delimiter beside a digit.

use crate::input::layout::by_name::{self, Named};
use crate::input::layout::found::{Asked, Layout, Line};
use crate::input::layout::judge;
use crate::input::layout::refusal::{DelimiterReading, Reading, Refusal, Texts};
use crate::input::layout::table::Table;

/// The first records of the text under one delimiter.
#[derive(Debug)]
pub(in crate::input) struct Cut {
    pub(in crate::input) delimiter: u8,
    pub(in crate::input) rows: Vec<Line>,
}

/// The delimiter and the layout under it, which may be refused; the first delimiter where there is none in the text.
pub(in crate::input) fn choose<'a>(cuts: &'a [Cut], asked: Asked<'_>) -> (Option<&'a Cut>, Result<Layout, Refusal>) {
    let Some(first) = cuts.first() else { return (None, Err(Refusal::Blank)) };
    let settle = |cut: &'a Cut| (Some(cut), judge(&cut.rows, asked));
    if cuts.len() == 1 {
        return settle(first);
    }
    let mut is_named = false;
    let mut best: Option<(&Cut, (usize, usize))> = None;
    for cut in cuts {
        let table = Table::new(&cut.rows);
        let Some(Named { row, .. }) = by_name::find(&table, asked) else { continue };
        is_named = true;
        let width = table.cells(row).len();
        let alike = cut.rows.iter().filter(|(_, cells)| cells.len() == width).count();
        if width > 1 && best.is_none_or(|(_, score)| (alike, width) > score) {
            best = Some((cut, (alike, width)));
        }
    }
    if let Some((cut, _)) = best {
        return settle(cut);
    }
    let used: Vec<&Cut> = cuts.iter().filter(|cut| is_used(&cut.rows)).collect();
    match used.as_slice() {
        [] => settle(first),
        _ if is_named => settle(first),
        [only] => settle(only),
        several => among(several, asked),
    }
}

/// Whether the text seems to use this delimiter: half of its lines do, each with the same number of cells.
fn is_used(rows: &[Line]) -> bool {
    let width = Table::new(rows).usual_width(0);
    let alike = rows.iter().filter(|(_, cells)| cells.len() == width).count();
    width > 1 && 2 * alike >= rows.len()
}

fn among<'a>(used: &[&'a Cut], asked: Asked<'_>) -> (Option<&'a Cut>, Result<Layout, Refusal>) {
    let judged: Vec<(&Cut, bool, Result<Layout, Refusal>)> =
        used.iter().map(|cut| (*cut, is_clean(cut, used), judge(&cut.rows, asked))).collect();
    let has_clean = judged.iter().any(|(_, clean, result)| {
        *clean
            && match result {
                Ok(_) => true,
                Err(refusal) => refusal.is_question(),
            }
    });
    let judged: Vec<_> = judged.into_iter().filter(|(_, clean, _)| *clean || !has_clean).collect();
    let mut fits: Vec<(&Cut, &Layout)> =
        judged.iter().filter_map(|(cut, _, result)| Some((*cut, result.as_ref().ok()?))).collect();
    if fits.is_empty() || judged.iter().any(|(_, _, result)| result.as_ref().is_err_and(Refusal::is_question)) {
        let question = judged.iter().position(|(_, _, result)| result.as_ref().is_err_and(Refusal::is_question));
        let at = question.unwrap_or(0);
        return judged.into_iter().nth(at).map_or((None, Err(Refusal::Blank)), |(cut, _, result)| (Some(cut), result));
    }
    if fits.iter().any(|(_, layout)| layout.ids != fits[0].1.ids) {
        // A line is split after an ID if a character follows that no text has after a number.
        let begins: Vec<_> = fits.iter().copied().filter(|(_, layout)| layout.id == 0).collect();
        match begins.as_slice() {
            [only] if only.0.delimiter != b',' => fits = vec![*only],
            _ => {
                return (
                    None,
                    Err(Refusal::WhichDelimiter { readings: fits.iter().map(|fit| reading(*fit)).collect() }),
                );
            }
        }
    }
    let widest = fits.into_iter().rev().max_by_key(|(_, layout)| layout.width);
    widest.map_or((None, Err(Refusal::Blank)), |(cut, layout)| (Some(cut), Ok(layout.clone())))
}

/// Whether no cell holds another of the delimiters beside a digit, as `16;1` does under a comma. `1,50` is a number.
fn is_clean(cut: &Cut, used: &[&Cut]) -> bool {
    let others: Vec<char> =
        used.iter().map(|other| char::from(other.delimiter)).filter(|&c| c != char::from(cut.delimiter)).collect();
    !cut.rows.iter().flat_map(|(_, cells)| cells).any(|cell| is_stained(cell, &others))
}

fn is_stained(cell: &str, others: &[char]) -> bool {
    let is_number = cell.contains(|c: char| c.is_ascii_digit())
        && cell.chars().all(|c| {
            c.is_ascii_digit() || c.is_whitespace() || matches!(c, ',' | '.' | '\'' | '-' | '+' | '%' | '€' | '$' | '£')
        });
    let mut before = None;
    let mut chars = cell.chars().peekable();
    while let Some(c) = chars.next() {
        let after = chars.peek().copied();
        // A comma with a blank is ordinary text.
        let is_text = c == ',' && (is_number || after.is_none_or(char::is_whitespace));
        let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        if others.contains(&c) && !is_text && (is_digit(before) || is_digit(after)) {
            return true;
        }
        before = Some(c);
    }
    false
}

fn reading((cut, layout): (&Cut, &Layout)) -> DelimiterReading {
    let ids = Texts(layout.ids.iter().map(ToString::to_string).collect());
    DelimiterReading { delimiter: cut.delimiter, reading: Reading { column: layout.column(), ids } }
}
