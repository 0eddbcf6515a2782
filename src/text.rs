//! Turns bytes of unknown encoding into text.
//!
//! Knows nothing of where the bytes come from; byte-order marks are the caller's business.

use std::borrow::Cow;

/// UTF-8 if the bytes are valid UTF-8, else Windows-1252, in which every byte is a character.
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
    fn valid_utf_8_is_borrowed_and_anything_else_is_windows_1252() {
        assert!(matches!(decode("é€".as_bytes()), Cow::Borrowed("é€")));
        assert_eq!(decode(b"caf\xe9 \x80"), "café €");
    }
}
