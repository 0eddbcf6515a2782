//! The first rows of a table, with the look of each cell.
//!
//! Owns the counts over rows and columns. Must not decide.

use crate::input::layout::cell::Look;
use crate::input::layout::found::{Header, Layout, Line};
use crate::input::layout::header::normal;
use crate::offer::OfferId;

/// The rows to judge.
#[derive(Debug)]
pub(super) struct Table<'a> {
    pub(super) rows: &'a [Line],
    looks: Vec<Vec<Look>>,
    /// How many cells of each row hold something. Counted once: a sheet may have 16,384 columns, and each is judged.
    filled: Vec<usize>,
    /// Whether each row is a total.
    totals: Vec<bool>,
}

/// What the cells of a column look like.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    /// Rows that count.
    pub(super) rows: usize,
    pub(super) ids: usize,
    pub(super) marked: usize,
    pub(super) numbered: usize,
    pub(super) blank: usize,
}

impl Tally {
    /// Whether nearly all cells are IDs, with or without additions.
    pub(super) fn is_nearly_all(self) -> bool {
        nearly_all(self.ids + self.marked, self.rows)
    }

    /// Whether this column may be meant: nearly all of it are IDs, or half of it begins with one.
    pub(super) fn is_contender(self) -> bool {
        self.is_nearly_all() || (self.ids > 0 && 2 * (self.ids + self.marked + self.numbered) >= self.rows)
    }
}

/// Three quarters, or all but one.
pub(super) fn nearly_all(some: usize, all: usize) -> bool {
    some > 0 && (4 * some >= 3 * all || (some >= 2 && all - some <= 1))
}

impl<'a> Table<'a> {
    pub(super) fn new(rows: &'a [Line]) -> Self {
        let looks: Vec<Vec<Look>> =
            rows.iter().map(|(_, cells)| cells.iter().map(|cell| Look::of(cell)).collect()).collect();
        let filled = looks.iter().map(|row| row.iter().filter(|look| **look != Look::Blank).count()).collect();
        let totals = rows.iter().map(|(_, cells)| looks_like_total(cells)).collect();
        Self { rows, looks, filled, totals }
    }

    pub(super) fn line(&self, row: usize) -> u64 {
        self.rows.get(row).map_or(0, |(line, _)| *line)
    }

    pub(super) fn cells(&self, row: usize) -> &'a [String] {
        self.rows.get(row).map_or(&[], |(_, cells)| cells)
    }

    pub(super) fn cell(&self, row: usize, column: usize) -> &'a str {
        self.cells(row).get(column).map_or("", String::as_str)
    }

    pub(super) fn looks(&self, row: usize) -> &[Look] {
        self.looks.get(row).map_or(&[], Vec::as_slice)
    }

    pub(super) fn look(&self, row: usize, column: usize) -> Look {
        self.looks(row).get(column).copied().unwrap_or(Look::Blank)
    }

    /// The columns of the cells that hold something.
    pub(super) fn filled(&self, row: usize) -> impl Iterator<Item = usize> + '_ {
        self.looks(row).iter().enumerate().filter(|(_, look)| **look != Look::Blank).map(|(column, _)| column)
    }

    /// The widest row.
    pub(super) fn widest(&self) -> usize {
        self.rows.iter().map(|(_, cells)| cells.len()).max().unwrap_or(0)
    }

    /// The number of filled cells that most rows from `start` on have.
    pub(super) fn usual_filled(&self, start: usize) -> usize {
        most_common(self.filled.iter().skip(start).copied())
    }

    /// The width that most rows from `start` on have.
    pub(super) fn usual_width(&self, start: usize) -> usize {
        most_common(self.rows.iter().skip(start).map(|(_, cells)| cells.len()))
    }

    /// The only column that is not empty.
    pub(super) fn only_column(&self) -> Option<usize> {
        let mut filled = (0..self.rows.len()).flat_map(|row| self.filled(row));
        let first = filled.next()?;
        filled.all(|column| column == first).then_some(first)
    }

    /// The looks of a column's cells, from a row on. A total below the table, or another lone text, does not count.
    pub(super) fn tally(&self, column: usize, start: usize) -> Tally {
        let usual = self.usual_filled(start);
        let mut tally = Tally::default();
        for row in start..self.rows.len() {
            let look = self.look(row, column);
            let is_lone = usual > 1 && self.filled.get(row) == Some(&1) && look != Look::Id;
            if is_lone || self.totals.get(row) == Some(&true) {
                continue;
            }
            tally.rows += 1;
            match look {
                Look::Id => tally.ids += 1,
                Look::Marked => tally.marked += 1,
                Look::Numbered => tally.numbered += 1,
                Look::Blank => tally.blank += 1,
                Look::Digits | Look::Word => {}
            }
        }
        tally
    }

    /// The layout with the rows from `first` on.
    pub(super) fn layout(&self, id: usize, header: Option<usize>, first: usize) -> Layout {
        let header = header.map(|row| Header { line: self.line(row), cells: self.cells(row).to_vec() });
        let width = header.as_ref().map_or_else(|| self.usual_width(first).max(id + 1), |header| header.cells.len());
        let last = self.rows.last().map_or(0, |(line, _)| *line);
        let first_line = self.rows.get(first).map_or(last + 1, |(line, _)| *line);
        let ids = self.rows.iter().skip(first).filter_map(|(_, cells)| id_of(cells, id, width)).collect();
        Layout { id, header, first: first_line, width, is_named: false, ids }
    }
}

/// The ID of a row, as the reader will find it.
fn id_of(cells: &[String], id: usize, width: usize) -> Option<OfferId> {
    let has_more = cells.iter().skip(width).any(|cell| !cell.trim().is_empty());
    if has_more && (width == 1 || id > 0) {
        return None;
    }
    if sums_up(cells.iter().take(id).map(String::as_bytes)) {
        return None;
    }
    OfferId::parse(cells.get(id)?).ok()
}

fn most_common(counts: impl Iterator<Item = usize>) -> usize {
    let mut seen: Vec<(usize, usize)> = Vec::new();
    for count in counts {
        match seen.iter_mut().find(|(value, _)| *value == count) {
            Some((_, times)) => *times += 1,
            None => seen.push((count, 1)),
        }
    }
    // The first of those that are equally common.
    seen.iter().rev().max_by_key(|(_, times)| *times).map_or(0, |(value, _)| *value)
}

/// Words before the sums of a table.
const TOTALS: [&str; 14] = [
    "total",
    "totals",
    "grand total",
    "subtotal",
    "sum",
    "summe",
    "gesamt",
    "gesamtsumme",
    "gesamtergebnis",
    "totale",
    "suma",
    "totaal",
    "итого",
    "count",
];

/// Whether a row sums up the rows above it: `Total,,3`, `(2 rows)`, `2 rows selected.`
pub(in crate::input) fn looks_like_total(cells: &[impl AsRef<str>]) -> bool {
    let mut filled = cells.iter().map(|cell| normal(cell.as_ref())).filter(|cell| !cell.is_empty());
    let Some(first) = filled.next() else { return false };
    let bare = bare_word(&first);
    if TOTALS.contains(&bare) {
        return true;
    }
    let words: Vec<&str> = bare.split_whitespace().collect();
    let is_count = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    matches!(words.as_slice(), [n, "row" | "rows" | "records" | "record" | "zeilen", ..] if is_count(n))
        || matches!(words.as_slice(), ["total", ..] if words.len() <= 3)
}

/// Whether the number in the ID column is a sum: only `Total` comes before it in the row.
///
/// Stricter than [`looks_like_total`]: `Total Energies,16` is an offer.
pub(in crate::input) fn sums_up<'a>(before_id: impl Iterator<Item = &'a [u8]>) -> bool {
    const LONGEST: usize = 40;
    let mut filled = before_id.filter(|cell| !crate::input::record::is_blank(cell));
    let is_total = |cell: &[u8]| {
        cell.len() <= LONGEST && {
            let text = normal(&crate::text::decode(cell));
            TOTALS.contains(&bare_word(&text))
        }
    };
    filled.next().is_some_and(is_total)
}

/// The word in `Total:` and `(Total)`.
fn bare_word(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '(' | ')' | '.' | '=' | '*' | '-'))
}

/// Whether a row is only a line drawn below names: `---+---`, `|---|:--|`, `===`.
pub(super) fn is_rule(cells: &[String]) -> bool {
    let mut chars = cells.iter().flat_map(|cell| cell.chars()).filter(|c| !c.is_whitespace()).peekable();
    chars.peek().is_some() && chars.all(|c| matches!(c, '-' | '=' | '+' | '|' | ':' | '_' | '─' | '┼' | '│'))
}
