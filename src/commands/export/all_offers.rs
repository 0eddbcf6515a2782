//! The list of an account's offers, before its rows are exported: read completely from the network, or taken over from an
//! interrupted run, so that a resumed run uses the list it began with. One network's failure holds up no other.

use std::path::Path;
use std::time::Instant;

use futures::future::join_all;
use jiff::Timestamp;

use super::networks::{Called, Line};
use crate::commands::list::{Board, Care, End, ListOf, Lister, Nameless, Whole, to_csv};
use crate::config::{AllOffers, Job};
use crate::error::Error;
use crate::offer::OfferId;
use crate::output::{Lock, OutputPath, replace_offers};
use crate::report::{Event, LaneId, Report, RunOutcome};
use crate::run::call_limit::CallLimit;
use crate::run::fate::{error_of, worst};
use crate::run::goal::{Goal, make_room};
use crate::run::missing_list;
use crate::run::resume::ResumeDecision;
use crate::run::rows::Rows;
use crate::settings::links::ListColumns;
use crate::signals::Signals;

/// Says of a network, by its place in the job, which offers it had when its list was last read, if their last good links are
/// to be kept.
pub(super) type LastList<'a> = dyn Fn(usize) -> Result<Vec<OfferId>, Error> + 'a;

/// Makes sure that the list is in its file. Returns how the run ended, if no complete list can be read.
///
/// # Errors
/// The file cannot be written.
pub(crate) async fn prepare(
    (job, list): (&Job, &AllOffers),
    (called, calls, known): (&Called, &CallLimit, &LastList<'_>),
    (goal, lines): (&Goal, &mut [Line]),
    signals: &mut Signals,
    report: &Report,
) -> Result<Option<RunOutcome>, Error> {
    let Goal::File(lock) = goal else { return Ok(None) };
    if goes_on(job, lock, &list.file, report)? {
        report.emit(&Event::ListReused(list.file.clone()));
        return Ok(None);
    }
    let board = Board::new(called.names(job));
    let care = Care { twice: true, allow_short: list.allow_short };
    let reads = lines.iter_mut().zip(called.clients()).enumerate().map(|(lane, (line, client))| {
        let Line { schedule, budget, stopped: _ } = line;
        let (board, query) = (&board, list.query.as_slice().into());
        async move {
            let lane = LaneId(lane);
            let mut lister =
                Lister { lane, board, client, query, schedule, calls, budget, nameless_offers: Nameless::Keep };
            lister.whole(care, report).await
        }
    });
    let reads = match board.watch(join_all(reads), signals, report).await {
        Ok(reads) => reads,
        Err(signal) => return Ok(Some(RunOutcome::Interrupted(signal))),
    };
    let are_several = job.networks.are_several();
    if let Some(ending) = ending(&reads, called, are_several) {
        return Ok(Some(ending));
    }
    let reads: Vec<_> = reads.into_iter().map(|read| read.map_err(End::of_network)).collect();
    for (line, read) in lines.iter_mut().zip(&reads) {
        line.stopped = read.as_ref().err().cloned();
    }
    if reads.iter().all(Result::is_err) {
        return Ok(worst(reads.iter().filter_map(|read| read.as_ref().err())).map(RunOutcome::Stopped));
    }
    let names: Vec<_> = called.names(job).collect();
    let (mut lists, mut offers, mut without_id) = (Vec::new(), 0, 0);
    for (lane, (read, host)) in reads.into_iter().zip(called.hosts()).enumerate() {
        lists.push(match read {
            Ok(whole) => {
                offers += whole.offers.len() as u64;
                without_id += whole.nameless;
                whole.offers
            }
            Err(why) => {
                let rows = missing_list::rows(&error_of(&why, host), &known(lane)?);
                report.emit(&Event::LaneStopped { lane: LaneId(lane), why });
                rows
            }
        });
    }
    let lists = lists.iter().zip(&names);
    let lists: Vec<_> =
        lists.map(|(offers, name)| ListOf { network: are_several.then_some(&**name), offers }).collect();
    replace_offers(lock, &list.file, &to_csv(&lists, ListColumns::Fields))?;
    let calls = lines.iter().map(|line| line.schedule.counts(Instant::now()).calls).sum();
    report.emit(&Event::Listed { offers, without_id, calls });
    Ok(None)
}

/// How the run ends where the only list could not be read, or the user's own limits ended the reading.
fn ending(reads: &[Result<Whole, End>], called: &Called, are_several: bool) -> Option<RunOutcome> {
    let is_users_own = |read: &Result<Whole, End>| read.as_ref().is_err_and(End::is_users_limit);
    if are_several && !reads.iter().any(is_users_own) {
        return None;
    }
    let ends = reads.iter().zip(called.hosts()).filter_map(|(read, host)| Some((read.as_ref().err()?, host)));
    let (end, host) = ends.min_by_key(|(end, _)| !end.is_users_limit())?;
    Some(end.clone().of_export(host))
}

/// Whether this run resumes an interrupted one whose list still exists. Any other list is an old one, and is set aside
/// with its rows.
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
