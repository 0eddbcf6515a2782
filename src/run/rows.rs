//! The rows of a run, as the loop wants them: from a file, a pipe, or an earlier output.
//!
//! Says which comes next and where it stands. Must not decide what becomes of it.

use std::io;

use crate::cell::CellFormat;
use crate::config::{Job, OpenedRows, RetryFailed, Work};
use crate::encode::schema::Field;
use crate::encode::{Encoder, RowFormat, Schema};
use crate::error::Error;
use crate::input::{
    Input, InputFingerprint, InputWarnings, NotTheSameInput, Resolved, ResumePosition, Row, Source, Total,
};
use crate::report::{Event, Report};
use crate::run::misdirected::Misdirected;
use crate::run::pipe::Pipe;
use crate::run::retry_failed::{KeptRow, PreviousRows, RowAction, StaleRows, failed_rows_of};

/// The rows still to come.
#[derive(Debug)]
pub(crate) struct Rows {
    from: From,
    /// The names of the kept columns, as they stand in the output.
    pub(crate) kept: Vec<String>,
    /// The cells that `--append` needs, in its order.
    pub(crate) cells: Vec<usize>,
    /// The cell that names a row's network, if there is one.
    pub(crate) network_cell: Option<usize>,
    /// How the kept columns of a workbook look.
    pub(crate) looks: Vec<CellFormat>,
    /// How the output's rows are written.
    pub(crate) format: RowFormat,
    /// The output's own columns.
    pub(crate) schema: Schema,
    /// How the input is read; nothing for an earlier output.
    pub(crate) reading: Option<Resolved>,
    /// `--append`, with the input's own names of columns.
    append: String,
    misdirected: Option<Misdirected>,
    ended: bool,
}

#[derive(Debug)]
enum From {
    File(Box<Input>),
    Pipe(Pipe),
    OutputReader(Box<PreviousRows>),
}

/// A row, or why there is none now.
#[derive(Debug)]
pub(crate) enum Next {
    Row(Row),
    Kept(KeptRow),
    /// If asking fails, its old links stay.
    Stale(Row, StaleRows),
    /// The pipe has none yet.
    NotYet,
    End,
}

impl Rows {
    /// Opens what the job's rows come from: its input, or the output whose failed rows are asked for again.
    pub(crate) fn open(job: &Job) -> Result<Self, Error> {
        let (source, options) = match &job.work {
            Work::Input { source, options } => (source, options),
            Work::AllOffers { list, options } => (&Source::File(list.file.clone()), options),
            Work::FailedRows(which) => return Self::again(job, *which),
        };
        let input = Input::open(source, &job.routed(options))?;
        let kept = input.kept_columns().to_vec();
        let network_cell = input.network_index();
        let looks = input.kept_looks();
        let cells = job.append.template.columns().filter_map(|name| input.cell_index(name)).collect();
        let reading = Some(input.resolved());
        let append = job.append.template.text(|name| input.column_name(name).unwrap_or(name).to_owned());
        let misdirected = Misdirected::new(job, &input);
        // A named pipe or a device may keep its reader waiting as stdin may.
        let from = if input.is_stream() {
            From::Pipe(Pipe::open(input).map_err(Error::system("start a thread for the input"))?)
        } else {
            From::File(Box::new(input))
        };
        let (format, schema) = (job.output.format.rows(), job.output.schema.clone());
        let ended = false;
        Ok(Self { from, kept, cells, network_cell, looks, format, schema, reading, append, misdirected, ended })
    }

    /// Opens the earlier output.
    fn again(job: &Job, which: RetryFailed) -> Result<Self, Error> {
        let dialect = job.output.format.rows().dialect();
        let rows = PreviousRows::open(&failed_rows_of(job), which, dialect, &job.output.schema)?;
        let kept = rows.previous.kept().to_vec();
        let index = |name: &str| rows.cell_index(name).ok_or_else(|| Error::NotKept { column: name.to_owned() });
        let cells = job.append.template.columns().map(index).collect::<Result<Vec<_>, _>>()?;
        if let Some(why) = rows.other_append(job) {
            return Err(Error::OtherAppend(why));
        }
        let append = job.append.template.text(|name| {
            index(name).ok().and_then(|cell| kept.get(cell)).map_or_else(|| name.to_owned(), Clone::clone)
        });
        // An empty output could be of any format.
        let format = if rows.previous.header().is_empty() { job.output.format.rows() } else { rows.previous.format() };
        let schema = rows.previous.schema().clone();
        let network_cell = schema.has(Field::Network).then_some(kept.len());
        let wants_time = job.output.schema.has(Field::LastGoodAt);
        let schema = if wants_time { schema.with(Field::LastGoodAt) } else { schema };
        let from = From::OutputReader(Box::new(rows));
        Ok(Self {
            from,
            kept,
            cells,
            network_cell,
            looks: Vec::new(),
            format,
            schema,
            reading: None,
            append,
            misdirected: None,
            ended: false,
        })
    }

    /// What the job comes to with these rows.
    pub(crate) fn opened(&self) -> OpenedRows<'_> {
        OpenedRows { reading: self.reading.as_ref(), kept: &self.kept, format: self.format, append: &self.append }
    }

    /// The bytes with which their output begins.
    pub(crate) fn header(&self) -> Vec<u8> {
        self.encoder().header().to_vec()
    }

    /// What writes their output.
    pub(crate) fn encoder(&self) -> Box<dyn Encoder> {
        self.format.encoder(&self.schema, self.kept.iter().map(String::as_str))
    }

    /// Whether there are as many rows before this place as it says, and a row ends there.
    pub(crate) fn reaches(mut self, place: &ResumePosition) -> Result<bool, Error> {
        let mut at = None;
        for _ in 0..place.record {
            at = match self.next()? {
                Next::Row(row) | Next::Stale(row, _) => Some(row.next),
                Next::Kept(row) => Some(row.next),
                Next::NotYet | Next::End => return Ok(false),
            };
        }
        Ok(at.as_ref() == Some(place))
    }

    /// What `--retry-failed` has found; nothing where the rows are those of an input.
    pub(crate) fn previous(&self) -> Option<&PreviousRows> {
        if let From::OutputReader(rows) = &self.from { Some(rows) } else { None }
    }

    /// The next row, if it is there.
    pub(crate) fn next(&mut self) -> Result<Next, Error> {
        if self.ended {
            return Ok(Next::End);
        }
        let next = match &mut self.from {
            From::File(input) => input.next_row()?.map_or(Next::End, Next::Row),
            From::Pipe(pipe) => pipe.next()?,
            From::OutputReader(rows) => match rows.next()? {
                Some(RowAction::Ask(row)) => Next::Row(row),
                Some(RowAction::Keep(row)) => Next::Kept(row),
                Some(RowAction::AskStale(row, stale)) => Next::Stale(row, stale),
                None => Next::End,
            },
        };
        self.seen(&next);
        Ok(next)
    }

    /// Waits for the next row of a pipe; for ever where there is none to wait for.
    pub(crate) async fn wait(&mut self) -> Result<Next, Error> {
        let next = match &mut self.from {
            From::Pipe(pipe) if !self.ended => pipe.wait().await?,
            _ => std::future::pending().await,
        };
        self.seen(&next);
        Ok(next)
    }

    fn seen(&mut self, next: &Next) {
        self.ended = matches!(next, Next::End);
        if let (Some(misdirected), Next::Row(row)) = (&mut self.misdirected, next) {
            misdirected.look(row);
        }
    }

    /// Reports once what is odd about the rows read so far.
    pub(crate) fn tell_meanwhile(&mut self, report: &Report) {
        if let Some(event) = self.misdirected.as_mut().and_then(Misdirected::take) {
            report.emit(&event);
        }
    }

    /// Whether all rows are read.
    pub(crate) fn ended(&self) -> bool {
        self.ended
    }

    /// How many rows there are in all.
    pub(crate) fn total(&self) -> Total {
        match &self.from {
            From::File(input) => input.total(),
            From::Pipe(_) | From::OutputReader(_) => Total::Unknown,
        }
    }

    /// Whether a later run can go on in the middle.
    pub(crate) fn can_resume(&self) -> bool {
        !matches!(self.from, From::Pipe(_))
    }

    /// A mark for the checkpoint; a pipe has none.
    pub(crate) fn mark(&mut self, at: ResumePosition) -> io::Result<Option<InputFingerprint>> {
        match &mut self.from {
            From::File(input) => input.mark(at),
            From::Pipe(_) => Ok(None),
            From::OutputReader(rows) => rows.mark(at).map(Some),
        }
    }

    /// Goes on behind a mark. To be called before the first row is read.
    pub(crate) fn resume(&mut self, mark: &InputFingerprint) -> Result<(), NotTheSameInput> {
        match &mut self.from {
            From::File(input) => input.resume(mark),
            From::Pipe(_) => Err(NotTheSameInput::Stream),
            From::OutputReader(rows) => rows.resume(mark),
        }
    }

    /// Where in the user's input the IDs stand.
    pub(crate) fn tell_reading(&self, job: &Job, report: &Report) {
        if let Some(reading) = self.reading.as_ref().filter(|_| job.work.all_offers().is_none()) {
            report.emit(&Event::InputLayout(reading.clone()));
        }
    }

    /// What the user should know before the first call.
    pub(crate) fn tell(&self, job: &Job, report: &Report) {
        for doubt in job.append.template.doubts(&self.kept) {
            report.emit(&Event::AppendDoubt(doubt));
        }
        let Some(rows) = self.previous() else { return };
        if let Some(how) = &rows.resaved {
            report.emit(&Event::OutputResaved { output: job.rows_file(), how: how.clone() });
        }
        if !job.append.template.is_empty() {
            report.emit(&Event::AppendRepeated(job.append.template.to_string()));
        }
    }

    /// What was odd about the input, once, at the end of it.
    pub(crate) fn log_warnings(&self, report: &Report) {
        report.emit(&Event::InputOdd(self.oddities()));
    }

    fn oddities(&self) -> InputWarnings {
        match &self.from {
            From::File(input) => input.oddities(),
            From::Pipe(pipe) => pipe.oddities,
            From::OutputReader(_) => InputWarnings::default(),
        }
    }
}

/// The input as the user knows it.
pub(crate) fn input_of(job: &Job) -> String {
    match &job.work {
        Work::Input { source, .. } => source.to_string(),
        Work::AllOffers { list, .. } => format!("the account's list ({})", list.file.display()),
        Work::FailedRows(_) => format!("the failed rows of {}", failed_rows_of(job).display()),
    }
}
