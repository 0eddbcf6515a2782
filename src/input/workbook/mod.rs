//! A workbook to the records of one of its sheets.
//!
//! Owns which library reads it, what is repaired before that, and which sheet is read. Must not know what columns mean. A
//! workbook cannot be streamed (cells share texts that are in another part of the file), so the sheet is held in memory,
//! as compact text.

mod archive;
mod biff;
mod error;
mod opendocument;
mod sheet;
mod value;

use std::io::Cursor;

use calamine::{Ods, Reader as _, SheetType, SheetVisible, Sheets, Xls, Xlsx, XlsxError};

use self::archive::Archive;
pub(crate) use self::error::NotAWorkbook;
pub(super) use self::error::OpenFailure;
use self::sheet::Book;
pub(super) use self::sheet::Sheet;
use crate::input::layout::LOOK_AT;
use crate::panic_guard;

/// The sheet that is read, and the other ones.
#[derive(Debug, Default)]
pub(super) struct Workbook {
    pub(super) sheet: Sheet,
    /// The first rows of each other visible sheet with cells, if no sheet was chosen.
    pub(super) others: Vec<Other>,
}

/// A sheet that is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Other {
    pub(super) name: String,
    /// Its first rows with their numbers.
    pub(super) first: Vec<(u64, Vec<String>)>,
}

impl Workbook {
    /// Reads the sheet of that name, else the first visible one that has cells.
    pub(super) fn open(content: Vec<u8>, wanted: Option<&str>) -> Result<Self, OpenFailure> {
        let wanted = wanted.map(str::to_owned);
        let read = move || read(content, wanted.as_deref());
        panic_guard::wait("workbook-input", read)
            .unwrap_or_else(|why| Err(OpenFailure::Unreadable(NotAWorkbook::Damaged(why))))
    }
}

fn read(content: Vec<u8>, wanted: Option<&str>) -> Result<Workbook, OpenFailure> {
    let mut book = open(content).map_err(OpenFailure::Unreadable)?;
    let sheets = book.sheets_metadata().iter();
    let tables: Vec<_> = sheets.filter(|sheet| sheet.typ == SheetType::WorkSheet).cloned().collect();
    let unreadable = |error: calamine::Error| OpenFailure::Unreadable(NotAWorkbook::Damaged(error.to_string()));
    if let Some(wanted) = wanted {
        let in_any_case = |name: &str| name.trim().to_lowercase() == wanted.trim().to_lowercase();
        let exact = tables.iter().find(|table| table.name == wanted);
        let Some(table) = exact.or_else(|| tables.iter().find(|table| in_any_case(&table.name))) else {
            return Err(OpenFailure::Unknown { sheets: tables.into_iter().map(|table| table.name).collect() });
        };
        let sheet = Sheet::read_from(&mut book, &table.name, u64::MAX).map_err(unreadable)?;
        return Ok(Workbook { sheet, others: Vec::new() });
    }
    let Some(first) = tables.first() else { return Err(OpenFailure::Unreadable(NotAWorkbook::NoSheets)) };
    let visible: Vec<_> = tables.iter().filter(|table| table.visible == SheetVisible::Visible).collect();
    let candidates = if visible.is_empty() { tables.iter().collect() } else { visible };
    let mut found: Option<Workbook> = None;
    for table in candidates {
        let most = if found.is_some() { LOOK_AT as u64 } else { u64::MAX };
        let sheet = Sheet::read_from(&mut book, &table.name, most).map_err(unreadable)?;
        match &mut found {
            _ if sheet.len() == 0 => {}
            None => found = Some(Workbook { sheet, others: Vec::new() }),
            Some(found) => {
                found.others.push(Other { name: table.name.clone(), first: sheet.first_records(LOOK_AT) });
            }
        }
    }
    Ok(found.unwrap_or_else(|| Workbook { sheet: Sheet::empty(&first.name), others: Vec::new() }))
}

/// Opens a workbook of the kind that its bytes show. calamine's own detection loses the reason when it fails.
fn open(content: Vec<u8>) -> Result<Book, NotAWorkbook> {
    let damaged = |error: &dyn std::fmt::Display| NotAWorkbook::Damaged(error.to_string());
    if content.starts_with(b"PK") {
        return match archive::judge(&content)? {
            Archive::Xlsx => open_xlsx(content),
            Archive::OpenDocument => {
                let tidied = opendocument::tidied(&content)?;
                Ok(Sheets::Ods(Ods::new(Cursor::new(tidied)).map_err(|error| damaged(&error))?))
            }
        };
    }
    // A new workbook with a password uses the container of the old ones.
    if let Err(XlsxError::Password) = Xlsx::new(Cursor::new(&content)) {
        return Err(NotAWorkbook::Password);
    }
    match Xls::new(Cursor::new(biff::mended(content))) {
        Ok(xls) => Ok(Sheets::Xls(xls)),
        Err(calamine::XlsError::Password) => Err(NotAWorkbook::Password),
        Err(error) => Err(damaged(&error)),
    }
}

fn open_xlsx(content: Vec<u8>) -> Result<Book, NotAWorkbook> {
    match Xlsx::new(Cursor::new(content)) {
        Ok(xlsx) => Ok(Sheets::Xlsx(xlsx)),
        Err(XlsxError::Password) => Err(NotAWorkbook::Password),
        Err(error) => Err(NotAWorkbook::Damaged(error.to_string())),
    }
}
