//! Cells of the workbook: which are numbers, and how each kind looks.
//!
//! Owns what a person sees when the file is opened. Must not open files.

use rust_xlsxwriter::{Format, FormatAlign, Worksheet, XlsxError};

use crate::cell::{CellFormat, TypedCell};
use crate::encode::quoted_rows::Cell;
use crate::encode::schema::{CellType, Schema};
use crate::encode::xlsx::text::{Written, runs_in_xml, written};

/// What a cell holds, in UTF-16 units.
const MAX_CELL: usize = 32_767;
/// Spreadsheets keep 15 digits of a number.
const MAX_DIGITS: usize = 15;
/// Width of a kept column in characters, if its name is not longer.
const KEPT_WIDTH: u8 = 18;
/// What the button of the filter takes of a header.
const BUTTON: u8 = 3;

/// Where texts lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Texts {
    /// In the table of shared texts, where all programs look for them; they are in memory until the end.
    Shared,
    /// In the cells.
    InCells,
}

/// What a column holds.
#[derive(Clone, Debug)]
enum Column {
    /// Whole numbers wherever they have no leading zero: IDs, statuses, codes.
    Whole,
    /// A column of the input: what was no text there is none here.
    Kept(Box<KeptFormats>),
    /// Text.
    Text,
}

#[derive(Clone, Debug)]
struct KeptFormats {
    number: Format,
    moment: Option<Format>,
}

/// Writes rows of cells.
#[derive(Debug)]
pub(crate) struct CellWriter {
    texts: Texts,
    columns: Vec<Column>,
    text: Format,
    /// For texts of several lines, which would lie over the row above.
    lines: Format,
    whole: Format,
    day: Format,
    day_and_time: Format,
    time: Format,
    duration: Format,
}

impl CellWriter {
    /// For a header of these columns; `looks` are those of the kept ones.
    pub(crate) fn new(texts: Texts, (schema, header): (&Schema, &[Cell]), looks: &[CellFormat]) -> Self {
        let top = || Format::new().set_align(FormatAlign::Top);
        let number = |format: &str| top().set_num_format(format);
        let kept = kept_columns(schema, header);
        let column = |at: usize, cell: &Cell| {
            if kept.contains(&at) {
                let look = looks.get(at - kept.start).cloned().unwrap_or_default();
                return Column::Kept(Box::new(KeptFormats {
                    number: look.number.map_or_else(top, |format| number(&format)),
                    moment: look.moment.map(|format| number(&format)),
                }));
            }
            match schema.columns().find(|column| column.name == cell.text).map(|column| column.cell) {
                Some(CellType::Whole) => Column::Whole,
                Some(CellType::Text) | None => Column::Text,
            }
        };
        Self {
            texts,
            columns: header.iter().enumerate().map(|(at, cell)| column(at, cell)).collect(),
            text: number("@"),
            lines: number("@").set_text_wrap(),
            // Numbers at the right of their cell would touch the text beside it.
            whole: number("0").set_align(FormatAlign::Left),
            day: number("yyyy-mm-dd"),
            day_and_time: number("yyyy-mm-dd hh:mm:ss"),
            time: number("hh:mm:ss"),
            duration: number("[h]:mm:ss"),
        }
    }

    /// For a sheet of texts alone.
    pub(crate) fn texts() -> Self {
        Self::new(Texts::InCells, (&Schema::default(), &[]), &[])
    }

    /// Writes a cell below the header, and says whether all of it is there.
    pub(crate) fn write(&self, sheet: &mut Worksheet, (row, at): (u32, usize), cell: &Cell) -> Result<bool, XlsxError> {
        let column = u16::try_from(at).unwrap_or(u16::MAX);
        let text = cell.text.as_str();
        match self.columns.get(at) {
            Some(Column::Whole) => {
                if let Some(number) = whole(text) {
                    sheet.write_number_with_format(row, column, number, &self.whole)?;
                    return Ok(true);
                }
            }
            Some(Column::Kept(formats)) if !cell.is_quoted => {
                if let Some(typed) = TypedCell::parse(text) {
                    self.write_typed(sheet, (row, column), typed, formats)?;
                    return Ok(true);
                }
            }
            _ => {}
        }
        let format = if text.contains('\n') { &self.lines } else { &self.text };
        self.texts.write(sheet, (row, column), text, format)
    }

    fn write_typed(
        &self,
        sheet: &mut Worksheet,
        (row, column): (u32, u16),
        typed: TypedCell,
        kept: &KeptFormats,
    ) -> Result<(), XlsxError> {
        let (value, own) = match typed {
            TypedCell::Truth(value) => {
                return sheet.write_boolean_with_format(row, column, value, &kept.number).map(drop);
            }
            TypedCell::Number(value) => (value, Some(&kept.number)),
            TypedCell::Day(days) | TypedCell::DayAndTime(days) | TypedCell::Time(days) => (days, None),
        };
        let usual = match typed {
            TypedCell::Day(_) => &self.day,
            TypedCell::DayAndTime(_) => &self.day_and_time,
            TypedCell::Time(days) if days >= 1.0 => &self.duration,
            _ => &self.time,
        };
        let format = own.or(kept.moment.as_ref()).unwrap_or(usual);
        sheet.write_number_with_format(row, column, value, format).map(drop)
    }
}

/// How high a row is in points, if it is higher than others: spreadsheets do not see to that by themselves when they open a
/// file.
pub(crate) fn height(row: &[Cell]) -> Option<f64> {
    const LINE: u8 = 15;
    const MOST: usize = 8;
    let breaks = row.iter().map(|cell| memchr::memchr_iter(b'\n', cell.text.as_bytes()).take(MOST - 1).count());
    let lines = 1 + breaks.max().unwrap_or(0);
    u8::try_from(lines).ok().filter(|lines| *lines > 1).map(|lines| f64::from(lines) * f64::from(LINE))
}

/// Writes the header, and makes the columns as wide as what they usually hold.
pub(crate) fn write_header(
    texts: Texts,
    sheet: &mut Worksheet,
    (schema, header): (&Schema, &[Cell]),
) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold().set_num_format("@").set_align(FormatAlign::Top);
    sheet.set_freeze_panes(1, 0)?;
    for (column, name) in (0_u16..).zip(header) {
        sheet.set_column_width(column, width(schema, &name.text))?;
        texts.write(sheet, (0, column), &name.text, &bold)?;
    }
    Ok(())
}

/// Writes the counts: their names, and numbers where they are numbers.
pub(crate) fn write_summary(sheet: &mut Worksheet, summary: &[(String, String)]) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold().set_num_format("@");
    let text = Format::new().set_num_format("@");
    let whole_number = Format::new().set_num_format("0").set_align(FormatAlign::Left);
    sheet.set_name("summary")?.set_column_width(0, 30)?.set_column_width(1, 80)?;
    for (row, (label, value)) in (0_u32..).zip(summary) {
        sheet.write_string_with_format(row, 0, label, &bold)?;
        match whole(value) {
            Some(number) => sheet.write_number_with_format(row, 1, number, &whole_number).map(drop)?,
            None => sheet.write_string_with_format(row, 1, value, &text).map(drop)?,
        }
    }
    Ok(())
}

impl Texts {
    /// Writes a text, as much of it as a cell holds, and says whether that is all.
    fn write(
        self,
        sheet: &mut Worksheet,
        (row, column): (u32, u16),
        text: &str,
        format: &Format,
    ) -> Result<bool, XlsxError> {
        if text.is_empty() {
            return Ok(true);
        }
        let cut = cut(text);
        let is_whole = cut.len() == text.len();
        let Written::Runs(runs) = written(cut) else {
            return sheet.write_string_with_format(row, column, cut, format).map(|_| is_whole);
        };
        let done = match self {
            Self::Shared => sheet.write_string_with_format(row, column, runs_in_xml(&runs), format),
            Self::InCells => {
                let plain = Format::new();
                let runs: Vec<_> = runs.iter().map(|run| (&plain, run.as_str())).collect();
                sheet.write_rich_string_with_format(row, column, &runs, format)
            }
        };
        match done {
            // Runs are counted as they lie in the file. Without its end a text is not taken for runs.
            Err(XlsxError::MaxStringLengthExceeded) => {
                let cut = cut.strip_suffix('>').unwrap_or(cut);
                sheet.write_string_with_format(row, column, cut, format).map(|_| cut.len() == text.len())
            }
            done => done.map(|_| is_whole),
        }
    }
}

/// A whole number that a spreadsheet keeps and shows as it is.
fn whole(text: &str) -> Option<f64> {
    let is_plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    (is_plain && (1..=MAX_DIGITS).contains(&text.len())).then(|| text.parse().ok()).flatten()
}

/// Where the kept columns stand.
fn kept_columns(schema: &Schema, header: &[Cell]) -> std::ops::Range<usize> {
    schema.lead()..(schema.lead() + header.len()).saturating_sub(schema.len())
}

/// The width of a column, in characters.
fn width(schema: &Schema, name: &str) -> u8 {
    let usual = schema.columns().find(|column| column.name == name).map_or(KEPT_WIDTH, |column| column.width);
    let named = u8::try_from(name.chars().count()).unwrap_or(u8::MAX).min(60) + BUTTON;
    usual.max(named)
}

/// As much of a text as a cell holds.
fn cut(text: &str) -> &str {
    if text.len() <= MAX_CELL {
        return text;
    }
    let mut units = 0;
    let fits = |c: &char| {
        units += c.len_utf16();
        units <= MAX_CELL
    };
    let end = text.chars().take_while(fits).map(char::len_utf8).sum();
    text.get(..end).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_cut_where_excel_ends_it() {
        let long = "é".repeat(MAX_CELL);
        assert_eq!(cut(&long), long);
        assert_eq!(cut(&format!("{long}x")), long);
        let emoji = "🦀".repeat(MAX_CELL);
        assert_eq!(cut(&emoji).chars().count(), MAX_CELL / 2);
    }

    #[test]
    fn a_number_is_what_a_spreadsheet_keeps_as_it_is() {
        for (text, number) in [
            ("16", Some(16.0)),
            ("0", Some(0.0)),
            ("999999999999999", Some(999_999_999_999_999.0)),
            ("1000000000000000", None),
            ("007", None),
            ("16.5", None),
            ("", None),
            ("-1", None),
        ] {
            assert_eq!(whole(text), number, "{text:?}");
        }
    }
}
