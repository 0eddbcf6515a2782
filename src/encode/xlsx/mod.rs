//! The finished CSV as an Excel workbook.
//!
//! Every cell is typed, so nothing in it can run as a formula or turn into a number, a date or a link. Rows pass through
//! one at a time. Their texts lie in the table of shared texts, as every reader expects, up to a size at which that costs
//! little memory; in larger workbooks they lie in the cells, so that a million rows need no more memory than ten.

mod cells;
mod text;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, Worksheet};

use self::cells::{CellWriter, Texts, height, write_header, write_summary};
use crate::cell::CellFormat;
use crate::encode::Schema;
use crate::encode::quoted_rows::Rows;
use crate::output::OutputPath;
use crate::output::commit::take_mode;
use crate::output::rename::{remove, rename};
use crate::output::{Action, OutputError};

/// The rows of a sheet below its header.
pub const MAX_ROWS: u32 = 1_048_575;
/// Up to this size of the CSV, in bytes, texts are shared. They are in memory then: a CSV of 16 MiB
/// (55,000 rows) takes 55 MB in all, where one row takes 21 MB.
const SHARED_UP_TO: u64 = 16 << 20;

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
        source: io::Error,
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
    /// The same in the sheet of changes.
    pub cut_changes: u64,
}

/// What a workbook is made of.
#[derive(Clone, Debug)]
pub struct Content {
    /// The finished, plain rows.
    pub csv: PathBuf,
    /// Their columns.
    pub schema: Schema,
    /// How the kept columns look.
    pub looks: Vec<CellFormat>,
    /// The second sheet.
    pub summary: Vec<(String, String)>,
    /// A CSV of what has changed, for a third one.
    pub changes: Option<PathBuf>,
}

/// Makes the workbook `place`.
///
/// # Errors
/// The old workbook is untouched.
pub fn render(content: &Content, place: &OutputPath) -> Result<Rendered, RenderError> {
    let rendered = write(content, place, &temporary(place));
    if rendered.is_err() {
        discard(place);
    }
    rendered
}

/// Removes what is there of a workbook that is not going to be finished.
pub fn discard(place: &OutputPath) {
    // The error that is under way says more than a failure to tidy up.
    let _ = remove(&temporary(place));
}

/// What a workbook is called until it is whole.
pub fn temporary(place: &OutputPath) -> PathBuf {
    place.beside(".xlsx.tmp")
}

fn write(content: &Content, place: &OutputPath, temporary: &Path) -> Result<Rendered, RenderError> {
    let csv = &content.csv;
    let failed =
        |source| RenderError::Workbook { workbook: place.out().to_owned(), csv: csv.clone(), source: Box::new(source) };
    let mut workbook = Workbook::new();
    // Not the system's folder, which may be small: a full disk is then the output's own, which the user knows of.
    workbook.set_tempdir(place.folder()).map_err(failed)?;
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&no_time().map_err(failed)?));
    let size = std::fs::metadata(csv).map_err(|source| RenderError::Csv { csv: csv.clone(), source })?.len();
    let texts = if size <= SHARED_UP_TO { Texts::Shared } else { Texts::InCells };
    let sheet = match texts {
        Texts::Shared => workbook.add_worksheet_with_low_memory(),
        Texts::InCells => workbook.add_worksheet_with_constant_memory(),
    };
    let sheet = sheet.map_err(failed)?;
    sheet.set_name("links").map_err(failed)?;
    let mut rendered = write_rows(content, (sheet, texts), failed)?;
    write_summary(workbook.add_worksheet(), &content.summary).map_err(failed)?;
    if let Some(changes) = &content.changes {
        let sheet = workbook.add_worksheet_with_constant_memory().map_err(failed)?;
        sheet.set_name("changes").map_err(failed)?;
        rendered.cut_changes = write_changes(changes, sheet, failed)?;
    }

    remove(temporary)?;
    let file = File::create_new(temporary).map_err(OutputError::io(Action::Open, temporary))?;
    workbook.save_to_writer(io::BufWriter::new(&file)).map_err(failed)?;
    file.sync_all().map_err(OutputError::io(Action::Sync, temporary))?;
    take_mode(&file, place.out()).map_err(OutputError::io(Action::Write, temporary))?;
    drop(file);
    rename(temporary, place.out()).map_err(OutputError::io(Action::Rename, place.out()))?;
    place.sync_folder().map_err(OutputError::io(Action::Sync, place.folder()))?;
    Ok(rendered)
}

/// The same answers give the same bytes, so the workbook does not say when it was made.
fn no_time() -> Result<ExcelDateTime, rust_xlsxwriter::XlsxError> {
    ExcelDateTime::from_ymd(2000, 1, 1)
}

fn write_rows(
    content: &Content,
    (sheet, texts): (&mut Worksheet, Texts),
    failed: impl Fn(rust_xlsxwriter::XlsxError) -> RenderError + Copy,
) -> Result<Rendered, RenderError> {
    let Content { csv, schema, looks, summary: _, changes: _ } = content;
    let unreadable = |source| RenderError::Csv { csv: csv.clone(), source };
    let mut rows = Rows::new(io::BufReader::new(File::open(csv).map_err(unreadable)?));
    let mut rendered = Rendered { rows: 0, cut_cells: 0, cut_changes: 0 };
    let Some(header) = rows.next().map_err(unreadable)? else { return Ok(rendered) };
    let last = u16::try_from(header.len().saturating_sub(1)).unwrap_or(u16::MAX);
    write_header(texts, sheet, (schema, header)).map_err(failed)?;
    let writer = CellWriter::new(texts, (schema, header), looks);
    while let Some(cells) = rows.next().map_err(unreadable)? {
        if rendered.rows == MAX_ROWS {
            return Err(RenderError::TooManyRows(csv.clone()));
        }
        rendered.rows += 1;
        if let Some(height) = height(cells) {
            sheet.set_row_height(rendered.rows, height).map_err(failed)?;
        }
        for (at, cell) in cells.iter().enumerate() {
            let is_whole = writer.write(sheet, (rendered.rows, at), cell).map_err(failed)?;
            rendered.cut_cells += u64::from(!is_whole);
        }
    }
    sheet.autofilter(0, 0, rendered.rows, last).map_err(failed)?;
    Ok(rendered)
}

/// Writes a sheet of texts. Of more rows than a sheet holds the first are there; the CSV has all. Gives the cells that were cut.
fn write_changes(
    csv: &Path,
    sheet: &mut Worksheet,
    failed: impl Fn(rust_xlsxwriter::XlsxError) -> RenderError + Copy,
) -> Result<u64, RenderError> {
    let unreadable = |source| RenderError::Csv { csv: csv.to_owned(), source };
    let mut rows = Rows::new(io::BufReader::new(File::open(csv).map_err(unreadable)?));
    let Some(header) = rows.next().map_err(unreadable)? else { return Ok(0) };
    write_header(Texts::InCells, sheet, (&Schema::default(), header)).map_err(failed)?;
    let writer = CellWriter::texts();
    let mut cut = 0;
    for row in 1..=MAX_ROWS {
        let Some(cells) = rows.next().map_err(unreadable)? else { break };
        for (column, cell) in cells.iter().enumerate() {
            cut += u64::from(!writer.write(sheet, (row, column), cell).map_err(failed)?);
        }
    }
    Ok(cut)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Destination;
    use std::fs;

    fn place(folder: &Path) -> OutputPath {
        let Ok(Destination::File(place)) = Destination::of(&folder.join("x.xlsx")) else { panic!("not a file") };
        place
    }

    #[test]
    fn a_workbook_is_made_in_one_go_and_twice_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let csv = folder.path().join("x.csv");
        fs::write(&csv, include_str!("../../../tests/fixtures/offer-16.csv")).unwrap();
        let summary = vec![("offers".to_owned(), "=1".to_owned())];
        let content = Content { csv, schema: Schema::default(), looks: Vec::new(), summary, changes: None };
        let mut workbooks = (0..2).map(|_| {
            assert_eq!(
                render(&content, &place(folder.path())).unwrap(),
                Rendered { rows: 4, cut_cells: 0, cut_changes: 0 }
            );
            fs::read(folder.path().join("x.xlsx")).unwrap()
        });
        let (first, second) = (workbooks.next().unwrap(), workbooks.next().unwrap());
        assert!(first.starts_with(b"PK") && first == second);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "no temporary file is left");
    }

    #[test]
    fn cells_that_are_cut_are_counted_in_both_sheets() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let long = "x".repeat(32_768);
        fs::write(at("x.csv"), format!("offer_id,a\n1,{long}\n")).unwrap();
        fs::write(at("changes.csv"), format!("offer_id,before,after\n1,{long},{long}\n2,x,y\n")).unwrap();
        let (csv, changes) = (at("x.csv"), Some(at("changes.csv")));
        let content = Content { csv, schema: Schema::default(), looks: Vec::new(), summary: Vec::new(), changes };
        let rendered = render(&content, &place(folder.path())).unwrap();
        assert_eq!(rendered, Rendered { rows: 1, cut_cells: 1, cut_changes: 2 });
    }

    #[test]
    fn a_csv_that_cannot_be_read_leaves_the_old_workbook() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("x.xlsx"), "old").unwrap();
        let csv = folder.path().join("no.csv");
        let content = Content { csv, schema: Schema::default(), looks: Vec::new(), summary: Vec::new(), changes: None };
        let failed = render(&content, &place(folder.path())).unwrap_err();
        assert!(failed.to_string().contains("no.csv"), "{failed}");
        assert_eq!(fs::read(folder.path().join("x.xlsx")).unwrap(), b"old");
    }
}
