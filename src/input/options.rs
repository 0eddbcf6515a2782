//! Options for reading an input.
//!
//! Plain values. Must not know of flags or files.

use std::time::Duration;

use crate::encode::Schema;

/// How to read an input, where it does not show that itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    /// The column of the offer IDs.
    pub column: Option<ColumnChoice>,
    /// The byte between cells; quotes and line ends cannot be, and are ignored.
    pub delimiter: Option<u8>,
    /// The first row is not a header, whatever it contains.
    pub no_headers: bool,
    /// Lines at the start that are skipped (in a sheet: rows).
    pub skip_lines: u64,
    /// An input without offers is accepted.
    pub allow_empty: bool,
    /// How long a file without a last line end must have been left alone: its last line may be half of one.
    pub settle: Duration,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
    /// The columns other than that of the offer IDs.
    pub columns: WantedColumns,
}

/// The columns that are read besides that of the offer IDs.
#[derive(Clone, Debug, Default)]
pub(crate) struct WantedColumns {
    /// The columns that go into the output.
    pub keep: Keep,
    /// Other columns whose cells are needed, for links; may include the ID column.
    pub also: Vec<String>,
    /// The column that says which network a row is for.
    pub network: Option<NetworkColumn>,
    /// The output's own columns, whose names no kept column may have.
    pub schema: Schema,
}

/// A column that names networks. Where the output has a column `network` of its own, this one is not kept besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NetworkColumn {
    /// The input has to have a column of this name.
    Required(String),
    /// It may have one.
    Optional(String),
    /// It may have one, whose cells say nothing about where to call: they are looked at, and no more.
    Ignored(String),
}

/// Which column the user means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ColumnChoice {
    /// By its header.
    Name(String),
    /// By its number, from 1.
    Number(usize),
}

/// Which columns, other than the IDs, go into the output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Keep {
    /// All.
    #[default]
    All,
    /// None.
    None,
    /// Those of these names, in the input's order.
    Columns(Vec<String>),
}
