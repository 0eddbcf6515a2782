//! The rows of a finished CSV, with what a reader of CSV usually drops: which cells stand between quotes.
//!
//! Reads what this program writes (RFC 4180). Must not know what cells mean.

use std::io::{self, BufRead};

/// A cell of a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) text: String,
    /// Whether it has quotes.
    pub(crate) is_quoted: bool,
}

/// Reads a CSV row by row.
#[derive(Debug)]
pub(crate) struct Rows<R> {
    from: R,
    line: Vec<u8>,
    cells: Vec<Cell>,
}

impl<R: BufRead> Rows<R> {
    pub(crate) fn new(from: R) -> Self {
        Self { from, line: Vec::new(), cells: Vec::new() }
    }

    /// The cells of the next row; `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<&[Cell]>> {
        self.line.clear();
        // A quote in a cell is doubled, so an odd number of them means that a cell has a line end in it.
        let mut quotes = 0;
        loop {
            let start = self.line.len();
            let read = self.from.read_until(b'\n', &mut self.line)?;
            quotes += memchr::memchr_iter(b'"', self.line.get(start..).unwrap_or_default()).count();
            if read == 0 && quotes % 2 != 0 {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a quote is never closed"));
            }
            if read == 0 || quotes % 2 == 0 {
                break;
            }
        }
        if self.line.is_empty() {
            return Ok(None);
        }
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let text = std::str::from_utf8(line).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        split(text, &mut self.cells);
        Ok(Some(&self.cells))
    }
}

/// Which cells of a CSV row stand between quotes.
pub fn quoted_cells(row: &[u8]) -> Vec<bool> {
    let mut cells = Vec::new();
    split(&String::from_utf8_lossy(row), &mut cells);
    cells.iter().map(|cell| cell.is_quoted).collect()
}

/// Splits a row, with as few allocations as the row before allows.
fn split(row: &str, cells: &mut Vec<Cell>) {
    let mut count = 0;
    let mut rest = Some(row);
    while let Some(text) = rest {
        if cells.len() == count {
            cells.push(Cell::default());
        }
        let Some(cell) = cells.get_mut(count) else { break };
        count += 1;
        cell.text.clear();
        cell.is_quoted = text.starts_with('"');
        rest = if let Some(quoted) = text.strip_prefix('"') {
            unquote(quoted, &mut cell.text)
        } else {
            let (own, more) = text.split_once(',').map_or((text, None), |(own, more)| (own, Some(more)));
            cell.text.push_str(own);
            more
        };
    }
    cells.truncate(count);
}

/// Takes the text up to the closing quote, and returns the rest after the comma.
fn unquote<'t>(mut quoted: &'t str, into: &mut String) -> Option<&'t str> {
    while let Some((own, more)) = quoted.split_once('"') {
        into.push_str(own);
        let Some(doubled) = more.strip_prefix('"') else {
            return more.split_once(',').map(|(_, next)| next);
        };
        into.push('"');
        quoted = doubled;
    }
    into.push_str(quoted);
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_come_with_their_quotes() {
        let csv = "a,\"7\",7,\"x\"\"y, \"\n1,\"two\nlines\",,\"\"\"\"\r\n\n\"last\"";
        let mut rows = Rows::new(csv.as_bytes());
        let mut all = Vec::new();
        while let Some(cells) = rows.next().unwrap() {
            all.push(
                cells
                    .iter()
                    .map(|cell| format!("{}{}", cell.text, ["", "!"][usize::from(cell.is_quoted)]))
                    .collect::<Vec<_>>(),
            );
        }
        let expected: [&[&str]; 4] =
            [&["a", "7!", "7", "x\"y, !"], &["1", "two\nlines!", "", "\"!"], &[""], &["last!"]];
        assert_eq!(all, expected);
        assert!(Rows::new(&b"a,\"b\n"[..]).next().is_err());
    }
}
