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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf8_is_borrowed_and_anything_else_is_windows_1252() {
        assert!(matches!(decode("Ünï 🎉".as_bytes()), Cow::Borrowed("Ünï 🎉")));
        assert_eq!(decode(b"caf\xe9 \x80 5"), "café € 5");
        assert_eq!(decode(b""), "");
    }
}
