//! The kind of a zip archive, by the names in it: several kinds of workbooks are archives, and so are other files.
//!
//! Owns the names. Must not read sheets.

use std::io::{Cursor, Read as _};

use zip::ZipArchive;

use crate::input::workbook::error::NotAWorkbook;

/// The workbooks that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Archive {
    /// `.xlsx`, `.xlsm`, `.xltx`.
    Xlsx,
    /// `.ods`, `.ots`.
    OpenDocument,
}

/// The kind of an archive, whatever its file is called.
///
/// # Errors
/// It is no workbook, or one that cannot be read.
pub(super) fn judge(content: &[u8]) -> Result<Archive, NotAWorkbook> {
    let mut zip = ZipArchive::new(Cursor::new(content)).map_err(|error| NotAWorkbook::Damaged(error.to_string()))?;
    let names: Vec<String> =
        zip.file_names().flatten().map(|name| name.replace('\\', "/").trim_start_matches('/').to_owned()).collect();
    let has = |wanted: &str| names.iter().any(|name| name.eq_ignore_ascii_case(wanted));
    let starts =
        |start: &str| names.iter().any(|name| name.get(..start.len()).is_some_and(|s| s.eq_ignore_ascii_case(start)));
    if has("xl/workbook.bin") {
        return Err(NotAWorkbook::Xlsb);
    }
    let is_office = has("[Content_Types].xml");
    if is_office && (starts("xl/") || has("_rels/.rels") && !starts("word/") && !starts("ppt/")) {
        return Ok(Archive::Xlsx);
    }
    let mut mimetype = String::new();
    if let Ok(file) = zip.by_name("mimetype") {
        let _ = file.take(100).read_to_string(&mut mimetype);
    }
    let other = |what| Err(NotAWorkbook::Other(what));
    match mimetype.trim().strip_prefix("application/vnd.oasis.opendocument.") {
        Some(kind) if kind.starts_with("spreadsheet") => return Ok(Archive::OpenDocument),
        Some(_) => return other("an OpenDocument text, drawing or presentation"),
        None if is_office && starts("word/") => return other("a Word document"),
        None if is_office && starts("ppt/") => return other("a PowerPoint presentation"),
        None if has("Index.zip") || starts("Index/") => return Err(NotAWorkbook::Numbers),
        // Written by hand, or packed again.
        None if has("content.xml") => return Ok(Archive::OpenDocument),
        None => {}
    }
    let file = names.into_iter().find(|name| !name.ends_with('/') && !name.starts_with("__MACOSX"));
    Err(NotAWorkbook::Archive { file: file.unwrap_or_else(|| "nothing".to_owned()) })
}
