//! Opens the output of a run: anew, or where an interrupted run stopped.
//!
//! Makes the [`Writer`]. Must not write a row.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use crate::config::{Job, Start};
use crate::error::Error;
use crate::history::runs as history;
use crate::offer::tally::Tally;
use crate::output::{Direct, Finish, Lock, Output, OutputPath, RowsIn, Segment, left_by};
use crate::report::event::NothingToResume;
use crate::report::{Event, Report};
use crate::run::call_limit::CallLimit;
use crate::run::commit_thread::Disk;
use crate::run::commits::{Commits, RunId, now_in_seconds};
use crate::run::goal::{Begin, Goal, begin};
use crate::run::history::OpenHistory;
use crate::run::lane_progress::LaneProgress;
use crate::run::row_encoder::RowEncoder;
use crate::run::rows::{Rows, input_of};
use crate::run::run_tally::RunTally;
use crate::run::unordered::Unordered;
use crate::run::writer::{SeveralNetworks, Writer};

/// What is there to write to.
#[derive(Debug)]
pub(crate) enum Opened {
    /// An output that wants rows.
    Writer(Box<Writer>),
    /// An earlier run was killed after the last row: at most its workbook and its tidying up are left to do.
    Finished(Tally, Arc<Lock>, Finish),
}

/// How the history sees a run that begins with the first row.
fn from_the_start(begin: &Begin, place: &OutputPath) -> history::Begin {
    if matches!(begin, Begin::StartOver) {
        return history::Begin::Over;
    }
    let left_by = left_by(place).and_then(|left| left.started_at);
    history::Begin::Anew { left_by: left_by.map(Timestamp::as_second) }
}

/// A file for the rows of a run that begins with the first.
fn create(lock: Lock, rows: (RowsIn, &[u8]), id: &RunId) -> Result<Segment, Error> {
    let start = id.checkpoint((&Tally::default(), Value::Null), None);
    let segment = Segment::create(lock, rows, &start)?;
    id.calls.is_on_disk(start.calls);
    Ok(segment)
}

impl SeveralNetworks {
    fn of(job: &Job, progress: LaneProgress, rows: Unordered) -> Self {
        Self { progress, rows, are_listed: job.work.all_offers().is_some() }
    }
}

impl Writer {
    /// Opens the output and, where the user wants to go on and it fits, moves `input` to where an interrupted run
    /// stopped.
    ///
    /// # Errors
    /// The output cannot be written, or another run has it.
    pub(crate) fn open(
        job: &Job,
        (goal, history, calls): (Goal, Option<OpenHistory>, &CallLimit),
        rows: &mut Rows,
        report: &Report,
    ) -> Result<Opened, Error> {
        let mut id =
            RunId { job: job.id(rows.opened()).to_value(), started_at: now_in_seconds(), calls: calls.clone() };
        let encoder = RowEncoder::new(job, rows);
        let are_several = job.networks.are_several();
        let networks = LaneProgress::new(job.networks.iter().map(|network| network.name.clone()));
        let lanes = networks.unrouted() + 1;
        // Several networks read the input as a whole, whatever is done of it, so another one is moved to the place.
        let mut probe = if are_several && rows.can_resume() { Some(Rows::open(job)?) } else { None };
        let mut unordered = Unordered::log(encoder.header(), networks.ranks());
        let mut begun = history::Begin::Anew { left_by: None };
        let (output, start) = match goal {
            Goal::File(lock) => match begin(job, probe.as_mut().unwrap_or(rows), &lock, report)? {
                Begin::Finished(summary, finish) => return Ok(Opened::Finished(summary, Arc::new(lock), finish)),
                Begin::GoOn(found) => {
                    begun = history::Begin::Resumed;
                    calls.resume(found.checkpoint.calls);
                    if found.rows_in == RowsIn::Output {
                        unordered = Unordered::merged(encoder.header());
                    }
                    (Output::File(Segment::resume(lock, &found)?), Some(found.checkpoint))
                }
                start @ (Begin::Start | Begin::StartOver) => {
                    begun = from_the_start(&start, lock.place());
                    let (log, header) = (unordered.log_header(), encoder.header());
                    let rows = if are_several { (RowsIn::Log, &*log) } else { (RowsIn::Output, header) };
                    (Output::File(create(lock, rows, &id)?), None)
                }
            },
            Goal::Stream(device) => {
                if job.start == Start::Resume {
                    report.emit(&Event::NothingToResume(NothingToResume::Stream));
                }
                let header = encoder.header();
                unordered = Unordered::queues(header, lanes, &std::env::temp_dir());
                let direct = device.map_or_else(|| Direct::stdout(header), |path| Direct::device(&path, header))?;
                (Output::Direct(direct), None)
            }
        };
        id.started_at = start.as_ref().and_then(|start| start.started_at).unwrap_or(id.started_at);
        let at = start.as_ref().and_then(|start| start.input.as_ref()).map(|mark| mark.position);
        let marks = start.as_ref().map_or(Value::Null, |start| start.lanes.clone());
        let before = start.map(|start| start.counts).unwrap_or_default();
        let key = (id.job.to_string(), id.started_at.as_second());
        let history = history.map(|history| history.begin(job, key, begun)).transpose()?;
        let (database, history) = history.unzip();
        let disk = Disk::start(database)?;
        let networks = are_several.then(|| SeveralNetworks::of(job, networks.resume(&marks), unordered));
        Ok(Opened::Writer(Box::new(Self {
            history,
            encoder,
            commits: Commits::new((output, disk), (id, input_of(job)), (at, before.offers)),
            tally: RunTally::resume(before),
            min_ok: job.tolerance.min_ok,
            networks,
            replaces: [Some(job.rows_file()), job.workbook().map(ToOwned::to_owned)].into_iter().flatten().collect(),
            rows: Vec::new(),
            network_cell: rows.network_cell,
        })))
    }
}
