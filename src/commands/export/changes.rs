//! What a finished run has changed: counted for the summary, and written where `--changes` says.

use jiff::Timestamp;

use crate::config::{AllOffers, Job};
use crate::error::Error;
use crate::history::Database;
use crate::history::changes::{ChangeCounts, ChangedOffer, header};
use crate::history::listed::WholeList;
use crate::history::timeline::time;
use crate::output::{Action, OutputError, replace_streamed};
use crate::report::ChangeSummary;
use crate::run::history::Wanted;

/// Counts the changes since the run's baseline, and writes them. Does nothing where the job has no history.
///
/// # Errors
/// The old file of changes is untouched.
pub(crate) fn write(job: &Job) -> Result<Option<ChangeSummary>, Error> {
    let Some(history) = &job.history else { return Ok(None) };
    let mut file = Database::open_to_read(&history.file)?;
    let key = job.run_key(String::new(), 0);
    let Some(run) = file.finished_run(&key.output, &key.networks)? else { return Ok(None) };
    if let Some(kind) = job.work.all_offers().and_then(AllOffers::kind_of_whole) {
        let mut offers = Wanted::open(job)?;
        file.note_list(WholeList { run: &run, kind, at: Timestamp::now().as_second() }, || offers.next())?;
    }
    let with_network = job.networks.are_several();
    let mut counts = ChangeCounts::default();
    match history.changes_file()? {
        None => file.changes_of_run(&run, |offer: &ChangedOffer| {
            counts.add(offer);
            Ok::<(), Error>(())
        })?,
        Some(place) => replace_streamed(&place, |out| {
            let mut rows = header(with_network);
            let failed = |error| OutputError::io(Action::Write, place.out())(error);
            out.write_all(&rows).map_err(failed)?;
            file.changes_of_run(&run, |offer: &ChangedOffer| {
                counts.add(offer);
                rows.clear();
                offer.rows(with_network, &mut rows);
                Ok::<(), Error>(out.write_all(&rows).map_err(failed)?)
            })
        })?,
    }
    Ok(run.baseline.map(|baseline| ChangeSummary {
        new: counts.new,
        changed: counts.changed,
        gone: counts.gone,
        back: counts.back,
        since: time(baseline.started_at),
    }))
}
