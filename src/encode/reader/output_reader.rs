//! An earlier output, row by row, for `--retry-failed`.
//!
//! No byte is lost: a row is either passed on unchanged, or split into cells because its offer has failed. An output
//! that another program has saved is converted to this program's form first. Does not decide which offers are retried.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::encode::link_template::is_http;
use crate::encode::reader::bytes::Bytes;
use crate::encode::reader::error::PreviousError;
use crate::encode::reader::row::{FailedRow, PreviousRow};
use crate::encode::reader::{resaved, split};
use crate::encode::schema::{Field, Part, Schema};
use crate::encode::{Dialect, RowFormat};

/// The largest output of another program that is read: it is held in memory.
const MAX_RESAVED: u64 = 1 << 30;

/// A row longer than this was not written by this program: a quote is missing.
const MAX_ROW: u64 = 64 * 1024 * 1024;
const BOM: &[u8] = b"\xef\xbb\xbf";

/// An output of an earlier run, row by row.
#[derive(Debug)]
pub struct OutputReader {
    path: PathBuf,
    reader: BufReader<Bytes>,
    format: RowFormat,
    schema: Schema,
    header: Vec<u8>,
    kept: Vec<String>,
    row: Vec<u8>,
    /// Where the next row begins.
    offset: u64,
    /// Lines before the next row.
    lines: u64,
}

impl OutputReader {
    /// Opens an output and reads its header. An output that another program has saved is read completely and converted
    /// to `dialect`; then the second value says what that program changed. `schema` says whether there is a column
    /// `network`, which could also come from the input; whether there is `last_good_at` is read from the output.
    ///
    /// # Errors
    /// It cannot be read, or is not an output of this program.
    pub fn open(path: &Path, dialect: Dialect, schema: &Schema) -> Result<(Self, Option<String>), PreviousError> {
        let file = open(path)?;
        let why = match Self::read(path, Bytes::File(file), schema).and_then(Self::checked) {
            Ok(previous) => return Ok((previous, None)),
            Err(PreviousError::NotOurs { line, why, .. }) => (line, why),
            Err(error) => return Err(error),
        };
        let unreadable = |source| PreviousError::Read { path: path.to_owned(), source };
        let mut bytes = Vec::new();
        open(path)?.take(MAX_RESAVED).read_to_end(&mut bytes).map_err(unreadable)?;
        let is_json = bytes.first() == Some(&b'{');
        let resaved = if is_json || bytes.len() as u64 >= MAX_RESAVED {
            Err(why)
        } else {
            resaved::read(&bytes, dialect, schema)
        };
        let not_ours = |(line, why)| PreviousError::NotOurs { path: path.to_owned(), line, why };
        let resaved::Resaved { bytes, how } = resaved.map_err(not_ours)?;
        Ok((Self::read(path, Bytes::Memory(Cursor::new(bytes)), schema)?, Some(how)))
    }

    /// All bytes from the start, for a checksum, and their number.
    ///
    /// # Errors
    /// The file cannot be read again.
    pub fn bytes(&self) -> io::Result<(Bytes, u64)> {
        match self.reader.get_ref() {
            Bytes::File(file) => Ok((Bytes::File(File::open(&self.path)?), file.metadata()?.len())),
            Bytes::Memory(bytes) => {
                let bytes = bytes.get_ref().clone();
                let size = bytes.len() as u64;
                Ok((Bytes::Memory(Cursor::new(bytes)), size))
            }
        }
    }

    /// Checks every row, so that no call is made for an output that is damaged further down.
    fn checked(mut self) -> Result<Self, PreviousError> {
        let (start, lines) = self.position();
        while self.next_row()?.is_some() {}
        self.seek(start, lines)?;
        Ok(self)
    }

    fn read(path: &Path, bytes: Bytes, schema: &Schema) -> Result<Self, PreviousError> {
        let mut previous = Self {
            path: path.to_owned(),
            reader: BufReader::new(bytes),
            format: RowFormat::Jsonl,
            schema: schema.clone(),
            header: Vec::new(),
            kept: Vec::new(),
            row: Vec::new(),
            offset: 0,
            lines: 0,
        };
        let is_json = previous.peek()? == Some(b'{') || previous.peek()?.is_none();
        if is_json {
            // No header: the keys of the first row serve as one.
            if previous.read_row()? {
                let pairs = split::json(&previous.row).map_err(|why| previous.not_ours(1, why))?;
                previous.kept = split::kept_keys(&pairs, &previous.schema).cloned().collect();
                previous.seek(0, 0)?;
            }
        } else {
            previous.read_header()?;
        }
        Ok(previous)
    }

    /// The format of its rows. An empty file may have any format and counts as JSON lines, which have no header.
    pub fn format(&self) -> RowFormat {
        self.format
    }

    /// Its columns. JSON lines do not show optional columns, so the expected ones are returned.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The bytes before the first row.
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The kept cells and the links of a good row of a CSV.
    pub fn links(&self, row: &[u8]) -> Option<(Vec<String>, Vec<String>)> {
        if self.format == RowFormat::Jsonl {
            return None;
        }
        let cells = split::csv(row).ok()?;
        let (lead, kept) = (self.schema.lead(), self.kept.len());
        let own = self.schema.columns().filter(|column| column.part != Part::Row);
        let own = own.zip(cells.iter().skip(lead + kept));
        let links = own.filter(|(column, _)| matches!(column.field, Field::Url | Field::EntryTrackingLink));
        let links = links.map(|(_, link)| link).filter(|link| is_http(link)).cloned().collect();
        Some((cells.iter().skip(lead).take(kept).cloned().collect(), links))
    }

    /// The cell of a row in the column `network`; `None` where there is no such column.
    pub fn network_of(&self, row: &[u8]) -> Option<String> {
        let at = self.schema.has(Field::Network).then(|| self.schema.position(Field::Network, self.kept.len()))??;
        if self.format == RowFormat::Jsonl {
            let (_, value) = split::json(row).ok()?.into_iter().find(|(key, _)| key == "network")?;
            return value.as_str().map(str::to_owned);
        }
        split::csv(row).ok()?.into_iter().nth(at)
    }

    /// The kept columns.
    pub fn kept(&self) -> &[String] {
        &self.kept
    }

    /// Where the next row begins: byte offset, and the number of lines before it.
    pub fn position(&self) -> (u64, u64) {
        (self.offset, self.lines)
    }

    /// Continues at an earlier [`OutputReader::position`].
    ///
    /// # Errors
    /// The file cannot be read there.
    pub fn seek(&mut self, offset: u64, lines: u64) -> Result<(), PreviousError> {
        let sought = self.reader.seek(SeekFrom::Start(offset));
        sought.map_err(|source| self.unreadable(source))?;
        (self.offset, self.lines) = (offset, lines);
        Ok(())
    }

    /// The next row; `None` at the end.
    ///
    /// # Errors
    /// The file cannot be read, or the row is not in this program's form.
    pub fn next_row(&mut self) -> Result<Option<PreviousRow<'_>>, PreviousError> {
        let line = self.lines + 1;
        if !self.read_row()? {
            return Ok(None);
        }
        let read = match self.format {
            RowFormat::Jsonl => split::json_row(&self.row, &self.schema, &self.kept),
            RowFormat::Csv(_) => split::csv_row(&self.row, &self.schema, self.kept.len()),
        };
        match read {
            Ok(None) => Ok(Some(PreviousRow::Good(&self.row))),
            Ok(Some(split::Failed { offer_id, network, kept, kind, links })) => {
                Ok(Some(PreviousRow::Failed(FailedRow { bytes: &self.row, offer_id, network, kept, kind, links })))
            }
            Err(why) => Err(self.not_ours(line, why)),
        }
    }

    fn read_header(&mut self) -> Result<(), PreviousError> {
        self.read_row()?;
        self.header = std::mem::take(&mut self.row);
        let text = self.header.strip_prefix(BOM);
        let dialect = if text.is_some() { Dialect::Excel } else { Dialect::Plain };
        self.format = RowFormat::Csv(dialect);
        let mut names = split::csv(text.unwrap_or(&self.header)).map_err(|why| self.not_ours(1, why))?;
        let Some((schema, kept)) = self.schema.of_header(&names) else {
            return Err(self.not_ours(1, "these are not the columns of an output".to_owned()));
        };
        self.kept = names.drain(schema.lead()..schema.lead() + kept).collect();
        self.schema = schema;
        Ok(())
    }

    fn peek(&mut self) -> Result<Option<u8>, PreviousError> {
        match self.reader.fill_buf() {
            Ok(bytes) => Ok(bytes.first().copied()),
            Err(source) => Err(PreviousError::Read { path: self.path.clone(), source }),
        }
    }

    /// Reads the next row with its line end; false at the end of the file.
    fn read_row(&mut self) -> Result<bool, PreviousError> {
        self.row.clear();
        let mut quotes = 0;
        let mut lines = 0;
        loop {
            let start = self.row.len();
            let room = MAX_ROW.saturating_sub(start as u64);
            let read = self.reader.by_ref().take(room).read_until(b'\n', &mut self.row);
            let read = read.map_err(|source| PreviousError::Read { path: self.path.clone(), source })?;
            lines += 1;
            // A line end between quotes belongs to a cell. A quote in a cell is doubled, so counting is enough.
            let is_csv = self.format != RowFormat::Jsonl || self.header.is_empty() && !self.row.starts_with(b"{");
            if is_csv {
                quotes += memchr::memchr_iter(b'"', self.row.get(start..).unwrap_or_default()).count();
            }
            let is_whole = self.row.ends_with(b"\n") && quotes % 2 == 0;
            if read == 0 || is_whole {
                break;
            }
        }
        if quotes % 2 != 0 || self.row.len() as u64 >= MAX_ROW {
            return Err(self.not_ours(self.lines + 1, "a quote that is opened here is not closed".to_owned()));
        }
        self.offset += self.row.len() as u64;
        self.lines += lines;
        Ok(!self.row.is_empty())
    }

    fn unreadable(&self, source: io::Error) -> PreviousError {
        PreviousError::Read { path: self.path.clone(), source }
    }

    fn not_ours(&self, line: u64, why: String) -> PreviousError {
        PreviousError::NotOurs { path: self.path.clone(), line, why }
    }
}

fn open(path: &Path) -> Result<File, PreviousError> {
    File::open(path).map_err(|source| PreviousError::Read { path: path.to_owned(), source })
}
