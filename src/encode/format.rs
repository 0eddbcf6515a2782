//! The formats that an output can have: the one registry of them.
//!
//! A format that is not in [`FORMATS`] does not exist for `--format`, for file names or for checkpoints. Must not know
//! how any of them writes a row.

use std::path::{Path, PathBuf};

use crate::encode::csv::{CsvEncoder, Dialect};
use crate::encode::jsonl::JsonlEncoder;
use crate::encode::{Encoder, Schema};

/// What the user asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputFormat {
    /// A row for every link.
    Csv(Dialect),
    /// An object for every offer, one on a line.
    Jsonl,
    /// A workbook, made from a CSV that stays beside it.
    Xlsx,
}

/// How rows are written during a run: the form that a checkpoint counts and `--retry-failed` reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowFormat {
    /// A line for each entry.
    Csv(Dialect),
    /// A JSON object for each input row.
    Jsonl,
}

/// A format as `--format` and file names know it.
#[derive(Debug)]
pub struct Named {
    /// The word after `--format`.
    pub name: &'static str,
    /// What it is, for people.
    pub about: &'static str,
    /// The endings of file names that mean it.
    pub endings: &'static [&'static str],
    /// The format.
    pub format: OutputFormat,
}

/// Every format. The first is meant where a name says nothing.
pub const FORMATS: [Named; 3] = [
    Named { name: "csv", about: "A row for every link", endings: &[], format: OutputFormat::Csv(Dialect::Plain) },
    Named {
        name: "jsonl",
        about: "A JSON object for every offer, one on a line",
        endings: &["jsonl", "ndjson"],
        format: OutputFormat::Jsonl,
    },
    Named {
        name: "xlsx",
        about: "An Excel workbook; the CSV it is made from stays beside it",
        endings: &["xlsx"],
        format: OutputFormat::Xlsx,
    },
];

/// How rows may be written: the format, the word in a checkpoint (pinned), and what people call it.
const ROWS: [(RowFormat, &str, &str); 3] = [
    (RowFormat::Csv(Dialect::Plain), "csv", "CSV"),
    (RowFormat::Csv(Dialect::Excel), "csv_excel", "CSV for spreadsheets (--excel)"),
    (RowFormat::Jsonl, "jsonl", "JSON lines"),
];

impl OutputFormat {
    /// The format that a file name means.
    pub fn of_ending(ending: &str) -> Self {
        let named = FORMATS.iter().find(|named| named.endings.contains(&ending));
        named.map_or(Self::Csv(Dialect::Plain), |named| named.format)
    }

    /// How its rows are written during the run.
    pub const fn rows(self) -> RowFormat {
        match self {
            Self::Csv(dialect) => RowFormat::Csv(dialect),
            Self::Jsonl => RowFormat::Jsonl,
            Self::Xlsx => RowFormat::Csv(Dialect::Plain),
        }
    }

    /// The file that the rows go to: a workbook cannot be written row by row, so its rows stand in a CSV beside it.
    pub fn rows_file(self, output: &Path) -> PathBuf {
        if self == Self::Xlsx { output.with_added_extension("csv") } else { output.to_owned() }
    }
}

impl RowFormat {
    /// What writes such rows.
    pub fn encoder<'k>(self, schema: &Schema, kept: impl Iterator<Item = &'k str>) -> Box<dyn Encoder> {
        match self {
            Self::Csv(dialect) => Box::new(CsvEncoder::new(dialect, schema, kept)),
            Self::Jsonl => Box::new(JsonlEncoder::new(schema, kept)),
        }
    }

    /// Its word in a checkpoint.
    pub fn id(self) -> &'static str {
        ROWS.iter().find(|(format, ..)| *format == self).map_or("", |(_, id, _)| id)
    }

    /// What people call the format of a checkpoint.
    pub fn title(id: &str) -> &str {
        ROWS.iter().find(|(_, known, _)| *known == id).map_or(id, |(.., title)| title)
    }

    /// How CSV rows are written; as plain ones where these are none.
    pub const fn dialect(self) -> Dialect {
        match self {
            Self::Csv(dialect) => dialect,
            Self::Jsonl => Dialect::Plain,
        }
    }
}
