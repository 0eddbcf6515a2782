//! The terminal as the progress bar sees it.
//!
//! A little narrower than it is: the library fills a line to its last column, so that the `^C` which a terminal writes
//! behind it would go to the next line, and leave the bar standing there for good. A console of Windows goes to the next
//! line by itself behind a full one. The library also counts on a full line to wrap; in a narrower one that takes a line end.

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};

use console::Term;
use indicatif::{ProgressDrawTarget, TermLike};

use crate::report::console::width;

/// Columns that are left free.
const FREE: usize = 3;

/// Where the bar is drawn.
pub(crate) fn target() -> ProgressDrawTarget {
    let plain = ProgressDrawTarget::stderr();
    // Where the library would show nothing.
    if plain.is_hidden() {
        plain
    } else {
        ProgressDrawTarget::term_like(Box::new(Narrower { term: Term::stderr(), column: AtomicUsize::new(0) }))
    }
}

/// The width of the terminal that is used.
pub(crate) fn columns() -> usize {
    width::columns().saturating_sub(FREE).max(1)
}

/// The height of the terminal.
pub(super) fn rows() -> usize {
    terminal_size::terminal_size_of(io::stderr()).map_or(24, |(_, rows)| usize::from(rows.0))
}

#[derive(Debug)]
struct Narrower {
    /// Moves the cursor, on Windows without escapes.
    term: Term,
    /// The cursor's column, counted from what was written since it was last moved.
    column: AtomicUsize,
}

impl Narrower {
    fn moved(&self) -> &Term {
        self.column.store(0, Ordering::Relaxed);
        &self.term
    }
}

/// What to write for the next piece of text in this column, and the column behind it: a full line ends before more comes.
fn piece(text: &str, column: usize, width: usize) -> (&'static str, usize) {
    match text.chars().count() {
        _ if text == "\r" => ("", 0),
        0 => ("", column),
        length if column >= width => ("\r\n", length),
        length => ("", column + length),
    }
}

impl TermLike for Narrower {
    fn width(&self) -> u16 {
        u16::try_from(columns()).unwrap_or(u16::MAX)
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.moved().move_cursor_up(n)
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.moved().move_cursor_down(n)
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.moved().move_cursor_right(n)
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.moved().move_cursor_left(n)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.column.store(0, Ordering::Relaxed);
        writeln!(io::stderr(), "{text}")
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        let (before, column) = piece(text, self.column.load(Ordering::Relaxed), columns());
        self.column.store(column, Ordering::Relaxed);
        write!(io::stderr(), "{before}{text}")
    }

    /// By blanks: what clears a line of a console by itself makes it scroll at the foot of the window, under Wine.
    #[cfg(windows)]
    fn clear_line(&self) -> io::Result<()> {
        self.column.store(0, Ordering::Relaxed);
        write!(io::stderr(), "\r{:width$}\r", "", width = columns())
    }

    #[cfg(not(windows))]
    fn clear_line(&self) -> io::Result<()> {
        self.moved().clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_line_ends_before_the_next_one_and_not_after_the_last() {
        let mut column = 0;
        // Two lines of ten columns, each with what fills it, as the library writes them.
        let pieces = ["\r", "acme 5/10", " ", "total 7/20", "", "\r", "acme 6/10"];
        let before = pieces.map(|text| {
            let (before, next) = piece(text, column, 10);
            column = next;
            before
        });
        assert_eq!(before, ["", "", "", "\r\n", "", "", ""]);
    }
}
