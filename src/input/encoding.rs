//! What kind of bytes an input is made of, judged by its beginning.
//!
//! Owns the signatures. Must not read or decode anything: cells are decoded one by one, in [`crate::text`].

use crate::input::names::Names;

/// What the bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// UTF-8 or Windows-1252, after a byte order mark of `mark` bytes.
    Plain { mark: usize },
    /// UTF-16 with a byte order mark.
    Utf16,
    /// A workbook: a zip archive (`.xlsx`, `.ods`) or an OLE container (`.xls`).
    Workbook,
}

/// What the bytes are, if they cannot be read. Each message says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    /// Every second byte is NUL.
    #[error("it seems to be UTF-16 without a byte order mark; save it as UTF-8 (in Excel: \"CSV UTF-8\")")]
    Utf16WithoutMark,
    /// Four bytes for each character.
    #[error("it is UTF-32; save it as UTF-8")]
    Utf32,
    /// The signature of gzip, zstd, xz, bzip2, 7z, rar or tar.
    #[error("it is compressed or an archive; unpack it first, for example: gunzip -c FILE.gz | offerlinks export -")]
    Compressed,
    /// A zip archive that is no workbook.
    #[error(
        "it is a zip archive that holds {files}; unzip it first, for example: unzip -p FILE.zip | offerlinks export -"
    )]
    Zip {
        /// What is in it.
        files: Names,
    },
    /// The signature of a PDF.
    #[error("it is a PDF; export the table as CSV or XLSX instead")]
    Pdf,
    /// The signature of `SQLite` or Parquet.
    #[error("it is {0}; export its table of offers as CSV")]
    Database(&'static str),
    /// A web page, whatever its name.
    #[error(
        "it is an HTML page, not a table: a log-in or error page, or what a web site calls an Excel export; download the \
         list as CSV, or open it in a spreadsheet and save it as .xlsx"
    )]
    Html,
    /// Other markup.
    #[error("it is XML; export the list as CSV or .xlsx")]
    Xml,
    /// `{"error": ...}`, or a list in JSON.
    #[error("it is JSON, an answer of a web service or an error; make a list of it, for example: jq -r '.[].offer_id'")]
    Json,
    /// Rich text.
    #[error("it is a text document (RTF); save it as plain text with one ID on each line")]
    Rtf,
    /// A spreadsheet in a form that is text.
    #[error("it is {0}; open it in a spreadsheet and save it as .xlsx or CSV")]
    Spreadsheet(&'static str),
    /// A dump of a database.
    #[error("it is a dump in SQL; export the table of offers as CSV")]
    Sql,
    /// Head and body, as `curl -i` prints them.
    #[error("it is an HTTP answer with its headers (as of curl -i); save the body alone")]
    HttpAnswer,
    /// NUL bytes.
    #[error(
        "it is not text: line {line} holds a NUL byte; pass a CSV file (UTF-8, UTF-16 or Windows-1252) or a workbook \
         (.xlsx, .xls, .ods)"
    )]
    Binary {
        /// The line of the first one.
        line: usize,
    },
    /// UTF-16 after other text.
    #[error(
        "from line {line} on it is UTF-16 behind other text, as PowerShell's >> makes it; write the whole file in one \
         encoding, such as UTF-8"
    )]
    Mixed {
        /// Where that begins.
        line: usize,
    },
}

/// Judges an input by its first bytes.
pub(super) fn sniff(head: &[u8]) -> Result<Content, Unreadable> {
    const COMPRESSED: [&[u8]; 6] =
        [b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\0", b"BZh", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07"];
    let starts = |signature: &[u8]| head.starts_with(signature);
    if starts(b"PK\x03\x04") || starts(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        Ok(Content::Workbook)
    } else if starts(b"\xff\xfe\0\0") || starts(b"\0\0\xfe\xff") {
        Err(Unreadable::Utf32)
    } else if starts(b"\xff\xfe") || starts(b"\xfe\xff") {
        Ok(Content::Utf16)
    } else if COMPRESSED.into_iter().any(starts) || head.get(257..262) == Some(b"ustar") {
        Err(Unreadable::Compressed)
    } else if starts(b"%PDF-") {
        Err(Unreadable::Pdf)
    } else if starts(b"SQLite format 3\0") {
        Err(Unreadable::Database("an SQLite database"))
    } else if starts(b"PAR1") {
        Err(Unreadable::Database("a Parquet file"))
    } else if let Some(nul) = memchr::memchr(0, head) {
        Err(with_nul(head, nul))
    } else {
        Ok(Content::Plain { mark: if starts(b"\xef\xbb\xbf") { 3 } else { 0 } })
    }
}

/// What is wrong with a text in which there is a NUL.
fn with_nul(head: &[u8], nul: usize) -> Unreadable {
    if is_like_utf16(head) {
        return Unreadable::Utf16WithoutMark;
    }
    let (before, after) = head.split_at(nul.saturating_sub(1));
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    // Both halves must be long enough to be distinguished.
    if line > 1 && after.len() > 3 && is_like_utf16(after) {
        Unreadable::Mixed { line }
    } else {
        Unreadable::Binary { line }
    }
}

/// Whether nearly all bytes at even places, or nearly all at odd places, are NUL and the others are not.
fn is_like_utf16(head: &[u8]) -> bool {
    let nul_share = |offset: usize| {
        let bytes = head.iter().skip(offset).step_by(2);
        let count = bytes.len().max(1);
        bytes.filter(|&&byte| byte == 0).count() * 100 / count
    };
    let (even, odd) = (nul_share(0), nul_share(1));
    even.max(odd) >= 70 && even.min(odd) <= 5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_recognized_by_its_beginning() {
        let cases: [(&[u8], Result<Content, Unreadable>); 19] = [
            (b"", Ok(Content::Plain { mark: 0 })),
            (b"id\n16", Ok(Content::Plain { mark: 0 })),
            (b"\xef\xbb\xbfid", Ok(Content::Plain { mark: 3 })),
            (b"caf\xe9", Ok(Content::Plain { mark: 0 })),
            (b"\xff\xfei\0", Ok(Content::Utf16)),
            (b"\xfe\xff\0i", Ok(Content::Utf16)),
            (b"\xff\xfe\0\0i\0\0\0", Err(Unreadable::Utf32)),
            (b"i\0d\0\n\0", Err(Unreadable::Utf16WithoutMark)),
            (b"\0i\0d\0\n", Err(Unreadable::Utf16WithoutMark)),
            (b"PK\x03\x04...", Ok(Content::Workbook)),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Ok(Content::Workbook)),
            (b"\x1f\x8b\x08", Err(Unreadable::Compressed)),
            (b"%PDF-1.7", Err(Unreadable::Pdf)),
            (b"\x7fELF\0\0\0", Err(Unreadable::Binary { line: 1 })),
            (b"16,\0", Err(Unreadable::Binary { line: 1 })),
            (b"offer_id\n16\n17,a\0b\n18,some more text\n", Err(Unreadable::Binary { line: 3 })),
            (b"offer_id\n16\n1\x007\0\r\0\n\0", Err(Unreadable::Mixed { line: 3 })),
            (b"Rar!\x1a\x07\0", Err(Unreadable::Compressed)),
            (b"SQLite format 3\0", Err(Unreadable::Database("an SQLite database"))),
        ];
        for (head, content) in cases {
            assert_eq!(sniff(head), content, "{head:?}");
        }
    }
}
