//! What a run would do, found out without a call and without writing anything, not even a lock or a folder.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use jiff::Timestamp;

use super::all_offers;
use crate::api::Client;
use crate::config::{Job, Network, NetworkConfig};
use crate::error::Error;
use crate::history::Database;
use crate::input::Row;
use crate::offer::OfferId;
use crate::output::Destination;
use crate::pace::Pace;
use crate::reorder::buffer::ReorderBuffer;
use crate::reorder::recent::Recent;
use crate::report::{DryRun, Event, InvalidRow, PlannedCalls, PlannedRows, Report, Slowest};
use crate::run::lane_progress::LaneProgress;
use crate::run::resume::ResumeDecision;
use crate::run::retry_failed::failed_of_previous;
use crate::run::router::Router;
use crate::run::rows::input_of;
use crate::run::rows::{Next, Rows};

/// The most invalid rows that are listed; the rest are counted.
const LISTED: usize = 10;

/// Reads the whole input, and finds out what a run of `job` would do.
///
/// # Errors
/// The run could not start.
pub(crate) async fn dry_run(job: &Job, report: &Report) -> Result<DryRun, Error> {
    for warning in &job.invocation.warnings {
        report.emit(&Event::SettingsDoubt(warning.clone()));
    }
    let network = network(job)?;
    if let Some(history) = job.history.as_ref().filter(|history| history.file.exists()) {
        Database::look(&history.file)?;
    }
    let target = Destination::of(&job.rows_file())?;
    if let Destination::File(place) = &target {
        place.check_folder()?;
    }
    if let (Some(_), Destination::File(place)) = (job.work.all_offers(), &target) {
        let earlier = all_offers::earlier(job, place)?.map_or(ResumeDecision::Nothing, |(_, earlier)| earlier);
        if !matches!(earlier, ResumeDecision::GoesOn(..) | ResumeDecision::AllDone(..)) {
            return Ok(plan(job, network, &target, &earlier, Seen::new()));
        }
    }
    failed_of_previous(job)?;
    let mut rows = Rows::open(job)?;
    rows.tell(job, report);
    let earlier = match &target {
        Destination::File(place) => ResumeDecision::of(job, place, &mut rows, Timestamp::now())?,
        Destination::Stdout | Destination::Device(_) => ResumeDecision::Nothing,
    };
    let seen = match &earlier {
        ResumeDecision::AllDone(..) => Seen::new(),
        ResumeDecision::GoesOn(found, _) if job.networks.are_several() => {
            // The progress of each network is only a number of its rows, so all rows must be read.
            rows = Rows::open(job)?;
            let names = job.networks.iter().map(|network| network.name.clone());
            Seen::of((job, LaneProgress::new(names).resume(&found.checkpoint.lanes)), &mut rows).await?
        }
        _ => Seen::of((job, LaneProgress::default()), &mut rows).await?,
    };
    rows.log_warnings(report);
    let ids = rows.reading.as_ref().filter(|_| job.work.all_offers().is_none()).map(ToString::to_string);
    Ok(DryRun { ids, ..plan(job, network, &target, &earlier, seen) })
}

fn plan(job: &Job, network: String, target: &Destination, earlier: &ResumeDecision, seen: Seen) -> DryRun {
    DryRun {
        input: input_of(job),
        is_listed: job.work.all_offers().is_none() || earlier.done() > 0,
        ids: None,
        network,
        calls: PlannedCalls {
            offers: seen.calls,
            links: job.links,
            rate: job.networks.first().policy.rate,
            period: Pace::new(job.networks.first().policy.rate, Instant::now()).period(),
            slowest: slowest(job, &seen.calls_of),
        },
        rows: PlannedRows {
            done: earlier.done(),
            to_do: seen.rows,
            kept: seen.kept,
            distinct: seen.distinct(),
            invalid: seen.invalid,
            first_invalid: seen.first_invalid,
        },
        files: files(job, target, earlier),
        earlier_run: earlier.earlier_run(job.start),
    }
}

/// The network that it would call, or what is missing for that. Also finds settings that cannot work.
fn network(job: &Job) -> Result<String, Error> {
    let words = |NetworkConfig { network, http, .. }: &NetworkConfig| match network {
        Network::Sandbox => Ok("the sandbox network".to_owned()),
        Network::Real(account) => Client::new(account, http).map(|_| account.host()).map_err(Error::from),
        Network::NotGiven(missing) => Ok(format!("not given yet: {missing}")),
    };
    if !job.networks.are_several() {
        return words(job.networks.first());
    }
    let named = |config| words(config).map(|words| format!("{} ({words})", config.name));
    let all = job.networks.iter().map(named).collect::<Result<Vec<_>, Error>>()?;
    Ok(format!("{}: {}", all.len(), all.join(", ")))
}

/// The network that a run over several waits for, given the calls to each.
fn slowest(job: &Job, calls: &[u64]) -> Option<Slowest> {
    let networks = job.networks.are_several().then(|| job.networks.iter().zip(calls));
    let slowest = networks.into_iter().flatten().map(|(config, calls)| {
        let period = Pace::new(config.policy.rate, Instant::now()).period();
        Slowest { network: config.name.clone(), offers: *calls, rate: config.policy.rate, period }
    });
    let least = |slowest: &Slowest| slowest.period.saturating_mul(u32::try_from(slowest.offers).unwrap_or(u32::MAX));
    slowest.max_by_key(|slowest| (least(slowest), slowest.offers))
}

/// The files that a run leaves, and those that it needs while it runs.
fn files(job: &Job, target: &Destination, earlier: &ResumeDecision) -> Vec<(PathBuf, &'static str)> {
    let note = |path: &Path| if path.exists() { "replaced, as a whole" } else { "new" };
    let mut files = Vec::new();
    match target {
        Destination::Stdout => files.push(("-".into(), "stdout")),
        Destination::Device(path) => files.push((path.clone(), "written directly, as it is no file")),
        Destination::File(place) => {
            files.push((job.rows_file(), note(&job.rows_file())));
            files.extend(job.workbook().map(|path| (path.to_owned(), note(path))));
            files.extend(job.work.all_offers().iter().map(|list| (list.file.clone(), note(&list.file))));
            files.push((place.partial(), "during the run"));
            files.extend(job.networks.are_several().then(|| (place.log(), "during the run")));
            files.push((place.checkpoint(), "during the run"));
            if let ResumeDecision::SetAside { .. } = earlier {
                let [rows, checkpoint] = place.set_aside();
                files.push((rows, "what the interrupted run has done"));
                files.push((checkpoint, "how far that is good"));
            }
            files.push((place.lock(), "stays: keeps a second run out, and remembers --append"));
        }
    }
    files.extend(job.invocation.about.iter().map(|path| (path.clone(), note(path))));
    files
}

/// What has been seen of the input.
struct Seen {
    rows: u64,
    kept: u64,
    /// Ordinary IDs as numbers. A run remembers only the last ones, but counting distinct ones needs all: ten million
    /// take 150 MiB, which is acceptable here and nowhere else.
    numbers: HashSet<(usize, u64)>,
    /// IDs that are too long for that.
    others: HashSet<(usize, OfferId)>,
    /// The offers that a run would remember.
    remembered: Recent<(usize, OfferId), ()>,
    calls: u64,
    /// Calls to each network.
    calls_of: Vec<u64>,
    invalid: u64,
    first_invalid: Vec<InvalidRow>,
}

impl Seen {
    fn new() -> Self {
        Self {
            rows: 0,
            kept: 0,
            numbers: HashSet::new(),
            others: HashSet::new(),
            remembered: Recent::new(ReorderBuffer::<()>::REMEMBERED),
            calls: 0,
            calls_of: Vec::new(),
            invalid: 0,
            first_invalid: Vec::new(),
        }
    }

    /// Everything that is still to come.
    async fn of((job, done): (&Job, LaneProgress), rows: &mut Rows) -> Result<Self, Error> {
        let mut seen = Self::new();
        let router = rows.network_cell.map(|cell| (Router::new(&job.networks), cell));
        let mut rows_of = vec![0_u64; job.networks.len() + 1];
        loop {
            let next = match rows.next()? {
                Next::NotYet => rows.wait().await?,
                next => next,
            };
            match next {
                Next::Row(row) | Next::Stale(row, _) => {
                    let route = router.as_ref().map_or(Ok(0), |(router, cell)| router.route(row.cells.get(*cell)));
                    let lane = route.as_ref().copied().unwrap_or(job.networks.len());
                    let nth = rows_of.get_mut(lane).map_or(0, |rows| {
                        *rows += 1;
                        *rows
                    });
                    if nth > done.done(lane) {
                        seen.add(route, row);
                    }
                }
                Next::Kept(_) => seen.kept += 1,
                Next::NotYet => {}
                Next::End => return Ok(seen),
            }
        }
    }

    /// Counts a row of the network at this place, or of none, for the reason given.
    fn add(&mut self, route: Result<usize, String>, row: Row) {
        self.rows += 1;
        let (lane, offer) = match (route, row.offer) {
            (Ok(lane), Ok(offer)) => (lane, offer),
            (Err(why), Ok(offer)) => return self.add_invalid(row.line, offer.to_string(), why),
            (_, Err(bad)) => return self.add_invalid(row.line, bad.text.into(), bad.reason.to_string()),
        };
        // With a 1 before it, so that leading zeros count: 007 is not 7.
        match format!("1{offer}").parse() {
            Ok(number) => self.numbers.insert((lane, number)),
            Err(_) => self.others.insert((lane, offer)),
        };
        let is_called = self.remembered.get_mut((lane, offer)).is_none();
        if is_called {
            self.remembered.insert((lane, offer), ());
        }
        self.calls += u64::from(is_called);
        self.calls_of.resize(self.calls_of.len().max(lane + 1), 0);
        if let Some(calls) = self.calls_of.get_mut(lane) {
            *calls += u64::from(is_called);
        }
    }

    fn add_invalid(&mut self, line: u64, text: String, reason: String) {
        self.invalid += 1;
        if self.first_invalid.len() < LISTED {
            self.first_invalid.push(InvalidRow { line, text, reason });
        }
    }

    fn distinct(&self) -> u64 {
        (self.numbers.len() + self.others.len()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{BadId, Cells, ResumePosition};

    fn row(line: u64, cell: &str) -> Row {
        let offer = OfferId::parse(cell).map_err(|reason| BadId { text: cell.into(), reason });
        let next = ResumePosition { byte: 0, line, record: 0 };
        Row { line, offer, cells: Cells::new([""; 0].iter(), 0), next }
    }

    #[test]
    fn every_id_counts_once_and_leading_zeros_make_another() {
        let mut seen = Seen::new();
        for cell in ["7", "007", "7.0", "18446744073709551615", "99999999999999999999", "99999999999999999999", "x"] {
            seen.add(Ok(0), row(1, cell));
        }
        assert_eq!((seen.rows, seen.distinct(), seen.calls, seen.invalid), (7, 4, 4, 1));
    }

    #[test]
    fn what_a_run_would_have_forgotten_is_called_again() {
        let mut seen = Seen::new();
        for id in (0..12_000).chain([11_999, 0]) {
            seen.add(Ok(0), row(1, &id.to_string()));
        }
        assert_eq!((seen.distinct(), seen.calls), (12_000, 12_001));
    }

    #[test]
    fn only_the_first_invalid_rows_are_held() {
        let mut seen = Seen::new();
        (2..1002).for_each(|line| seen.add(Ok(0), row(line, "x")));
        assert_eq!((seen.invalid, seen.first_invalid.len()), (1000, LISTED));
        assert_eq!(seen.first_invalid[9].line, 11);
    }
}
