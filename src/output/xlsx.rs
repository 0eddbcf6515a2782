//! The finished CSV as an Excel workbook.
//!
//! Every cell is typed text, so nothing in it can run as a formula or turn into a number, a date or a link; only the
//! HTTP status is a number. Rows pass through one at a time: a million need no more memory than ten.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet};

use super::commit::{remove, take_mode};
use super::error::{Action, OutputError};
use super::place::Place;

/// The rows of a sheet below its header.
pub const MAX_ROWS: u32 = 1_048_575;
/// What a cell holds, in UTF-16 units.
const MAX_CELL: usize = 32_767;
/// The HTTP status is the third column from the right.
const HTTP_STATUS_FROM_RIGHT: usize = 3;
/// Widths in characters: `offer_id`, then each kept column, then the columns from `offer_url_type` on.
const ID_WIDTH: u8 = 12;
const KEPT_WIDTH: u8 = 18;
const WIDTHS: [u8; 11] = [12, 24, 60, 30, 60, 30, 8, 18, 10, 10, 60];

/// Why there is no workbook. The CSV it was to be made from is complete in every case.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A sheet holds fewer rows than there are.
    #[error("an Excel sheet holds {MAX_ROWS} rows and there are more; all of them are in {}", .0.display())]
    TooManyRows(PathBuf),
    /// The CSV cannot be read back.
    #[error("cannot read {} back: {source}", csv.display())]
    Csv {
        /// The CSV.
        csv: PathBuf,
        /// Why.
        source: csv::Error,
    },
    /// The workbook cannot be made or written.
    #[error("cannot make the workbook {}: {source}; all rows are in {}, from which --resume makes it", workbook.display(), csv.display())]
    Workbook {
        /// The workbook.
        workbook: PathBuf,
        /// The CSV.
        csv: PathBuf,
        /// Why.
        source: Box<rust_xlsxwriter::XlsxError>,
    },
    /// The library gave up, which it does where it cannot write its temporary files.
    #[error("cannot make the workbook {}: {why}; make room on this disk, then --resume makes it from {}", workbook.display(), csv.display())]
    Stopped {
        /// The workbook.
        workbook: PathBuf,
        /// The CSV.
        csv: PathBuf,
        /// What the library says.
        why: String,
    },
    /// A file operation failed.
    #[error(transparent)]
    File(#[from] OutputError),
}

/// What went into the workbook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Rows below the header.
    pub rows: u32,
    /// Cells that hold only the start of their text, since a cell ends at 32,767 characters.
    pub cut_cells: u64,
}

/// Makes the workbook `place` from the finished, plain `csv`, with `summary` as a second sheet.
///
/// # Errors
/// The old workbook is untouched.
pub fn render(csv: &Path, place: &Place, summary: &[(String, String)]) -> Result<Rendered, RenderError> {
    let rendered = write(csv, place, &temporary(place), summary);
    if rendered.is_err() {
        discard(place);
    }
    rendered
}

/// Removes what is there of a workbook that is not going to be finished.
pub fn discard(place: &Place) {
    // The error that is under way says more than a failure to tidy up.
    let _ = remove(&temporary(place));
}

/// What a workbook is called until it is whole.
pub fn temporary(place: &Place) -> PathBuf {
    place.beside(".xlsx.tmp")
}

fn write(csv: &Path, place: &Place, temporary: &Path, summary: &[(String, String)]) -> Result<Rendered, RenderError> {
    let failed = |source| RenderError::Workbook {
        workbook: place.out().to_owned(),
        csv: csv.to_owned(),
        source: Box::new(source),
    };
    let mut workbook = Workbook::new();
    // Not the system's folder, which may be small: a full disk is then the output's own, which the user knows of.
    workbook.set_tempdir(place.folder()).map_err(failed)?;
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&no_time().map_err(failed)?));
    let sheet = workbook.add_worksheet_with_constant_memory().map_err(failed)?;
    sheet.set_name("links").map_err(failed)?;
    let rendered = write_rows(csv, sheet, failed)?;
    write_summary(workbook.add_worksheet(), summary).map_err(failed)?;

    remove(temporary)?;
    let file = File::create_new(temporary).map_err(OutputError::io(Action::Open, temporary))?;
    workbook.save_to_writer(io::BufWriter::new(&file)).map_err(failed)?;
    file.sync_all().map_err(OutputError::io(Action::Sync, temporary))?;
    take_mode(&file, place.out()).map_err(OutputError::io(Action::Write, temporary))?;
    drop(file);
    std::fs::rename(temporary, place.out()).map_err(OutputError::io(Action::Rename, place.out()))?;
    place.sync_folder().map_err(OutputError::io(Action::Sync, place.folder()))?;
    Ok(rendered)
}

/// The same answers give the same bytes, so the workbook does not say when it was made.
fn no_time() -> Result<ExcelDateTime, rust_xlsxwriter::XlsxError> {
    ExcelDateTime::from_ymd(2000, 1, 1)
}

fn write_rows(
    csv: &Path,
    sheet: &mut Worksheet,
    failed: impl Fn(rust_xlsxwriter::XlsxError) -> RenderError + Copy,
) -> Result<Rendered, RenderError> {
    let unreadable = |source| RenderError::Csv { csv: csv.to_owned(), source };
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(csv).map_err(unreadable)?;
    let mut record = csv::StringRecord::new();
    let mut rendered = Rendered { rows: 0, cut_cells: 0 };
    if !reader.read_record(&mut record).map_err(unreadable)? {
        return Ok(rendered);
    }
    let columns = record.len();
    write_header(sheet, &record).map_err(failed)?;
    let status_column = columns.saturating_sub(HTTP_STATUS_FROM_RIGHT);
    while reader.read_record(&mut record).map_err(unreadable)? {
        if rendered.rows == MAX_ROWS {
            return Err(RenderError::TooManyRows(csv.to_owned()));
        }
        rendered.rows += 1;
        for (at, (column, text)) in (0_u16..).zip(&record).enumerate() {
            let status = (at == status_column).then(|| text.parse::<u16>().ok()).flatten();
            let cell = cell(text);
            rendered.cut_cells += u64::from(cell.len() < text.len());
            match status {
                Some(status) => sheet.write_number(rendered.rows, column, status),
                None => sheet.write_string(rendered.rows, column, cell),
            }
            .map_err(failed)?;
        }
    }
    let last = u16::try_from(columns.saturating_sub(1)).unwrap_or(u16::MAX);
    sheet.autofilter(0, 0, rendered.rows, last).map_err(failed)?;
    Ok(rendered)
}

fn write_header(sheet: &mut Worksheet, header: &csv::StringRecord) -> Result<(), rust_xlsxwriter::XlsxError> {
    let bold = Format::new().set_bold();
    let kept = header.len().saturating_sub(WIDTHS.len() + 1);
    let widths = [ID_WIDTH].into_iter().chain(std::iter::repeat_n(KEPT_WIDTH, kept)).chain(WIDTHS);
    sheet.set_freeze_panes(1, 0)?;
    for ((column, name), width) in (0_u16..).zip(header).zip(widths) {
        sheet.set_column_width(column, width)?;
        sheet.write_string_with_format(0, column, cell(name), &bold)?;
    }
    Ok(())
}

fn write_summary(sheet: &mut Worksheet, summary: &[(String, String)]) -> Result<(), rust_xlsxwriter::XlsxError> {
    let bold = Format::new().set_bold();
    sheet.set_name("summary")?.set_column_width(0, 30)?.set_column_width(1, 80)?;
    for (row, (label, value)) in (0_u32..).zip(summary) {
        sheet.write_string_with_format(row, 0, cell(label), &bold)?.write_string(row, 1, cell(value))?;
    }
    Ok(())
}

/// As much of a text as a cell holds.
fn cell(text: &str) -> &str {
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
    use super::super::Target;
    use super::*;
    use std::fs;

    fn place(folder: &Path) -> Place {
        let Ok(Target::File(place)) = Target::of(&folder.join("x.xlsx")) else { panic!("not a file") };
        place
    }

    #[test]
    fn a_workbook_is_made_in_one_go_and_twice_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let csv = folder.path().join("x.csv");
        fs::write(&csv, include_str!("../../tests/fixtures/offer-16.csv")).unwrap();
        let summary = [("offers".to_owned(), "=1".to_owned())];
        let mut workbooks = (0..2).map(|_| {
            assert_eq!(render(&csv, &place(folder.path()), &summary).unwrap(), Rendered { rows: 4, cut_cells: 0 });
            fs::read(folder.path().join("x.xlsx")).unwrap()
        });
        let (first, second) = (workbooks.next().unwrap(), workbooks.next().unwrap());
        assert!(first.starts_with(b"PK") && first == second);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "no temporary file is left");
    }

    #[test]
    fn a_csv_that_cannot_be_read_leaves_the_old_workbook() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("x.xlsx"), "old").unwrap();
        let failed = render(&folder.path().join("no.csv"), &place(folder.path()), &[]).unwrap_err();
        assert!(failed.to_string().contains("no.csv"), "{failed}");
        assert_eq!(fs::read(folder.path().join("x.xlsx")).unwrap(), b"old");
    }

    #[test]
    fn a_cell_is_cut_where_excel_ends_it() {
        let long = "é".repeat(MAX_CELL);
        assert_eq!(cell(&long), long);
        assert_eq!(cell(&format!("{long}x")), long);
        let emoji = "🦀".repeat(MAX_CELL);
        assert_eq!(cell(&emoji).chars().count(), MAX_CELL / 2);
    }
}
