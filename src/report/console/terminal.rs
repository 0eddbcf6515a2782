//! The terminal as the progress bar sees it.
//!
//! A little narrower than it is: the library fills a line to its last column, so that the `^C` which a terminal writes
//! behind it would go to the next line, and leave the bar standing there for good.

use std::io::{self, Write};

use indicatif::{ProgressDrawTarget, TermLike};

/// Columns that are left free.
const FREE: usize = 3;

/// Where the bar is drawn.
pub(crate) fn target() -> ProgressDrawTarget {
    let plain = ProgressDrawTarget::stderr();
    // Where the library would show nothing, or where escapes are not what moves a cursor.
    if plain.is_hidden() || cfg!(windows) { plain } else { ProgressDrawTarget::term_like(Box::new(Narrower)) }
}

/// The width of the terminal that is used.
pub(crate) fn columns() -> usize {
    super::columns().saturating_sub(FREE).max(1)
}

/// The height of the terminal.
pub(super) fn rows() -> usize {
    terminal_size::terminal_size_of(io::stderr()).map_or(24, |(_, rows)| usize::from(rows.0))
}

#[derive(Debug)]
struct Narrower;

impl Narrower {
    fn move_by(n: usize, direction: char) -> io::Result<()> {
        if n == 0 { Ok(()) } else { write!(io::stderr(), "\x1b[{n}{direction}") }
    }
}

impl TermLike for Narrower {
    fn width(&self) -> u16 {
        u16::try_from(columns()).unwrap_or(u16::MAX)
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        Self::move_by(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        Self::move_by(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        Self::move_by(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        Self::move_by(n, 'D')
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        writeln!(io::stderr(), "{text}")
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        write!(io::stderr(), "{text}")
    }

    fn clear_line(&self) -> io::Result<()> {
        write!(io::stderr(), "\r\x1b[2K")
    }

    fn flush(&self) -> io::Result<()> {
        io::stderr().flush()
    }
}
