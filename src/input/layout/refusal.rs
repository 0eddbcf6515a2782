//! Why the beginning of an input is not a list of offers, or does not show which offers are meant.
//!
//! Owns the messages, each with the flag that decides. Must not judge.

use std::fmt;

use crate::input::names::Names;
use crate::text::one_line;

/// Why no offer of this input is called. All of these are found before the first call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// No byte.
    #[error("the file is empty (0 bytes), so there are no offers in it{}", IF_MEANT)]
    Empty,
    /// Line ends, blanks and delimiters.
    #[error("there are no offers in it, only blank lines{}", IF_MEANT)]
    Blank,
    /// The same, after the lines of `--skip-lines`.
    #[error("there are no offers in it below the lines that --skip-lines {lines} leaves out{}", IF_MEANT)]
    Skipped {
        /// How many lines are left out.
        lines: u64,
    },
    /// A header that names offer IDs, and nothing else.
    #[error("there are no offers in it: there is nothing below the header in line {line}{}", IF_MEANT)]
    HeaderOnly {
        /// Where the header is.
        line: u64,
    },
    /// IDs beside the name.
    #[error("line {line} holds a header and offer IDs ({ids}): write each ID on a line of its own, below the header")]
    HeaderHoldsIds {
        /// Where.
        line: u64,
        /// They.
        ids: Texts,
    },
    /// One line of text, such as an error that another program wrote instead of a list.
    #[error("this is no list of offers: its only line is \"{}\"", one_line(text, SHOWN))]
    OnlyText {
        /// The line.
        text: String,
    },
    /// A column that holds no ID at all.
    #[error(
        "no line holds an offer ID{}: line {line} has \"{}\" there ({reason})",
        in_column(column.as_ref()),
        one_line(text, SHOWN)
    )]
    NoValidId {
        /// The column, where there are several.
        column: Option<Column>,
        /// The first row.
        line: u64,
        /// Its cell.
        text: String,
        /// Why that is none.
        reason: String,
    },
    /// No column holds IDs.
    #[error(
        "no ID column: none is named offer_id, offerid, \"offer id\", offer-id or id, and none holds IDs in nearly all \
         of the first rows; the columns found are: {columns}; say which with --column NAME (or a number from 1), \
         or leave out the lines above the header with --skip-lines N"
    )]
    NoIdColumn {
        /// Their names.
        columns: Names,
    },
    /// An option names a column that is not there.
    #[error("there is no column \"{wanted}\" ({option}); the columns found are: {columns}")]
    UnknownColumn {
        /// The name or number that was given.
        wanted: String,
        /// The option that asks for it.
        option: &'static str,
        /// The names there are.
        columns: Names,
    },
    /// Several columns hold IDs.
    #[error("which column holds the offer IDs? {}: say {}", Or(readings), Or(&flags(readings)))]
    WhichColumn {
        /// Column and first IDs of each.
        readings: Vec<Reading>,
    },
    /// Nothing but IDs, several on a line.
    #[error(
        "line {line} holds {} numbers that may be offer IDs ({ids}): write one ID on each line, or say which column \
         holds the IDs (--column 1)", ids.0.len()
    )]
    SeveralOnALine {
        /// The first such line.
        line: u64,
        /// They.
        ids: Texts,
    },
    /// Numbers in the first sheet, and a header that names offer IDs in another.
    #[error(
        "which sheet holds the offer IDs? no header here names them ({reading}), a header in another sheet does: say \
         --sheet NAME"
    )]
    WhichSheet {
        /// What would be read here.
        reading: Reading,
    },
    /// Two delimiters make a table of it, with other IDs in each.
    #[error("which character separates the cells? {}", Or(readings))]
    WhichDelimiter {
        /// What is read with each.
        readings: Vec<DelimiterReading>,
    },
    /// A first line that may be names or a row.
    #[error(
        "is line {line} ({cells}) a header or a row? --no-headers makes it a row; --skip-lines {line} leaves it out; \
         --column NAME makes the line with that name the header"
    )]
    HeaderOrRow {
        /// Where.
        line: u64,
        /// Its cells.
        cells: Texts,
    },
    /// Something like an ID above the header.
    #[error(
        "line {line} (\"{}\") stands above the header in line {header}, and may be an offer: --skip-lines {} leaves it \
         out, else move it below the header", one_line(text, SHOWN), header - 1
    )]
    AboveHeader {
        /// Where it is.
        line: u64,
        /// What it is.
        text: String,
        /// Where the header is.
        header: u64,
    },
    /// Rows have a cell more than the header, so that each name may belong to the next column.
    #[error(
        "the rows have one cell more than the header in line {header} (R writes such files), so the IDs may be in \
         column {} ({here}) or in column {} ({next}): give every column a name, or say --skip-lines {header} -n, and \
         --column {} or --column {}", id + 1, id + 2, id + 1, id + 2
    )]
    Shifted {
        /// Where the header is.
        header: u64,
        /// The column that the name stands above, from 0.
        id: usize,
        /// The first IDs there.
        here: Texts,
        /// The first in the next column.
        next: Texts,
    },
}

/// How much of a text is shown.
const SHOWN: usize = 60;

const IF_MEANT: &str = "; if that is meant, --allow-empty writes an output without rows";

impl Refusal {
    /// Whether `--allow-empty` accepts it: no offer could be lost.
    pub(in crate::input) fn is_empty(&self) -> bool {
        matches!(self, Self::Empty | Self::Blank | Self::Skipped { .. } | Self::HeaderOnly { .. })
    }

    /// Whether IDs were found, and only the choice is open.
    pub(super) fn is_question(&self) -> bool {
        matches!(
            self,
            Self::WhichColumn { .. }
                | Self::SeveralOnALine { .. }
                | Self::HeaderOrRow { .. }
                | Self::AboveHeader { .. }
                | Self::Shifted { .. }
        )
    }
}

/// A column by number and, if it has one, name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    /// From 1.
    pub number: usize,
    /// As in the header.
    pub name: Option<String>,
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}", self.number)?;
        match self.name.as_deref().map(shown).filter(|name| !name.is_empty()) {
            Some(name) => write!(f, " \"{name}\""),
            None => Ok(()),
        }
    }
}

/// A possible ID column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Which.
    pub column: Column,
    /// Its first cells.
    pub ids: Texts,
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.column, self.ids)
    }
}

/// A possible delimiter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DelimiterReading {
    /// The character.
    pub delimiter: u8,
    /// What is read with it.
    pub reading: Reading,
}

impl fmt::Display for DelimiterReading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flag = if self.delimiter == b'\t' { "tab".to_owned() } else { format!("'{}'", char::from(self.delimiter)) };
        write!(f, "with -d {flag} the IDs are in {}", self.reading)
    }
}

/// The first few of some texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Texts(pub Vec<String>);

impl fmt::Display for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const FIRST: usize = 3;
        for (n, text) in self.0.iter().take(FIRST).enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            write!(f, "{comma}{}", one_line(text.trim(), 30))?;
        }
        if self.0.len() > FIRST { f.write_str(", ...") } else { Ok(()) }
    }
}

/// `a or b`.
struct Or<'a, T>(&'a [T]);

impl<T: fmt::Display> fmt::Display for Or<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, item) in self.0.iter().enumerate() {
            write!(f, "{}{item}", if n == 0 { "" } else { " or " })?;
        }
        Ok(())
    }
}

fn flags(readings: &[Reading]) -> Vec<String> {
    readings.iter().map(|reading| format!("--column {}", reading.column.number)).collect()
}

fn in_column(column: Option<&Column>) -> String {
    column.map_or_else(String::new, |column| format!(" in {column}"))
}

/// A name for messages.
fn shown(name: &str) -> String {
    one_line(&name.split_whitespace().collect::<Vec<_>>().join(" "), 40).into_owned()
}
