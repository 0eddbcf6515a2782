//! The list of an account's offers, before its rows are exported: read from the network as a whole, or taken over from an
//! interrupted run, so that a run goes on with the list it began with.

use std::path::Path;
use std::time::Instant;

use jiff::Timestamp;

use crate::api::{Client, Request};
use crate::budget::Participant;
use crate::commands::list::{Board, Care, End, ListOf, Lister, to_csv};
use crate::config::{AllOffers, Job};
use crate::dispatch::Dispatcher;
use crate::error::Error;
use crate::output::{Lock, OutputPath, replace_offers};
use crate::report::{Event, LaneId, Report, RunOutcome};
use crate::run::goal::{Goal, make_room};
use crate::run::resume::ResumeDecision;
use crate::run::rows::Rows;
use crate::settings::links::ListColumns;
use crate::signals::Signals;

/// What calls need, besides the loop that makes them: the list and its offers have the same.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) schedule: Dispatcher<Request>,
    pub(crate) budget: Participant,
}

/// Sees to it that the list is in its file. Gives how the run has ended, if there is no whole list to be had.
///
/// # Errors
/// The file cannot be written.
pub(crate) async fn prepare(
    (job, list): (&Job, &AllOffers),
    (client, host): (&Client, &str),
    (goal, line): (&Goal, &mut Line),
    signals: &mut Signals,
    report: &Report,
) -> Result<Option<RunOutcome>, Error> {
    let Goal::File(lock) = goal else { return Ok(None) };
    if goes_on(job, lock, &list.file, report)? {
        report.emit(&Event::ListReused(list.file.clone()));
        return Ok(None);
    }
    let Line { schedule, budget } = line;
    let board = Board::new([host.into()].into_iter());
    let mut lister = Lister {
        lane: LaneId::ONLY,
        board: &board,
        client,
        query: list.query.as_slice().into(),
        schedule,
        budget,
        keep_nameless: true,
    };
    let care = Care { twice: true, allow_short: list.allow_short };
    let read = board.watch(lister.whole(care, report), signals, report).await;
    let whole = match read.unwrap_or_else(|signal| Err(End::Interrupted(signal))) {
        Ok(whole) => whole,
        Err(end) => return Ok(Some(end.of_export(host))),
    };
    let lists = [ListOf { network: None, offers: &whole.offers }];
    replace_offers(lock, &list.file, &to_csv(&lists, ListColumns::Fields))?;
    let (offers, without_id) = (whole.offers.len() as u64, whole.nameless);
    report.emit(&Event::Listed { offers, without_id, calls: schedule.counts(Instant::now()).calls });
    Ok(None)
}

/// Whether this run goes on with an interrupted one, whose list is still there. Any other list is an old one, and goes
/// where the rows go that were made of it.
fn goes_on(job: &Job, lock: &Lock, list: &Path, report: &Report) -> Result<bool, Error> {
    let earlier = earlier(job, lock.place())?.map(|(_, earlier)| earlier);
    match &earlier {
        Some(ResumeDecision::GoesOn(..) | ResumeDecision::AllDone(..)) => return Ok(true),
        Some(earlier @ ResumeDecision::SetAside { .. }) => make_room(earlier, job, lock, Some(list), report)?,
        Some(ResumeDecision::Nothing | ResumeDecision::Finished) | None => {}
    }
    Ok(false)
}

/// What an earlier run has left, and its list, if that can be read.
pub(crate) fn earlier(job: &Job, place: &OutputPath) -> Result<Option<(Rows, ResumeDecision)>, Error> {
    let Ok(mut rows) = Rows::open(job) else { return Ok(None) };
    let earlier = ResumeDecision::of(job, place, &mut rows, Timestamp::now())?;
    Ok(Some((rows, earlier)))
}
