//! From an outcome to output rows: the columns, their order and their bytes.
//!
//! Pure: appends to a buffer it is given and does nothing else. It reads no input and writes no file; what the rows
//! look like is decided here and nowhere else, so equal answers give equal bytes in every run.

pub mod columns;
mod csv;
mod jsonl;
pub mod link_template;
mod quoted_rows;
pub mod reader;
pub mod xlsx;

pub use self::quoted_rows::quoted_cells;

use std::borrow::Cow;

pub use csv::Dialect;
pub(crate) use csv::record as csv_record;
pub use jsonl::KEYS as JSON_KEYS;

use crate::encode::link_template::add_query;
use crate::offer::Outcome;
use crate::text::one_line;

/// The most characters of a message that go into `error_message`.
pub const MAX_MESSAGE_CHARS: usize = 500;

/// What one input row brings to its output rows.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a, K> {
    /// The ID as called, or the cell that is not one.
    pub offer_id: &'a str,
    /// The kept cells: exactly one for each kept column.
    pub kept: K,
    /// What `--append` adds to this row's links; empty for nothing.
    pub query: &'a str,
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

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A line for each entry.
    Csv(Dialect),
    /// A JSON object for each input row.
    Jsonl,
}

/// Writes the rows of a run in one format.
#[derive(Clone, Debug)]
pub struct Flattener {
    layout: Layout,
}

#[derive(Clone, Debug)]
enum Layout {
    Csv { dialect: Dialect, header: Vec<u8> },
    Jsonl(jsonl::Keys),
}

impl Flattener {
    /// Rows in `format` with these kept columns.
    pub fn new<'k>(format: Format, kept: impl Iterator<Item = &'k str>) -> Self {
        let layout = match format {
            Format::Csv(dialect) => Layout::Csv { dialect, header: csv::header(dialect, kept) },
            Format::Jsonl => Layout::Jsonl(jsonl::Keys::new(kept)),
        };
        Self { layout }
    }

    /// What the file starts with; nothing for JSON lines.
    pub fn header(&self) -> &[u8] {
        match &self.layout {
            Layout::Csv { header, .. } => header,
            Layout::Jsonl(_) => &[],
        }
    }

    /// Appends the rows of one input row to `out` and says how many there are (at least one).
    pub fn rows<'k>(
        &self,
        source: Source<'_, impl Iterator<Item: Into<KeptCell<'k>>>>,
        outcome: &Outcome,
        out: &mut Vec<u8>,
    ) -> u64 {
        match &self.layout {
            Layout::Csv { dialect, .. } => csv::rows(*dialect, source, outcome, out),
            Layout::Jsonl(keys) => keys.row(source, outcome, out),
        }
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

/// A message as it stands in `error_message`: one line of bounded length.
fn message_cell(message: &str) -> Cow<'_, str> {
    one_line(message, MAX_MESSAGE_CHARS)
}
