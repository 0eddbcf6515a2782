//! Where a text ends and where white space does, in many bytes at a time: that is most of the work on a body.
//!
//! Knows nothing of the content.

use crate::api::documented::mark::Value;

/// A text of JSON, without its quotes.
pub(super) struct Text {
    /// Its length in bytes.
    pub(super) len: usize,
    pub(super) value: Value,
}

/// The text that ends at the first quote; `None` where it has no end, or has something in it that no text has. What its
/// escapes are is not looked at.
pub(super) fn text(bytes: &[u8]) -> Option<Text> {
    let (mut len, mut value) = (0, Value::Plain);
    loop {
        len += plain_length(bytes.get(len..)?);
        match bytes.get(len)? {
            b'"' => return Some(Text { len, value }),
            b'\\' => {
                value = Value::Escaped;
                // The second sign may be a quote.
                len += 2;
            }
            // A control character.
            _ => return None,
        }
    }
}

/// What comes behind white space, of which indented bodies have much.
#[inline]
pub(super) fn after_space(text: &[u8]) -> &[u8] {
    match text {
        [first, ..] if *first > b' ' => text,
        // What stands between a key and its value.
        [b' ', rest @ ..] if rest.first().is_some_and(|first| *first > b' ') => rest,
        _ => after_much_space(text),
    }
}

fn after_much_space(mut rest: &[u8]) -> &[u8] {
    const SPACES: u64 = u64::from_le_bytes([b' '; 8]);
    while let [b' ' | b'\n' | b'\r' | b'\t', after @ ..] = rest {
        rest = after;
        while let Some((word, _)) = rest.split_first_chunk() {
            let spaces = (u64::from_le_bytes(*word) ^ SPACES).trailing_zeros() as usize / 8;
            rest = rest.get(spaces..).unwrap_or_default();
            if spaces < 8 {
                break;
            }
        }
    }
    rest
}

/// How many bytes of a text come before the first quote, backslash or control character.
///
/// The first 16 bytes, where escapes are, in words of 8, then in steps of 32, of which the compiler makes vectors: texts
/// are most of a body.
pub(super) fn plain_length(bytes: &[u8]) -> usize {
    const NEAR: usize = 16;
    let near = plain_words(bytes.get(..NEAR).unwrap_or(bytes));
    if near < NEAR {
        return near;
    }
    let (chunks, _) = bytes.get(NEAR..).unwrap_or_default().as_chunks::<32>();
    let ends = |byte: u8| u8::from(byte == b'"') | u8::from(byte == b'\\') | u8::from(byte < b' ');
    let plain = chunks.iter().take_while(|chunk| chunk.iter().fold(0, |any, &byte| any | ends(byte)) == 0).count();
    let start = NEAR + 32 * plain;
    start + plain_words(bytes.get(start..).unwrap_or_default())
}

#[inline]
fn plain_words(bytes: &[u8]) -> usize {
    let (words, tail) = bytes.as_chunks::<8>();
    let mut at = 0;
    for word in words {
        let found = marks(u64::from_le_bytes(*word));
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let is_end = |byte: &u8| matches!(byte, b'"' | b'\\' | ..b' ');
    at + tail.iter().position(is_end).unwrap_or(tail.len())
}

/// A word whose lowest set bit is in the first byte of `word` that is a quote, a backslash or a control character; 0 where
/// none is.
fn marks(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let below = |limit: u8, word: u64| word.wrapping_sub(ONES * u64::from(limit)) & !word;
    let equal = |byte: u8| below(1, word ^ (ONES * u64::from(byte)));
    (below(b' ', word) | equal(b'"') | equal(b'\\')) & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn the_end_of_a_plain_text_is_found_at_every_place(
            bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..90), keep in 0_u8..4,
        ) {
            // Few bytes that end it, so that it is long.
            let bytes: Vec<u8> = bytes.into_iter().map(|b| if b % 4 == keep { b } else { b | 0x61 }).collect();
            let expected = bytes.iter().position(|&b| b == b'"' || b == b'\\' || b < 32).unwrap_or(bytes.len());
            proptest::prop_assert_eq!(plain_length(&bytes), expected);
        }

        #[test]
        fn white_space_ends_where_something_else_begins(space in "[ \n\r\t]{0,40}| {0,40}", rest in "[^ \n\r\t].{0,20}|") {
            let text = format!("{space}{rest}");
            proptest::prop_assert_eq!(after_space(text.as_bytes()), rest.as_bytes());
        }
    }
}
