//! The start of reading: finds the kind of input, the dialect, the columns and the number of rows.
//!
//! Owns the order of these steps. Must not read more than the head of a text, unless it contains no ID.

use std::io::{self, BufRead, BufReader, Read};

use crate::input::columns::Columns;
use crate::input::delimited::Delimited;
use crate::input::dialect::Opening;
use crate::input::encoding::{Content, Unreadable};
use crate::input::error::InputError;
use crate::input::fingerprint::PrefixHasher;
use crate::input::foreign;
use crate::input::layout::{Asked, LOOK_AT, Layout, Line, Refusal, delimiter, judge};
use crate::input::names::{Names, SheetFlags};
use crate::input::options::Options;
use crate::input::reader::{Head, Input, InputFile, Records, RowCount};
use crate::input::record::Record;
use crate::input::search;
use crate::input::source::{self, HEAD, Opened, Source, read_all, text_of_utf16, transcode};
use crate::input::total::{COUNTED, Sample, count_rows, unclosed_quote};
use crate::input::warnings::InputWarnings;
use crate::input::workbook::{OpenFailure, Sheet, Workbook};

/// Whether the beginning of a stream shows its layout: by a known header, else by as many lines as are examined in a
/// file.
pub(super) fn is_enough(head: &[u8], options: &Options) -> bool {
    let lines = |end| memchr::memchr_iter(end, head).count();
    let lines = lines(b'\n').max(lines(b'\r'));
    if lines > LOOK_AT {
        return true;
    }
    if lines < 2 || options.skip_lines > 0 {
        return false;
    }
    let opening = Opening::new(head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head), options.delimiter, 0, false);
    let (_, layout) = delimiter::choose(&opening.cuts, Asked::of(options, false));
    let first = opening.cuts.first().and_then(|cut| cut.rows.first()).map(|(line, _)| *line);
    layout.is_ok_and(|layout| layout.is_named && layout.header.is_some_and(|header| Some(header.line) == first))
}

/// Reads the head of an opened source; `name` is its name in messages.
pub(super) fn start(opened: Opened, name: String, options: &Options) -> Result<Input, InputError> {
    let mut input = Input {
        name,
        records: Records::Sheet(Sheet::default()),
        columns: Columns::default(),
        head: Head { skipped_lines: options.skip_lines, ..Head::default() },
        record: Record::new(),
        is_pending: false,
        count: RowCount::default(),
        file: None,
        oddities: InputWarnings::default(),
    };
    match input.fill(opened, options) {
        Err(InputError::NotAList { input: name, refusal }) if !input.head.other_sheets.is_empty() => {
            let sheet =
                if let Records::Sheet(sheet) = &input.records { sheet.name().to_owned() } else { String::new() };
            Err(InputError::OtherSheets {
                input: name,
                sheet,
                refusal: Box::new(refusal),
                others: SheetFlags(input.head.other_sheets),
            })
        }
        done => done.map(|()| input),
    }
}

/// The first records, and what they show.
type Seen = (Vec<Line>, Layout);

impl Input {
    /// Opens an input, reads its head, and decides about its columns. For text the cost does not depend on the size.
    ///
    /// # Errors
    /// All of [`InputError`].
    pub(crate) fn open(source: &Source, options: &Options) -> Result<Self, InputError> {
        start(source::open(source, options.settle, |head| is_enough(head, options))?, source.to_string(), options)
    }

    /// Reads the head, and decides.
    fn fill(&mut self, opened: Opened, options: &Options) -> Result<(), InputError> {
        let (seen, layout) = match opened.content {
            Content::Workbook => self.open_workbook(opened, options)?,
            Content::Plain { .. } | Content::Utf16 => self.open_text(opened, options)?,
        };
        self.head.header_line = layout.header.as_ref().map(|header| header.line);
        self.columns = Columns::decide(&self.name, &layout, &seen, &options.columns)?;
        if layout.ids.is_empty() && layout.first < u64::MAX {
            match search::search(self, &layout) {
                Err(InputError::NotAList { refusal, .. }) if refusal.is_empty() && options.allow_empty => {}
                searched => searched?,
            }
        }
        self.stand_at_first_row(layout.first)
    }

    pub(super) fn refuse(&self, refusal: Refusal) -> InputError {
        InputError::NotAList { input: self.name.clone(), refusal }
    }

    pub(super) fn failed(&self, source: io::Error) -> InputError {
        InputError::Read { input: self.name.clone(), line: 1, source }
    }

    /// The layout; an empty one where the user allows an input without offers.
    fn allow(&self, layout: Result<Layout, Refusal>, options: &Options) -> Result<Layout, InputError> {
        match layout {
            // No row is at or after this line.
            Err(refusal) if refusal.is_empty() && options.allow_empty => {
                Ok(Layout { first: u64::MAX, ..Layout::default() })
            }
            Err(Refusal::Blank) if options.skip_lines > 0 => {
                Err(self.refuse(Refusal::Skipped { lines: options.skip_lines }))
            }
            layout => layout.map_err(|refusal| self.refuse(refusal)),
        }
    }

    fn open_workbook(&mut self, mut opened: Opened, options: &Options) -> Result<Seen, InputError> {
        if options.delimiter.is_some() {
            return Err(InputError::NoDelimiter { input: self.name.clone() });
        }
        let mut content = Vec::new();
        opened.bytes.read_to_end(&mut content).map_err(|source| self.failed(source))?;
        if let Some(names) = foreign::files_in_zip(&content) {
            let reason = Unreadable::Zip { files: Names(names) };
            return Err(InputError::Unreadable { input: self.name.clone(), reason });
        }
        let Workbook { sheet, others } = Workbook::open(content, options.sheet.as_deref()).map_err(|failure| {
            let input = self.name.clone();
            match failure {
                OpenFailure::Unreadable(reason) => InputError::Workbook { input, reason },
                OpenFailure::Unknown { sheets } => InputError::UnknownSheet {
                    input,
                    wanted: options.sheet.clone().unwrap_or_default(),
                    sheets: Names(sheets),
                },
            }
        })?;
        self.file = opened.file.map(|(file, size)| InputFile { prefix: PrefixHasher::new(file), size });
        self.count.counted = Some(sheet.len());
        let below = |rows: Vec<Line>| -> Vec<Line> {
            rows.into_iter().filter(|(line, _)| *line > options.skip_lines).collect()
        };
        let skipped = usize::try_from(options.skip_lines).unwrap_or(usize::MAX);
        let seen = below(sheet.first_records(LOOK_AT.saturating_add(skipped)));
        let is_whole = sheet.len() <= (LOOK_AT as u64).saturating_add(options.skip_lines);
        self.records = Records::Sheet(sheet);
        let mut is_named_elsewhere = false;
        for other in others {
            let judged = judge(&below(other.first), Asked::of(options, false));
            if let Some(layout) = judged.ok().filter(|layout| !layout.ids.is_empty()) {
                is_named_elsewhere |= layout.is_named;
                self.head.other_sheets.push(other.name);
            }
        }
        let layout = self.allow(judge(&seen, Asked::of(options, is_whole)), options)?;
        let is_open = options.sheet.is_none() && options.column.is_none() && !layout.ids.is_empty();
        if is_open && is_named_elsewhere && !layout.is_named {
            return Err(self.refuse(layout.which_sheet()));
        }
        Ok((seen, layout))
    }

    fn open_text(&mut self, opened: Opened, options: &Options) -> Result<Seen, InputError> {
        if options.sheet.is_some() {
            return Err(InputError::NoSheets { input: self.name.clone() });
        }
        if opened.head.is_empty() && !options.allow_empty {
            return Err(self.refuse(Refusal::Empty));
        }
        let (mark, is_utf16) = match opened.content {
            Content::Plain { mark } => (mark, false),
            Content::Utf16 | Content::Workbook => (0, true),
        };
        // A stream must not be waited for longer.
        let head = if is_utf16 { text_of_utf16(&opened.head) } else { opened.head };
        let bytes = if is_utf16 { transcode(opened.bytes) } else { opened.bytes };
        let failed = |source| InputError::Read { input: self.name.clone(), line: 1, source };
        let mut reader = BufReader::with_capacity(HEAD, bytes);
        discard(&mut reader, mark).map_err(failed)?;
        let skipped = skip_lines(&mut reader, options.skip_lines).map_err(failed)?;
        let (opening, is_whole) = match head.get(mark + skipped.bytes..) {
            Some(rest) if !rest.is_empty() => (rest.to_vec(), opened.is_whole),
            _ => (reader.fill_buf().map_err(failed)?.to_vec(), false),
        };
        let is_whole = is_whole || opening.is_empty();
        if let Some(reason) = foreign::kind(&opening) {
            return Err(InputError::Unreadable { input: self.name.clone(), reason });
        }
        let Opening { cuts, sep_line } = Opening::new(&opening, options.delimiter, skipped.lines, is_whole);
        discard(&mut reader, sep_line).map_err(failed)?;
        let start = mark + skipped.bytes + sep_line;
        let line = 1 + skipped.lines + u64::from(sep_line > 0);
        let (cut, layout) = delimiter::choose(&cuts, Asked::of(options, is_whole));
        let delimiter = cut.or(cuts.first()).map_or(b',', |cut| cut.delimiter);
        let seen = cut.map_or_else(Vec::new, |cut| cut.rows.clone());
        let layout = self.allow(layout, options)?;
        self.records = Records::Text(Box::new(Delimited::new(reader, delimiter, start as u64, line)));
        if let Some((mut file, size)) = opened.file {
            if size <= COUNTED {
                let text = read_all(&mut file, COUNTED, is_utf16).map_err(|source| self.failed(source))?;
                let count = count_rows(text.get(start..).unwrap_or_default(), delimiter);
                self.count.counted = Some(count.rows);
                if count.ends_in_quotes
                    && let Some(at) = unclosed_quote(text.get(start..).unwrap_or_default(), delimiter)
                {
                    return Err(InputError::UnclosedQuote { input: self.name.clone(), line: at + line - 1 });
                }
            }
            // UTF-16 has two bytes where UTF-8 has mostly one.
            let text_size = if is_utf16 { size / 2 } else { size };
            let rest = opening.get(sep_line..).unwrap_or_default();
            self.count.sample =
                Some(Sample { size: text_size, rows: count_rows(rest, delimiter).rows, bytes: rest.len() as u64 });
            self.file = Some(InputFile { prefix: PrefixHasher::new(file), size });
        }
        Ok((seen, layout))
    }

    /// Reads up to the first row, which is then returned first.
    fn stand_at_first_row(&mut self, first: u64) -> Result<(), InputError> {
        let mut above = 0;
        while self.read_record()? {
            if self.record.line >= first {
                self.is_pending = true;
                break;
            }
            above += 1;
        }
        self.count.counted = self.count.counted.map(|rows| rows.saturating_sub(above));
        Ok(())
    }
}

/// What was skipped.
struct Skipped {
    bytes: usize,
    lines: u64,
}

/// Skips lines without parsing them: a quote in them opens nothing.
fn skip_lines(reader: &mut impl BufRead, lines: u64) -> io::Result<Skipped> {
    let mut skipped = Skipped { bytes: 0, lines: 0 };
    let mut after_cr = false;
    while skipped.lines < lines || after_cr {
        let buffer = reader.fill_buf()?;
        let Some(&byte) = buffer.first() else { break };
        if skipped.lines == lines {
            // The second half of the last line's end.
            let half = usize::from(byte == b'\n');
            reader.consume(half);
            skipped.bytes += half;
            break;
        }
        let is_second_half = std::mem::take(&mut after_cr) && byte == b'\n';
        let end = if is_second_half { Some(0) } else { memchr::memchr2(b'\n', b'\r', buffer) };
        let used = end.map_or(buffer.len(), |end| end + 1);
        if let Some(end) = end.filter(|_| !is_second_half) {
            skipped.lines += 1;
            after_cr = buffer.get(end) == Some(&b'\r');
        }
        reader.consume(used);
        skipped.bytes += used;
    }
    Ok(skipped)
}

/// Skips bytes that are known to be there.
fn discard(reader: &mut impl BufRead, mut bytes: usize) -> io::Result<()> {
    while bytes > 0 {
        let part = reader.fill_buf()?.len().min(bytes);
        if part == 0 {
            break;
        }
        reader.consume(part);
        bytes -= part;
    }
    Ok(())
}
