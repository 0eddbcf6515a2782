//! From an outcome to output rows: the columns, their order and their bytes.
//!
//! Pure: appends to a buffer it is given and does nothing else. It reads no input and writes no file; what the rows
//! look like is decided here and nowhere else, so equal answers give equal bytes in every run.
//!
//! [`schema`] has the columns, [`format`](mod@format) the formats; each format is one [`Encoder`].

mod csv;
mod format;
mod jsonl;
pub mod link_template;
mod quoted_rows;
pub mod reader;
pub mod schema;
pub mod xlsx;

use std::borrow::Cow;
use std::fmt;

pub use self::csv::Dialect;
pub(crate) use self::csv::record as csv_record;
pub use self::format::{FORMATS, Named, OutputFormat, RowFormat};
pub use self::quoted_rows::quoted_cells;
pub use self::schema::Schema;
use crate::encode::link_template::add_query;
use crate::offer::RowOutcome;
use crate::text::one_line;

/// The most characters of a message that go into `error_message`.
pub const MAX_MESSAGE_CHARS: usize = 500;

/// Writes the rows of a run in one format.
pub trait Encoder: fmt::Debug {
    /// What the file starts with; nothing where a format has no header.
    fn header(&self) -> &[u8];

    /// Appends the rows of one input row to `out` and says how many there are (at least one).
    fn encode(&self, row: InputRow<'_, '_>, outcome: RowOutcome<'_>, out: &mut Vec<u8>) -> u64;
}

/// What one input row brings to its output rows.
pub struct InputRow<'a, 'k> {
    /// The ID as called, or the cell that is not one.
    pub offer_id: &'a str,
    /// The network, for the column of that name; not looked at where there is none.
    pub network: &'a str,
    /// The kept cells: exactly one for each kept column.
    pub kept: &'a mut dyn Iterator<Item = KeptCell<'k>>,
    /// What `--append` adds to this row's links; empty for nothing.
    pub query: &'a str,
}

impl fmt::Debug for InputRow<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InputRow({})", self.offer_id)
    }
}

/// A kept cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptCell<'a> {
    /// What is in it.
    pub text: &'a str,
    /// Whether it stands between quotes where it needs none, so that a workbook made of the rows tells a text that looks
    /// like a number from a number.
    pub is_quoted: bool,
}

impl<'a> From<&'a str> for KeptCell<'a> {
    fn from(text: &'a str) -> Self {
        Self { text, is_quoted: false }
    }
}

/// Adds the row's query to links, with one buffer for all of them.
struct Links<'q> {
    query: &'q str,
    buffer: String,
}

impl<'q> Links<'q> {
    fn new(query: &'q str) -> Self {
        Self { query, buffer: String::new() }
    }

    fn extend<'a>(&'a mut self, link: &'a str) -> &'a str {
        if self.query.is_empty() {
            return link;
        }
        self.buffer.clear();
        add_query(link, self.query, &mut self.buffer);
        &self.buffer
    }
}

/// A message for `error_message`: one line of bounded length.
fn message_cell(message: &str) -> Cow<'_, str> {
    one_line(message, MAX_MESSAGE_CHARS)
}
