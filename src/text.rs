//! Bytes from the outside world to text.
//!
//! Owns the one rule for text whose encoding nobody declares. Must not read files or know what the text means.

use std::borrow::Cow;

/// UTF-8 where the bytes are UTF-8, else Windows-1252, the code page of most spreadsheets that do not write UTF-8.
///
/// Looks at nothing but these bytes: a stream cannot be read to its end before its first cell is needed.
/// Never fails, since every byte means something in Windows-1252.
pub fn decode(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0,
    }
}

/// At most `most` characters, with a space for everything that moves text about: safe for a cell, a log and a terminal.
pub fn one_line(text: &str, most: usize) -> Cow<'_, str> {
    let end = text.char_indices().nth(most).map_or(text.len(), |(at, _)| at);
    let short = text.get(..end).unwrap_or_default();
    if short.contains(moves_text) { short.replace(moves_text, " ").into() } else { short.into() }
}

/// Control characters, and those that turn the order of what follows them (CVE-2021-42574).
fn moves_text(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf8_is_borrowed_and_anything_else_is_windows_1252() {
        assert!(matches!(decode("Ünï 🎉".as_bytes()), Cow::Borrowed("Ünï 🎉")));
        assert_eq!(decode(b"caf\xe9 \x80 5"), "café € 5");
        assert_eq!(decode(b""), "");
    }

    #[test]
    fn one_line_is_one_line_of_bounded_length() {
        assert_eq!(one_line("a\r\nb\tc\u{85}d\0", 500), "a  b c d ");
        assert_eq!(one_line("a\u{202e}b\u{2066}c", 500), "a b c");
        assert_eq!(one_line(&"é".repeat(501), 500), "é".repeat(500));
        assert!(matches!(one_line("plain", 500), Cow::Borrowed("plain")));
    }
}
