//! What kind of bytes an input is made of, judged by its beginning.
//!
//! Owns the signatures. Must not read anything, nor decode: cells are decoded one by one, in [`crate::text`].

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

/// What the bytes are, when it is nothing that can be read; says the way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Every second byte is NUL.
    #[error("it seems to be UTF-16 without a byte order mark; save it as UTF-8 (in Excel: \"CSV UTF-8\")")]
    Utf16WithoutMark,
    /// Four bytes for each character.
    #[error("it is UTF-32; save it as UTF-8")]
    Utf32,
    /// The signature of gzip, zstd, xz or bzip2.
    #[error("it is compressed; unpack it first, for example: gunzip -c FILE.gz | offerlinks export -")]
    Compressed,
    /// The signature of a PDF.
    #[error("it is a PDF; export the table as CSV or XLSX instead")]
    Pdf,
    /// NUL bytes.
    #[error("it is not text; pass a CSV file (UTF-8, UTF-16 or Windows-1252) or a workbook (.xlsx, .xls, .ods)")]
    Binary,
}

/// Judges an input by its first bytes.
pub(super) fn sniff(head: &[u8]) -> Result<Content, Unreadable> {
    const COMPRESSED: [&[u8]; 4] = [b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\0", b"BZh"];
    let starts = |signature: &[u8]| head.starts_with(signature);
    if starts(b"PK\x03\x04") || starts(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        Ok(Content::Workbook)
    } else if starts(b"\xff\xfe\0\0") || starts(b"\0\0\xfe\xff") {
        Err(Unreadable::Utf32)
    } else if starts(b"\xff\xfe") || starts(b"\xfe\xff") {
        Ok(Content::Utf16)
    } else if COMPRESSED.into_iter().any(starts) {
        Err(Unreadable::Compressed)
    } else if starts(b"%PDF-") {
        Err(Unreadable::Pdf)
    } else if memchr::memchr(0, head).is_some() {
        Err(if is_like_utf16(head) { Unreadable::Utf16WithoutMark } else { Unreadable::Binary })
    } else {
        Ok(Content::Plain { mark: if starts(b"\xef\xbb\xbf") { 3 } else { 0 } })
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
    fn content_is_told_by_its_beginning() {
        let cases: [(&[u8], Result<Content, Unreadable>); 15] = [
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
            (b"\x7fELF\0\0\0", Err(Unreadable::Binary)),
            (b"16,\0", Err(Unreadable::Binary)),
        ];
        for (head, content) in cases {
            assert_eq!(sniff(head), content, "{head:?}");
        }
    }
}
