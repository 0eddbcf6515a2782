//! The rows of a sheet in memory.
//!
//! Owns their storage and their order. Must not know what columns mean.

use std::collections::BTreeMap;
use std::io::Cursor;

use calamine::{DataRef, Reader as _, Sheets, Style};

use super::value;
use crate::cell::{CellFormat, CellKind};
use crate::input::record::{Record, is_blank};

/// An open workbook of any kind.
pub(super) type Book = Sheets<Cursor<Vec<u8>>>;

/// The rows of a sheet that are not blank.
#[derive(Debug, Default)]
pub(in crate::input) struct Sheet {
    name: String,
    text: Vec<u8>,
    /// Where each cell ends in `text`.
    ends: Vec<usize>,
    /// What each cell is.
    kinds: Vec<CellKind>,
    rows: Vec<SheetRow>,
    /// The formats of the typed cells of each column, if known.
    looks: Looks,
    at: usize,
}

/// The row's number in the sheet, and where its cells end in the list of cells.
#[derive(Debug)]
struct SheetRow {
    line: u64,
    end: usize,
}

/// The formats of the typed cells of each column.
type Looks = BTreeMap<u32, CellFormat>;

/// Cells in the wrong order.
struct OutOfOrder;

/// Row and column, from 0.
type At = (u32, u32);

impl Sheet {
    /// A sheet without cells.
    pub(super) fn empty(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// What it is called.
    pub(in crate::input) fn name(&self) -> &str {
        &self.name
    }

    /// Reads a sheet, or this many of its first rows.
    pub(super) fn read_from(book: &mut Book, name: &str, most: u64) -> Result<Self, calamine::Error> {
        let mut sheet = Self::empty(name);
        let mut styles = Styles::default();
        let mut add = |at: At, value: &DataRef<'_>, style| {
            let (text, kind) = value::of(value);
            styles.see(at, kind, style);
            sheet.push(at, text.as_bytes(), kind).map(|()| sheet.len() <= most)
        };
        let formats = each_cell(book, name, &mut add)?;
        if formats.is_err() {
            sheet = Self::sorted(book, name)?;
        }
        let formats = formats.unwrap_or_default();
        sheet.drop_blank_row();
        sheet.truncate(most);
        sheet.looks = styles.looks(&formats);
        Ok(sheet)
    }

    /// How the typed cells of a column look.
    pub(in crate::input) fn look(&self, column: usize) -> CellFormat {
        u32::try_from(column).ok().and_then(|column| self.looks.get(&column)).cloned().unwrap_or_default()
    }

    /// Reads a sheet whose cells are not in order. No spreadsheet writes such files, but all of them read them.
    fn sorted(book: &mut Book, name: &str) -> Result<Self, calamine::Error> {
        let mut cells: Vec<(At, String, CellKind)> = Vec::new();
        let mut add = |at: At, value: &DataRef<'_>, _| {
            let (text, kind) = value::of(value);
            cells.push((at, text.into_owned(), kind));
            Ok(true)
        };
        // Nothing is out of order here.
        let _ = each_cell(book, name, &mut add)?;
        cells.sort_by_key(|(at, ..)| *at);
        // Of two cells at the same place the later one counts, as in spreadsheets.
        cells.reverse();
        cells.dedup_by_key(|(at, ..)| *at);
        cells.reverse();
        let mut sheet = Self::empty(name);
        for (at, text, kind) in &cells {
            let _ = sheet.push(*at, text.as_bytes(), *kind);
        }
        Ok(sheet)
    }

    /// Rows that are not blank.
    pub(in crate::input) fn len(&self) -> u64 {
        self.rows.len() as u64
    }

    /// The row of the sheet that comes next.
    pub(in crate::input) fn line(&self) -> u64 {
        self.rows.get(self.at).or(self.rows.last()).map_or(1, |row| row.line)
    }

    /// Reads the next row; false at the end.
    pub(in crate::input) fn read(&mut self, record: &mut Record) -> bool {
        let found = self.copy(self.at, record);
        self.at += usize::from(found);
        found
    }

    /// The first rows.
    pub(in crate::input) fn first_records(&self, count: usize) -> Vec<(u64, Vec<String>)> {
        let mut record = Record::new();
        let texts = |record: &Record| record.iter().map(|cell| crate::text::decode(cell).into_owned()).collect();
        (0..count).map_while(|at| self.copy(at, &mut record).then(|| (record.line, texts(&record)))).collect()
    }

    fn copy(&self, at: usize, record: &mut Record) -> bool {
        let Some(row) = self.rows.get(at) else { return false };
        record.clear();
        record.line = row.line;
        for index in self.start_of_row(at)..row.end {
            record.push_typed(self.cell(index), self.kinds.get(index).copied().unwrap_or_default());
        }
        true
    }

    fn start_of_row(&self, at: usize) -> usize {
        at.checked_sub(1).and_then(|before| self.rows.get(before)).map_or(0, |row| row.end)
    }

    fn cell(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.ends.get(index).and_then(|&end| self.text.get(start..end)).unwrap_or_default()
    }

    /// Keeps the first `count` rows.
    fn truncate(&mut self, most: u64) {
        if let Some(rows) = usize::try_from(most).ok().filter(|rows| *rows < self.rows.len()) {
            self.rows.truncate(rows);
        }
    }

    /// Adds a cell, which must come after the earlier ones.
    fn push(&mut self, (row, column): At, text: &[u8], kind: CellKind) -> Result<(), OutOfOrder> {
        const WIDEST: usize = 16_384;
        let (line, column) = (u64::from(row) + 1, column as usize);
        if text.is_empty() || column >= WIDEST {
            return Ok(());
        }
        if self.rows.last().is_none_or(|last| last.line < line) {
            self.drop_blank_row();
            self.rows.push(SheetRow { line, end: self.ends.len() });
        }
        let start = self.rows.len().checked_sub(1).map_or(0, |last| self.start_of_row(last));
        if self.rows.last().is_some_and(|last| last.line > line) || start + column < self.ends.len() {
            return Err(OutOfOrder);
        }
        let gap = start + column - self.ends.len();
        self.ends.extend(std::iter::repeat_n(self.text.len(), gap));
        self.kinds.extend(std::iter::repeat_n(CellKind::Text, gap));
        self.text.extend_from_slice(text);
        self.ends.push(self.text.len());
        self.kinds.push(kind);
        if let Some(last) = self.rows.last_mut() {
            last.end = self.ends.len();
        }
        Ok(())
    }

    /// Removes the last row if it is empty.
    fn drop_blank_row(&mut self) {
        let Some(last) = self.rows.len().checked_sub(1) else { return };
        let start = self.start_of_row(last);
        if (start..self.ends.len()).all(|index| is_blank(self.cell(index))) {
            self.rows.pop();
            self.ends.truncate(start);
            self.kinds.truncate(start);
            self.text.truncate(self.ends.last().copied().unwrap_or(0));
        }
    }
}

/// Passes the cells of a sheet on, each with its style, until one is refused or no more are wanted. Returns the number
/// formats of the styles, where the library knows them.
fn each_cell(
    book: &mut Book,
    name: &str,
    add: &mut dyn FnMut(At, &DataRef<'_>, usize) -> Result<bool, OutOfOrder>,
) -> Result<Result<Vec<Option<String>>, OutOfOrder>, calamine::Error> {
    // Only XLSX returns its cells one by one. Otherwise a single cell far down costs gigabytes.
    if let Sheets::Xlsx(xlsx) = book {
        let mut cells = xlsx.worksheet_cells_reader(name)?;
        while let Some((cell, style)) = cells.next_cell_with_style_id()? {
            match add(cell.get_position(), cell.get_value(), style) {
                Ok(true) => {}
                Ok(false) => break,
                Err(out) => return Ok(Err(out)),
            }
        }
        let format = |style: &Style| {
            let format = style.number_format.as_ref()?.format_code.as_str();
            (format != "General" && !format.is_empty()).then(|| format.to_owned())
        };
        return Ok(Ok(cells.styles().iter().map(format).collect()));
    }
    let range = book.worksheet_range(name)?;
    let (top, left) = range.start().unwrap_or_default();
    for (row, column, value) in range.used_cells() {
        let at = (top.saturating_add(to_u32(row)), left.saturating_add(to_u32(column)));
        match add(at, &value::as_ref(value), 0) {
            Ok(true) => {}
            Ok(false) => break,
            Err(out) => return Ok(Err(out)),
        }
    }
    Ok(Ok(Vec::new()))
}

/// The styles of the numbers and of the moments (the second) in each column; none where they differ.
#[derive(Debug, Default)]
struct Styles(BTreeMap<(u32, bool), Option<usize>>);

impl Styles {
    fn see(&mut self, (row, column): At, kind: CellKind, style: usize) {
        // The first row may hold numbers for names.
        if row > 0 && matches!(kind, CellKind::Number | CellKind::Moment) {
            let found = self.0.entry((column, kind == CellKind::Moment)).or_insert(Some(style));
            if *found != Some(style) {
                *found = None;
            }
        }
    }

    fn looks(self, formats: &[Option<String>]) -> Looks {
        let mut looks = Looks::new();
        for ((column, is_moment), style) in self.0 {
            let look = looks.entry(column).or_default();
            let format = style.and_then(|style| formats.get(style).cloned().flatten());
            *(if is_moment { &mut look.moment } else { &mut look.number }) = format;
        }
        looks
    }
}

fn to_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
