//! What fits into the width of a terminal.

use std::io;

/// On a terminal that has no room for anything, a part has to do.
pub(super) fn cut(line: String, room: usize) -> String {
    if line.chars().count() <= room { line } else { line.chars().take(room).collect() }
}

/// Words matter more than the bar: a narrow terminal has none.
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
