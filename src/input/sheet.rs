//! A sheet of a workbook to records.
//!
//! Owns the text that a cell's value becomes. Must not know what columns mean. A workbook cannot be streamed (its texts
//! are shared between cells and lie in another part of the file), so the sheet is held in memory, as text without gaps.

use std::fmt::Write as _;
use std::io::{Cursor, Read, Seek};

use calamine::{
    Data, DataRef, ExcelDateTime, Ods, Reader, SheetType, SheetVisible, Sheets, Xls, Xlsb, Xlsx, XlsxError,
};

use super::record::{Record, is_blank};

/// Why there is no sheet.
#[derive(Debug)]
pub(super) enum Failure {
    Unreadable(String),
    Unknown { sheets: Vec<String> },
}

/// The rows of a sheet that are not blank.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    name: String,
    text: Vec<u8>,
    /// Where each cell ends in `text`.
    ends: Vec<usize>,
    rows: Vec<SheetRow>,
    at: usize,
}

/// The row's number in the sheet, and where its cells end in the list of cells.
#[derive(Debug)]
struct SheetRow {
    line: u64,
    end: usize,
}

impl Sheet {
    /// Reads the sheet of that name, else the first one that is visible.
    pub(super) fn open(content: &[u8], name: Option<&str>) -> Result<Self, Failure> {
        let unreadable = |error: calamine::Error| Failure::Unreadable(error.to_string());
        let mut workbook = open_workbook(content).map_err(unreadable)?;
        let name = choose(&workbook, name)?;
        let mut sheet = Self { name: name.clone(), ..Self::default() };
        // Only XLSX hands out its cells one by one. One lone cell far down costs gigabytes otherwise.
        if let Sheets::Xlsx(xlsx) = &mut workbook {
            let mut cells = xlsx.worksheet_cells_reader(&name).map_err(|error| unreadable(error.into()))?;
            let mut text = String::new();
            while let Some(cell) = cells.next_cell().map_err(|error| unreadable(error.into()))? {
                text.clear();
                push_text(&mut text, cell.get_value());
                sheet.push(cell.get_position(), text.as_bytes());
            }
        } else {
            let range = workbook.worksheet_range(&name).map_err(unreadable)?;
            let (top, left) = range.start().unwrap_or_default();
            let mut text = String::new();
            for (row, column, value) in range.used_cells() {
                text.clear();
                push_text(&mut text, &as_ref(value));
                let at = (top.saturating_add(to_u32(row)), left.saturating_add(to_u32(column)));
                sheet.push(at, text.as_bytes());
            }
        }
        sheet.drop_blank_row();
        Ok(sheet)
    }

    /// What it is called.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Rows that are not blank.
    pub(super) fn len(&self) -> u64 {
        self.rows.len() as u64
    }

    /// The row of the sheet that comes next.
    pub(super) fn line(&self) -> u64 {
        self.rows.get(self.at).or(self.rows.last()).map_or(1, |row| row.line)
    }

    /// Reads the next row; false at the end.
    pub(super) fn read(&mut self, record: &mut Record) -> bool {
        let found = self.copy(self.at, record);
        self.at += usize::from(found);
        found
    }

    /// The first rows, for a look at them.
    pub(super) fn first_records(&self, count: usize) -> Vec<(u64, Vec<String>)> {
        let mut record = Record::new();
        let texts = |record: &Record| record.iter().map(|cell| crate::text::decode(cell).into_owned()).collect();
        (0..count).map_while(|at| self.copy(at, &mut record).then(|| (record.line, texts(&record)))).collect()
    }

    fn copy(&self, at: usize, record: &mut Record) -> bool {
        let Some(row) = self.rows.get(at) else { return false };
        record.clear();
        record.line = row.line;
        for index in self.start_of_row(at)..row.end {
            record.push(self.cell(index));
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

    /// Adds a cell. Files have them in order, and what is out of order is not worth a memory of all.
    fn push(&mut self, (row, column): (u32, u32), text: &[u8]) {
        const WIDEST: usize = 16_384;
        let (line, column) = (u64::from(row) + 1, column as usize);
        if text.is_empty() || column >= WIDEST {
            return;
        }
        if self.rows.last().is_none_or(|last| last.line < line) {
            self.drop_blank_row();
            self.rows.push(SheetRow { line, end: self.ends.len() });
        }
        let start = self.rows.len().checked_sub(1).map_or(0, |last| self.start_of_row(last));
        let gap = (start + column).saturating_sub(self.ends.len());
        self.ends.extend(std::iter::repeat_n(self.text.len(), gap));
        self.text.extend_from_slice(text);
        self.ends.push(self.text.len());
        if let Some(last) = self.rows.last_mut() {
            last.end = self.ends.len();
        }
    }

    /// Takes the last row back when there is nothing in it.
    fn drop_blank_row(&mut self) {
        let Some(last) = self.rows.len().checked_sub(1) else { return };
        let start = self.start_of_row(last);
        if (start..self.ends.len()).all(|index| is_blank(self.cell(index))) {
            self.rows.pop();
            self.ends.truncate(start);
            self.text.truncate(self.ends.last().copied().unwrap_or(0));
        }
    }
}

/// Opens a workbook of the kind that its bytes show; calamine's own guess loses the reason when it fails.
fn open_workbook(content: &[u8]) -> Result<Sheets<Cursor<&[u8]>>, calamine::Error> {
    const OPENDOCUMENT: &[u8] = b"application/vnd.oasis.opendocument";
    let file = Cursor::new(content);
    let head = content.get(..128).unwrap_or(content);
    if memchr::memmem::find(head, OPENDOCUMENT).is_some() {
        return Ok(Sheets::Ods(Ods::new(file)?));
    }
    // A new workbook with a password lies in the container of the old ones.
    match Xlsx::new(file.clone()) {
        Ok(xlsx) => Ok(Sheets::Xlsx(xlsx)),
        Err(XlsxError::Password) => Err(XlsxError::Password.into()),
        Err(_) if !content.starts_with(b"PK") => Ok(Sheets::Xls(Xls::new(file)?)),
        Err(error) => Xlsb::new(file).map(Sheets::Xlsb).map_err(|_| error.into()),
    }
}

/// The name of the sheet to read.
fn choose<RS: Read + Seek>(workbook: &Sheets<RS>, wanted: Option<&str>) -> Result<String, Failure> {
    let tables: Vec<_> =
        workbook.sheets_metadata().iter().filter(|sheet| matches!(sheet.typ, SheetType::WorkSheet)).collect();
    let found = match wanted {
        Some(wanted) => {
            let in_any_case = |name: &str| name.trim().to_lowercase() == wanted.trim().to_lowercase();
            tables.iter().find(|sheet| sheet.name == wanted).or(tables.iter().find(|sheet| in_any_case(&sheet.name)))
        }
        None => tables.iter().find(|sheet| matches!(sheet.visible, SheetVisible::Visible)).or(tables.first()),
    };
    match found {
        Some(sheet) => Ok(sheet.name.clone()),
        None if wanted.is_some() => {
            Err(Failure::Unknown { sheets: tables.iter().map(|sheet| sheet.name.clone()).collect() })
        }
        None => Err(Failure::Unreadable("it has no sheets".to_owned())),
    }
}

/// The text of a cell: what people see in it as far as possible, without the formats that only show.
fn push_text(text: &mut String, value: &DataRef<'_>) {
    let _ = match value {
        DataRef::Empty => Ok(()),
        DataRef::Int(number) => write!(text, "{number}"),
        // Above 2^53 a float has lost digits; it stays in a form that is not taken for an ID.
        DataRef::Float(number) if number.abs() >= 9_007_199_254_740_992.0 => write!(text, "{number:e}"),
        // Display writes no ".0" after whole numbers, and the `+` turns -0 into 0.
        DataRef::Float(number) => write!(text, "{}", as_shown(*number) + 0.0),
        DataRef::String(string) | DataRef::DateTimeIso(string) | DataRef::DurationIso(string) => text.write_str(string),
        DataRef::SharedString(string) => text.write_str(string),
        DataRef::Bool(true) => text.write_str("TRUE"),
        DataRef::Bool(false) => text.write_str("FALSE"),
        DataRef::DateTime(moment) => push_moment(text, moment),
        DataRef::Error(error) => write!(text, "{error}"),
    };
}

/// Spreadsheets show 15 digits: 0.1 + 0.2 is 0.3 there.
fn as_shown(number: f64) -> f64 {
    if number.fract() == 0.0 { number } else { format!("{number:.14e}").parse().unwrap_or(number) }
}

fn push_moment(text: &mut String, moment: &ExcelDateTime) -> std::fmt::Result {
    let days = moment.as_f64();
    let (year, month, day, hour, minute, second, milli) = moment.to_ymd_hms_milli();
    if moment.is_duration() || (0.0..1.0).contains(&days) {
        // A duration counts its hours on: 30:00:00.
        let hours =
            if days >= 1.0 { format!("{}", days.trunc() * 24.0 + f64::from(hour)) } else { format!("{hour:02}") };
        write!(text, "{hours}:{minute:02}:{second:02}")?;
    } else {
        write!(text, "{year:04}-{month:02}-{day:02}")?;
        if days.fract() != 0.0 {
            write!(text, "T{hour:02}:{minute:02}:{second:02}")?;
        }
    }
    if milli > 0 { write!(text, ".{milli:03}") } else { Ok(()) }
}

fn as_ref(value: &Data) -> DataRef<'_> {
    match value {
        Data::Int(number) => DataRef::Int(*number),
        Data::Float(number) => DataRef::Float(*number),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => DataRef::SharedString(text),
        Data::Bool(value) => DataRef::Bool(*value),
        Data::DateTime(moment) => DataRef::DateTime(*moment),
        Data::Error(error) => DataRef::Error(error.clone()),
        Data::Empty => DataRef::Empty,
    }
}

fn to_u32(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
