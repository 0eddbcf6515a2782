//! What the history knows of an offer before it is asked for, and whether it is: `--max-age` and `--max-calls`.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::config::{HistoryUse, Job};
use crate::error::Error;
use crate::history::Database;
use crate::history::lookup::LastGood;
use crate::history::runs::RunRecord;
use crate::offer::OfferId;
use crate::run::feed::Pending;
use crate::run::selection::Selection;

/// The history of a run, as rows are read.
#[derive(Debug)]
pub(crate) struct Lookups {
    file: Database,
    run: Arc<RunRecord>,
    /// Offers confirmed in this time are not asked for, in seconds since 1970. The clock was wrong that confirmed one
    /// later than now.
    fresh: Option<RangeInclusive<i64>>,
    /// The offers to ask for, where calls are limited.
    selected: Option<Selection>,
}

/// What becomes of an offer.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It is asked for.
    Ask,
    /// It was confirmed lately.
    Fresh(LastGood),
    /// It is left for a later run; these are its links, if the history has any.
    Later(Option<LastGood>),
}

impl Lookups {
    /// For a run that asks for no offer confirmed within `max_age`, and has these calls left, if they are limited.
    ///
    /// # Errors
    /// The file or the input cannot be read.
    pub(super) fn of(
        job: &Job,
        (file, run): (Database, Arc<RunRecord>),
        (max_age, calls_left): (Option<Duration>, Option<u64>),
    ) -> Result<Self, Error> {
        let latest = latest_time();
        let fresh = max_age.map(|age| run.started_at.saturating_sub_unsigned(age.as_secs())..=latest);
        let offers = calls_left.map(|calls| calls.saturating_mul(job.links.offers_per_call()));
        let selected = offers.map(|most| Selection::of(job, (&file, &run), (most, latest))).transpose()?;
        Ok(Self { file, run, fresh, selected })
    }

    /// What a run would look up that began at this time, found out without writing. Of the calls that it may make, `made`
    /// are made.
    ///
    /// # Errors
    /// The file or the input cannot be read.
    pub(crate) fn planned(job: &Job, began: Timestamp, made: u64) -> Result<Option<Self>, Error> {
        let Some(HistoryUse { file, max_age, max_calls, .. }) = &job.history else { return Ok(None) };
        if max_age.is_none() && max_calls.is_none() {
            return Ok(None);
        }
        let file = Database::open_to_plan(file)?;
        let run = file.planned_run(&job.run_key(String::new(), began.as_second()))?;
        let calls_left = max_calls.map(|calls| calls.saturating_sub(made));
        Self::of(job, (file, Arc::new(run)), (*max_age, calls_left)).map(Some)
    }

    /// Whether an offer is asked for.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn verdict(&self, network: usize, offer: &OfferId) -> Result<Verdict, Error> {
        let may_ask = self.selected.as_ref().is_none_or(|selected| selected.contains(network, offer));
        if may_ask && self.fresh.is_none() {
            return Ok(Verdict::Ask);
        }
        let known = last_good((&self.file, &self.run), network, offer)?;
        let is_fresh = |known: &LastGood| self.fresh.as_ref().is_some_and(|fresh| fresh.contains(&known.at));
        Ok(match known {
            Some(known) if is_fresh(&known) => Verdict::Fresh(known),
            _ if may_ask => Verdict::Ask,
            known => Verdict::Later(known),
        })
    }

    /// What becomes of a row before its offer is asked for.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn look_up(&self, network: usize, row: Pending) -> Result<Pending, Error> {
        let (Pending::Row(input) | Pending::Stale(input, _)) = &row else { return Ok(row) };
        let Ok(offer) = &input.offer else { return Ok(row) };
        let verdict = self.verdict(network, offer)?;
        Ok(match (row, verdict) {
            (Pending::Row(row) | Pending::Stale(row, _), Verdict::Fresh(known))
            | (Pending::Row(row), Verdict::Later(Some(known))) => Pending::LastGood(row, Box::new(known)),
            (Pending::Row(row), Verdict::Later(None)) => Pending::NotAsked(row),
            (Pending::Stale(row, stale), Verdict::Later(_)) => Pending::StaysStale(row, stale),
            (row, _) => row,
        })
    }
}

/// The latest time that is no mistake, in seconds since 1970: another run may be writing now, by the same clock.
fn latest_time() -> i64 {
    const SLACK: i64 = 300;
    Timestamp::now().as_second() + SLACK
}

/// The last good links of an offer of the network at this place in the job.
///
/// # Errors
/// The file cannot be read.
pub(super) fn last_good(
    (file, run): (&Database, &RunRecord),
    network: usize,
    offer: &OfferId,
) -> Result<Option<LastGood>, Error> {
    let Some(network) = run.networks.get(network) else { return Ok(None) };
    Ok(file.last_good(*network, offer)?)
}
