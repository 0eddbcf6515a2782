//! Texts that are not lists: markup, JSON, a spreadsheet written as text, a dump, an HTTP answer with its headers.
//!
//! Pure, by the beginning of the text alone. Must not judge tables.

use crate::input::encoding::Unreadable;

/// What kind of text it is, if that kind has no rows of cells.
pub(super) fn kind(text: &[u8]) -> Option<Unreadable> {
    let text = text.trim_ascii_start();
    let start = text.get(..4096).unwrap_or(text).to_ascii_lowercase();
    let starts = |with: &str| start.starts_with(with.as_bytes());
    let holds = |part: &str| memchr::memmem::find(&start, part.as_bytes()).is_some();
    let second = text.iter().skip(1).copied().find(|byte| !byte.is_ascii_whitespace());
    let second_line = text.split(|&byte| byte == b'\n').nth(1).unwrap_or_default();
    match text.first()? {
        b'<' if text.get(1).is_some_and(|byte| byte.is_ascii_alphabetic() || b"!?/".contains(byte)) => {
            Some(markup(holds))
        }
        b'{' if starts("{\\rtf") => Some(Unreadable::Rtf),
        b'{' if matches!(second, Some(b'"' | b'}')) => Some(Unreadable::Json),
        b'[' if matches!(second, Some(b'"' | b'{' | b'[' | b']' | b'-' | b'0'..=b'9')) => Some(Unreadable::Json),
        b'I' if starts("id;p") && matches!(second_line, [b'A'..=b'Z', b';', ..]) => {
            Some(Unreadable::Spreadsheet("a SYLK file"))
        }
        b'T' if starts("table\n0,1") || starts("table\r\n0,1") => Some(Unreadable::Spreadsheet("a DIF file")),
        b's' if starts("socialcalc:") => Some(Unreadable::Spreadsheet("an EtherCalc sheet")),
        b'v' if starts("version:1.") && holds("\ncell:") => Some(Unreadable::Spreadsheet("an EtherCalc sheet")),
        b'M' | b'm' if starts("mime-version:") => Some(Unreadable::Spreadsheet("a web page in one file (MIME)")),
        b'H' if starts("http/1.") || starts("http/2") => Some(Unreadable::HttpAnswer),
        _ if is_sql(&start) => Some(Unreadable::Sql),
        _ => None,
    }
}

fn markup(holds: impl Fn(&str) -> bool) -> Unreadable {
    const PAGE: [&str; 13] = [
        "<html",
        "<!doctype html",
        "<head",
        "<body",
        "<table",
        "<div",
        "<p>",
        "<br",
        "<b>",
        "<script",
        "<h1",
        "<style",
        "<meta",
    ];
    if holds("urn:schemas-microsoft-com:office:spreadsheet") {
        Unreadable::Spreadsheet("an Excel 2003 XML file")
    } else if holds("opendocument") || holds("<office:document") {
        Unreadable::Spreadsheet("a flat OpenDocument file (.fods)")
    } else if holds("gnumeric") {
        Unreadable::Spreadsheet("a Gnumeric file")
    } else if PAGE.into_iter().any(&holds) {
        Unreadable::Html
    } else {
        Unreadable::Xml
    }
}

fn is_sql(start: &[u8]) -> bool {
    const FIRST: [&[u8]; 6] =
        [b"insert into ", b"create table ", b"pragma ", b"begin transaction", b"drop table ", b"replace into "];
    let is_dump = |part: &[u8]| memchr::memmem::find(start, part).is_some();
    FIRST.into_iter().any(|first| start.starts_with(first))
        || (start.starts_with(b"--")
            && (is_dump(b" database dump") || is_dump(b"mysql dump") || is_dump(b"insert into ")))
}

/// The names in a zip archive that is not a workbook; `None` where it may be one, or is damaged.
pub(super) fn files_in_zip(content: &[u8]) -> Option<Vec<String>> {
    const ENTRY: &[u8] = b"PK\x01\x02";
    // The parts by which readers know a workbook.
    const PARTS: [&str; 5] = ["[content_types].xml", "mimetype", "content.xml", "xl/workbook.xml", "xl/workbook.bin"];
    let mut names = Vec::new();
    for at in memchr::memmem::find_iter(content, ENTRY) {
        let entry = content.get(at..)?;
        let &[low, high] = entry.get(28..30)? else { return None };
        let name = entry.get(46..46 + usize::from(u16::from_le_bytes([low, high])))?;
        names.push(String::from_utf8_lossy(name).replace('\\', "/"));
    }
    let is_part = |name: &String| PARTS.contains(&name.to_lowercase().trim_start_matches('/'));
    (!names.is_empty() && !names.iter().any(is_part)).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_rows_is_recognized_by_its_beginning() {
        let sheet = |name| Some(Unreadable::Spreadsheet(name));
        for (text, kind_of) in [
            ("<!DOCTYPE html>\n<p>16", Some(Unreadable::Html)),
            ("\n  <table>\n<tr><td>\n250\n", Some(Unreadable::Html)),
            ("<br />\n<b>Warning</b>: 5", Some(Unreadable::Html)),
            ("<?xml version=\"1.0\"?><offers><offer>16</offer></offers>", Some(Unreadable::Xml)),
            (
                "<?xml version=\"1.0\"?>\n<Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">",
                sheet("an Excel 2003 XML file"),
            ),
            ("<?xml version=\"1.0\"?>\n<office:document>", sheet("a flat OpenDocument file (.fods)")),
            ("{\\rtf1\\ansi\n16\\par", Some(Unreadable::Rtf)),
            ("{\"error\":\"session expired\"}\n", Some(Unreadable::Json)),
            ("{\n  \"offers\": [", Some(Unreadable::Json)),
            ("[16, 17]", Some(Unreadable::Json)),
            ("[\n  {", Some(Unreadable::Json)),
            ("{}", Some(Unreadable::Json)),
            ("{clickid},16\n", None),
            ("[EU] Shoes,16\n", None),
            ("ID;PWXL;N;E\r\nP;PGeneral\r\n", sheet("a SYLK file")),
            ("ID;Payout\n16;5\n", None),
            ("ID;P\n16;5\n", None),
            ("TABLE\r\n0,1\r\n\"EXCEL\"\r\n", sheet("a DIF file")),
            ("Table 1\nid\n", None),
            ("socialcalc:version:1.0\nMIME-Version: 1.0\n", sheet("an EtherCalc sheet")),
            ("version:1.5\ncell:A1:v:16\n", sheet("an EtherCalc sheet")),
            ("MIME-Version: 1.0\nContent-Type: multipart/related", sheet("a web page in one file (MIME)")),
            ("HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n16\n", Some(Unreadable::HttpAnswer)),
            ("INSERT INTO offers VALUES(1,16,'x');\n", Some(Unreadable::Sql)),
            ("PRAGMA foreign_keys=OFF;\n", Some(Unreadable::Sql)),
            ("--\n-- PostgreSQL database dump\n--\n", Some(Unreadable::Sql)),
            ("-- my offers\n16\n", None),
            ("< 16\n> 17\n", None),
            ("16\n17\n", None),
            ("", None),
        ] {
            assert_eq!(kind(text.as_bytes()), kind_of, "{text:?}");
        }
    }
}
