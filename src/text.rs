//! Bytes from the outside world to text.
//!
//! Owns the rule for text of undeclared encoding, and the rule for showing text that others wrote.
//! Must not read files or know what the text means.

use std::borrow::Cow;

/// UTF-8 where the bytes are UTF-8, else Windows-1252, the code page of most spreadsheets that do not write UTF-8.
///
/// Looks only at these bytes: a stream cannot be read to its end before its first cell is needed.
/// Never fails, since every byte means something in Windows-1252.
pub(crate) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0,
    }
}

/// At most `most` characters, with a space for every character that moves text: safe for a cell.
pub(crate) fn one_line(text: &str, most: usize) -> Cow<'_, str> {
    let short = first_chars(text, most);
    if short.contains(moves_text) { short.replace(moves_text, " ").into() } else { short.into() }
}

/// Text from outside, made safe for a terminal or a log: on one line, with invisible and control characters escaped.
/// Everything from a network, a file name, a checkpoint or another run's lock goes through here.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    if !text.contains(is_unseen) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    text.chars().for_each(|c| show(c, &mut shown));
    shown.into()
}

/// [`shown`], but at most the first `most` characters.
pub(crate) fn shown_start(text: &str, most: usize) -> Cow<'_, str> {
    shown(first_chars(text, most))
}

/// A whole message for a terminal or a log. Its own line breaks, each followed by at least two blanks, stay, so text
/// from outside cannot start a new line.
pub(crate) fn shown_message(message: &str) -> Cow<'_, str> {
    if !message.contains(is_unseen) {
        return message.into();
    }
    let mut shown = String::with_capacity(message.len() + 16);
    for (at, c) in message.char_indices() {
        if c == '\n' && message.get(at..).is_some_and(|rest| rest.starts_with("\n  ")) {
            shown.push(c);
        } else {
            show(c, &mut shown);
        }
    }
    shown.into()
}

/// JSON text without control characters; its meaning is unchanged.
pub(crate) fn shown_json(json: &str) -> Cow<'_, str> {
    // ASCII control characters outside of strings are the line breaks of a pretty one.
    let is_unsafe = |c: char| !c.is_ascii() && is_unseen(c) || c == '\u{7f}';
    if !json.contains(is_unsafe) {
        return json.into();
    }
    let mut shown = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if is_unsafe(c) {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| shown += &format!("\\u{unit:04x}"));
        } else {
            shown.push(c);
        }
    }
    shown.into()
}

fn show(c: char, shown: &mut String) {
    if is_unseen(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
}

fn first_chars(text: &str, most: usize) -> &str {
    let end = text.char_indices().nth(most).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or_default()
}

/// Control characters, Unicode line ends, and characters that reverse the text direction (CVE-2021-42574).
fn moves_text(c: char) -> bool {
    c.is_control() || turns_text(c) || matches!(c, '\u{2028}' | '\u{2029}')
}

fn turns_text(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Invisible characters that come along when an ID is copied from a web page or a chat.
pub(crate) fn is_invisible(c: char) -> bool {
    is_zero_width(c) || turns_text(c)
}

/// Characters that move text or have no width: two texts that look the same should be the same.
fn is_unseen(c: char) -> bool {
    moves_text(c) || is_zero_width(c)
}

/// Characters that take no room and mean nothing in an ID, a key or a name.
pub(crate) fn is_zero_width(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}')
        || matches!(c, '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
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
        assert_eq!(one_line("a\u{200e}b\u{61c}c\u{2028}d", 500), "a b c d");
    }

    /// C0, DEL, C1, bidi marks, line and paragraph separators, what has no width.
    const UNSEEN: [char; 18] = [
        '\0',
        '\u{7}',
        '\u{1b}',
        '\r',
        '\u{7f}',
        '\u{85}',
        '\u{9b}',
        '\u{61c}',
        '\u{200e}',
        '\u{200f}',
        '\u{202e}',
        '\u{2066}',
        '\u{2069}',
        '\u{2028}',
        '\u{2029}',
        '\u{200b}',
        '\u{feff}',
        '\u{e0041}',
    ];

    #[test]
    fn what_is_shown_is_one_line_and_hides_nothing() {
        for c in UNSEEN {
            let escaped = c.escape_default().to_string();
            assert_eq!(shown(&format!("a{c}b")), format!("a{escaped}b"));
            assert_eq!(shown_message(&format!("a{c}\n  b")), format!("a{escaped}\n  b"));
        }
        assert_eq!(shown("a\nb\tc"), "a\\nb\\tc");
        assert_eq!(shown_start("é\u{1b}x", 2), "é\\u{1b}");
        assert!(matches!(shown("Ünï 🎉"), Cow::Borrowed("Ünï 🎉")));
    }

    #[test]
    fn only_a_messages_own_lines_are_lines() {
        assert_eq!(shown_message("a\n  b\n    c"), "a\n  b\n    c");
        assert_eq!(shown_message("a\nforged: all well\n x\r\n  y"), "a\\nforged: all well\\n x\\r\n  y");
    }

    #[test]
    fn json_that_is_shown_means_the_same() {
        for c in UNSEEN {
            let json = serde_json::to_string_pretty(&serde_json::json!({ "a": format!("é{c}") })).unwrap();
            let safe = shown_json(&json);
            assert!(!safe.contains(|c| c != '\n' && is_unseen(c)), "{safe:?}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap()["a"], format!("é{c}"));
        }
    }
}
