//! The text of a config file: line numbers, and syntax errors in plain words.
//!
//! The toml crate's own `Display` quotes the source line, so it is never used.

use std::path::Path;

use toml::Spanned;
use toml::de::DeTable;

use super::mistakes::Mistakes;

/// Where lines begin.
#[derive(Debug)]
pub(super) struct Lines(Vec<usize>);

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self(std::iter::once(0).chain(breaks).collect())
    }

    /// The line, from 1, of a byte.
    pub(super) fn at(&self, byte: usize) -> usize {
        self.0.partition_point(|start| *start <= byte).max(1)
    }
}

/// The tables of a text. Continues after a syntax error, so that all errors are found at once.
pub(super) fn tables<'a>(text: &'a str, path: &Path) -> (Spanned<DeTable<'a>>, Lines, Mistakes) {
    let lines = Lines::of(text);
    let mut mistakes = Mistakes::new(path);
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let line = lines.at(span.start.min(text.len().saturating_sub(1)));
        mistakes.add(line, explain(error.message()));
    }
    (table, lines, mistakes)
}

/// A parser's message, and what to do. Its messages name what is expected, never what is there.
fn explain(message: &str) -> String {
    let hint = match message {
        _ if message.starts_with("string values must be quoted") || is_scalar(message) => {
            "a text needs quotes: \"...\""
        }
        _ if message.contains("unicode") || message.contains("escape") => {
            "a \\ in \"...\" begins an escape; write a Windows path in single quotes: '...'"
        }
        _ if message.starts_with("duplicate key") => "it is there already; keep one",
        _ if message.starts_with("key with no value") => "write NAME = VALUE",
        _ if message.starts_with("invalid unquoted key") => {
            "a name has letters, digits, - and _ only; others need quotes"
        }
        _ => return format!("this is not TOML: {message}"),
    };
    format!("this is not TOML: {message}; {hint}")
}

/// The parser's messages for a value that begins like a number, a date or a switch but is not one.
fn is_scalar(message: &str) -> bool {
    const SCALARS: [&str; 11] = [
        "value",
        "float",
        "mantissa",
        "fraction",
        "exponent",
        "integer",
        "hexadecimal",
        "octal",
        "binary",
        "boolean",
        "date",
    ];
    let rest = message.strip_prefix("invalid ").unwrap_or_default();
    SCALARS.iter().any(|scalar| rest.starts_with(scalar))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_its_line() {
        let lines = Lines::of("a\n\nbc\n");
        assert_eq!([0, 1, 2, 3, 4, 5].map(|byte| lines.at(byte)), [1, 1, 2, 3, 3, 3]);
    }
}
