//! Warnings that the reader collects while it reads.
//!
//! Plain values. Must not word or log them.

/// Oddities of the rows read so far; each is worth a warning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct InputWarnings {
    /// Rows with filled cells beyond the last column of the first row; these cells are not in the output.
    pub rows_too_long: u64,
    /// The line of the first of them.
    pub first_too_long: Option<u64>,
    /// The line of the first row without an ID that looks like a total below a table.
    pub first_total: Option<u64>,
    /// The line of the first row that repeats the header, as `cat a.csv b.csv` does.
    pub first_repeated_header: Option<u64>,
    /// The file has become longer than what was read of it.
    pub has_grown: bool,
}
