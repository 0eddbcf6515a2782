//! What a run would do, found out without a call and without writing anything, not even a lock or a folder.

use std::path::{Path, PathBuf};
use std::time::Instant;

use jiff::Timestamp;

use super::all_offers;
use super::seen::Seen;
use crate::api::Client;
use crate::config::{Job, Network, NetworkConfig};
use crate::error::Error;
use crate::history::Database;
use crate::output::Destination;
use crate::pace::Pace;
use crate::report::{DryRun, Event, PlannedCalls, PlannedRows, Report, Slowest};
use crate::run::lane_progress::LaneProgress;
use crate::run::lookups::Lookups;
use crate::run::resume::ResumeDecision;
use crate::run::retry_failed::failed_of_previous;
use crate::run::rows::Rows;
use crate::run::rows::input_of;

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
    let (began, made) = match &earlier {
        ResumeDecision::GoesOn(found, _) => (found.checkpoint.started_at, found.checkpoint.calls),
        _ => (None, None),
    };
    let lookups = Lookups::planned(job, began.unwrap_or_else(Timestamp::now), made.unwrap_or(0))?;
    let lookups = lookups.as_ref();
    let seen = match &earlier {
        ResumeDecision::AllDone(..) => Seen::new(),
        ResumeDecision::GoesOn(found, _) if job.networks.are_several() => {
            // The progress of each network is only a number of its rows, so all rows must be read.
            rows = Rows::open(job)?;
            let names = job.networks.iter().map(|network| network.name.clone());
            Seen::of((job, LaneProgress::new(names).resume(&found.checkpoint.lanes)), &mut rows, lookups).await?
        }
        _ => Seen::of((job, LaneProgress::default()), &mut rows, lookups).await?,
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
            max_calls: job.history.as_ref().and_then(|history| history.max_calls),
        },
        rows: PlannedRows {
            done: earlier.done(),
            to_do: seen.rows,
            kept: seen.kept,
            distinct: seen.distinct(),
            from_history: seen.from_history,
            not_asked: seen.not_asked,
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
