//! Prepares an `OpenDocument` sheet for calamine: removes white space, comments and marks between its cells.
//!
//! calamine 0.38 fails on anything between two cells, though gnumeric and `SheetJS` indent their XML, and needs the
//! archive in a certain order. Owns the XML; must not know what cells mean.

use std::io::{BufReader, Cursor, Read as _, Write as _};

use quick_xml::events::{BytesText, Event};
use quick_xml::{Reader, Writer};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::input::workbook::NotAWorkbook;

const MIMETYPE: &str = "application/vnd.oasis.opendocument.spreadsheet";
const MANIFEST: &str = r#"<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>"#;

/// Rewrites the part of a workbook that holds its sheets.
///
/// # Errors
/// There is none, or it is damaged.
pub(super) fn tidied(content: &[u8]) -> Result<Vec<u8>, NotAWorkbook> {
    let damaged = |error: &dyn std::fmt::Display| NotAWorkbook::Damaged(error.to_string());
    let mut zip = ZipArchive::new(Cursor::new(content)).map_err(|error| damaged(&error))?;
    let mut manifest = String::new();
    if let Ok(mut file) = zip.by_name("META-INF/manifest.xml") {
        file.read_to_string(&mut manifest).map_err(|error| damaged(&error))?;
    }
    // Checked first: encrypted content cannot be read as XML.
    if manifest.contains("encryption-data") {
        return Err(NotAWorkbook::Password);
    }
    let file = zip.by_name("content.xml").map_err(|error| damaged(&error))?;
    let sheets = tidy(BufReader::new(file)).map_err(|error| damaged(&error))?;
    let mut tidied = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, part) in
        [("mimetype", MIMETYPE.as_bytes()), ("META-INF/manifest.xml", MANIFEST.as_bytes()), ("content.xml", &sheets)]
    {
        tidied.start_file(name, stored.large_file(true)).map_err(|error| damaged(&error))?;
        tidied.write_all(part).map_err(|error| damaged(&error))?;
    }
    Ok(tidied.finish().map_err(|error| damaged(&error))?.into_inner())
}

/// Where the reader stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Directly in a row, where nothing but cells may be.
    Row,
    /// In a paragraph of a cell, where all text counts.
    Paragraph,
    Elsewhere,
}

fn tidy(content: impl std::io::BufRead) -> Result<Vec<u8>, quick_xml::Error> {
    let mut reader = Reader::from_reader(content);
    reader.config_mut().check_end_names = false;
    let mut writer = Writer::new(Vec::new());
    let mut buffer = Vec::new();
    let mut places: Vec<Place> = Vec::new();
    let mut skipped = 0_usize;
    loop {
        buffer.clear();
        let event = reader.read_event_into(&mut buffer)?;
        let here = places.last().copied().unwrap_or(Place::Elsewhere);
        match event {
            Event::Eof => return Ok(writer.into_inner()),
            Event::Start(_) if skipped > 0 => skipped += 1,
            Event::End(_) if skipped > 0 => skipped -= 1,
            _ if skipped > 0 => {}
            Event::Start(element) if here == Place::Row && !is_cell(element.name().0) => skipped = 1,
            Event::Empty(element) if here == Place::Row && !is_cell(element.name().0) => {}
            Event::Start(element) => {
                let place = match element.name().0 {
                    "table:table-row" => Place::Row,
                    "text:p" | "text:h" => Place::Paragraph,
                    name if here == Place::Paragraph && name.starts_with("text:") => Place::Paragraph,
                    _ => Place::Elsewhere,
                };
                places.push(place);
                writer.write_event(Event::Start(element))?;
            }
            Event::Empty(element) => writer.write_event(Event::Empty(element))?,
            Event::End(element) => {
                places.pop();
                writer.write_event(Event::End(element))?;
            }
            // Unchanged: LibreOffice and gnumeric do not collapse a run of blanks.
            Event::Text(text) if here == Place::Paragraph => writer.write_event(Event::Text(text))?,
            Event::GeneralRef(entity) if here == Place::Paragraph => writer.write_event(Event::GeneralRef(entity))?,
            Event::CData(text) if here == Place::Paragraph => {
                let escaped = quick_xml::escape::escape(text.xml10_content());
                writer.write_event(Event::Text(BytesText::from_escaped(escaped)))?;
            }
            Event::Decl(declaration) => writer.write_event(Event::Decl(declaration))?,
            // Elsewhere text is only indentation.
            _ => {}
        }
    }
}

fn is_cell(name: &str) -> bool {
    matches!(name, "table:table-cell" | "table:covered-table-cell")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_between_cells_and_texts_are_unchanged() {
        let cell = |text: &str| format!("<table:table-cell><text:p>{text}</text:p></table:table-cell>");
        for (cells, tidied) in [
            (
                "\n  <table:table-cell/>\n <!-- x --><text:soft-page-break/> <a:b><c/> d</a:b>",
                "<table:table-cell/>".to_owned(),
            ),
            (&*cell("a"), cell("a")),
            (&cell("a  b\n c"), cell("a  b\n c")),
            (&cell("a <text:span> b</text:span> &amp;"), cell("a <text:span> b</text:span> &amp;")),
            (&cell("<!-- x -->a<text:s text:c=\"2\"/>b"), cell("a<text:s text:c=\"2\"/>b")),
            (&cell("<![CDATA[a<b]]> &amp; c"), cell("a&lt;b &amp; c")),
        ] {
            let row = |cells: &str| format!("<table:table-row>{cells}</table:table-row>");
            let written = tidy(row(cells).as_bytes()).unwrap();
            assert_eq!(String::from_utf8(written).unwrap(), row(&tidied));
        }
    }
}
