//! The start of reading: which kind of input, which dialect, which columns, how many rows.
//!
//! Owns the order of these questions. Must not read more than the head of a text.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};

use super::columns::{Columns, Opening};
use super::delimited::Delimited;
use super::encoding::Content;
use super::error::{InputError, Names};
use super::mark::Prefix;
use super::record::Record;
use super::sheet::{self, Sheet};
use super::source::{self, HEAD, Opened, Source, transcode};
use super::total::{Sample, count_rows, unclosed_quote};
use super::{ColumnChoice, Input, Oddities, Options, Records, dialect};
use crate::text::decode;

/// Files up to this size are counted at the start, in bytes: takes a few milliseconds.
const COUNTED: u64 = 4 << 20;

/// See [`Input::open`].
pub(super) fn open(source: &Source, options: &Options) -> Result<Input, InputError> {
    start(source::open(source)?, source.to_string(), options)
}

/// Reads the head of what has been opened; `name` stands for it in messages.
pub(super) fn start(opened: Opened, name: String, options: &Options) -> Result<Input, InputError> {
    let mut input = Input {
        name,
        records: Records::Sheet(Sheet::default()),
        columns: Columns::default(),
        header_line: None,
        record: Record::new(),
        is_pending: false,
        is_at_end: false,
        rows: 0,
        prefix: None,
        size: opened.file.as_ref().map_or(0, |(_, size)| *size),
        counted: None,
        sample: None,
        oddities: Oddities::default(),
    };
    let seen = match opened.content {
        Content::Workbook => input.open_workbook(opened, options)?,
        Content::Plain { mark } => input.open_text(opened, mark, options)?,
        Content::Utf16 => {
            let bytes = transcode(opened.bytes);
            input.open_text(Opened { bytes, ..opened }, 0, options)?
        }
    };
    input.decide_columns(&seen, options)?;
    Ok(input)
}

/// The first records and their lines.
type Seen = Vec<(u64, Vec<String>)>;

impl Input {
    fn open_workbook(&mut self, mut opened: Opened, options: &Options) -> Result<Seen, InputError> {
        if options.delimiter.is_some() {
            return Err(InputError::NoDelimiter { input: self.name.clone() });
        }
        let mut content = Vec::new();
        let read = opened.bytes.read_to_end(&mut content);
        read.map_err(|source| InputError::Read { input: self.name.clone(), line: 1, source })?;
        let sheet = Sheet::open(&content, options.sheet.as_deref()).map_err(|failure| {
            let input = self.name.clone();
            match failure {
                sheet::Failure::Unreadable(reason) => InputError::Workbook { input, reason },
                sheet::Failure::Unknown { sheets } => InputError::UnknownSheet {
                    input,
                    wanted: options.sheet.clone().unwrap_or_default(),
                    sheets: Names(sheets),
                },
            }
        })?;
        self.prefix = opened.file.map(|(file, _)| Prefix::new(file));
        self.counted = Some(sheet.len());
        let seen = sheet.first_records(dialect::LOOK_AT);
        self.records = Records::Sheet(sheet);
        Ok(seen)
    }

    fn open_text(&mut self, opened: Opened, mark: usize, options: &Options) -> Result<Seen, InputError> {
        let input = || self.name.clone();
        if options.sheet.is_some() {
            return Err(InputError::NoSheets { input: input() });
        }
        let is_utf16 = opened.content == Content::Utf16;
        let mut reader = BufReader::with_capacity(HEAD, opened.bytes);
        let failed = |source| InputError::Read { input: input(), line: 1, source };
        let opening = reader.fill_buf().map_err(failed)?.get(mark..).unwrap_or_default().to_vec();
        let wanted = match &options.column {
            Some(ColumnChoice::Name(name)) => Some(name.as_str()),
            _ => None,
        };
        let dialect = dialect::guess(&opening, options.delimiter, wanted);
        let start = mark + dialect.sep_line;
        let line = 1 + u64::from(dialect.sep_line > 0);
        reader.consume(start);
        self.records = Records::Text(Box::new(Delimited::new(reader, dialect.delimiter, start as u64, line)));
        let rest = opening.get(dialect.sep_line..).unwrap_or_default();
        let mut seen = dialect::first_records(rest, dialect.delimiter);
        for (at, _) in &mut seen {
            *at += line - 1;
        }
        if let Some((mut file, size)) = opened.file {
            if size <= COUNTED {
                let counted = read_all(&mut file, size, is_utf16);
                let text = counted.map_err(|source| InputError::Read { input: self.name.clone(), line: 1, source })?;
                let text = text.get(start..).unwrap_or_default();
                let count = count_rows(text, dialect.delimiter);
                self.counted = Some(count.rows);
                if count.ends_in_quotes
                    && let Some(at) = unclosed_quote(text, dialect.delimiter)
                {
                    return Err(InputError::UnclosedQuote { input: self.name.clone(), line: at + line - 1 });
                }
            }
            // UTF-16 has two bytes where UTF-8 has mostly one.
            let size = if is_utf16 { size / 2 } else { size };
            self.sample =
                Some(Sample { size, rows: count_rows(rest, dialect.delimiter).rows, bytes: rest.len() as u64 });
            self.prefix = Some(Prefix::new(file));
        }
        Ok(seen)
    }

    /// Reads the first record and decides what it is.
    fn decide_columns(&mut self, seen: &Seen, options: &Options) -> Result<(), InputError> {
        let exists = self.read_record()?;
        let first = exists.then(|| self.record.iter().map(|cell| decode(cell).into_owned()).collect());
        self.columns = Columns::decide(&self.name, &Opening::new(first, seen), options)?;
        self.is_pending = exists && !self.columns.has_header;
        self.header_line = self.columns.has_header.then_some(self.record.line);
        self.counted = self.counted.map(|rows| rows.saturating_sub(u64::from(self.columns.has_header)));
        Ok(())
    }
}

/// All the text of a small file.
fn read_all(file: &mut File, size: u64, is_utf16: bool) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(size.min(COUNTED)).unwrap_or_default() + 1);
    file.take(COUNTED).read_to_end(&mut bytes)?;
    if !is_utf16 {
        return Ok(bytes);
    }
    let mut text = Vec::new();
    transcode(Cursor::new(bytes)).read_to_end(&mut text)?;
    Ok(text)
}
