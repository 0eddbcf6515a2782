//! What fits into the width of a terminal.

use std::io;

/// Cuts a line to the width of a very narrow terminal.
pub(super) fn cut(line: String, room: usize) -> String {
    if line.chars().count() <= room { line } else { line.chars().take(room).collect() }
}

/// The text matters more than the bar: a narrow terminal has no bar.
pub(super) fn bar_width(columns: usize) -> usize {
    match columns {
        ..64 => 0,
        64..110 => 12,
        _ => 24,
    }
}

/// The width of the terminal.
pub(super) fn columns() -> usize {
    terminal_size::terminal_size_of(io::stderr()).map_or(80, |(columns, _)| usize::from(columns.0))
}
