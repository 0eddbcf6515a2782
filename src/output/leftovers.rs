//! The files of a run that stay beside the output: set aside for a new run, or removed at the end.
//!
//! Owns the order of these renames and removals. Must not read rows.

use std::io;
use std::path::{Path, PathBuf};

use crate::output::checkpoint::Finish;
use crate::output::error::{Action, OutputError};
use crate::output::lock::Lock;
use crate::output::rename::{remove, rename};

/// Moves what an interrupted run has left out of the way, and says what it is called now. What was set aside before is
/// replaced: one is kept. `list` is what its rows were made of, where that goes with them.
///
/// # Errors
/// A file cannot be renamed.
pub(crate) fn set_aside(lock: &Lock, list: Option<&Path>) -> Result<Vec<PathBuf>, OutputError> {
    let place = lock.place();
    let [old_rows, old_checkpoint] = place.set_aside();
    // In this order: a kill in between leaves a checkpoint without rows, which the next run sets aside beside them. The
    // other way round the rows would stand there alone, and nothing would say how many of them are good.
    let log = rename_if_there(&place.log(), &place.old_log())?;
    let rows = if log {
        // What was merged of it so far can be merged again.
        remove(&place.partial())?;
        remove(&old_rows)?;
        false
    } else {
        rename_if_there(&place.partial(), &old_rows)?
    };
    let sync = || place.sync_folder().map_err(OutputError::io(Action::Sync, place.folder()));
    sync()?;
    let checkpoint = rename_if_there(&place.checkpoint(), &old_checkpoint)?;
    if rows {
        remove(&place.old_log())?;
    }
    if (rows || log) && !checkpoint {
        // That of other rows, which are gone.
        remove(&old_checkpoint)?;
    }
    let old_list = list.map(|list| list.with_added_extension("old"));
    let listed = list.zip(old_list.as_deref()).map(|(list, old)| rename_if_there(list, old)).transpose()?;
    sync()?;
    let moved = [(rows, old_rows), (log, place.old_log()), (checkpoint, old_checkpoint)];
    let moved = moved.into_iter().chain(listed.zip(old_list));
    Ok(moved.filter_map(|(moved, to)| moved.then_some(to)).collect())
}

/// Whether it was there. A folder of that name is nobody's rows, and is left for the run to stumble over.
fn rename_if_there(from: &Path, to: &Path) -> Result<bool, OutputError> {
    if from.is_dir() {
        return Ok(false);
    }
    match rename(from, to) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(OutputError::io(Action::Rename, from)(error)),
    }
}

/// Removes the checkpoint of a finished run: the last step. Until then a later run knows that all is done. Rows that were
/// withheld before are out of date where the output was replaced, and go first.
///
/// # Errors
/// One of them cannot be removed.
pub(crate) fn tidy_up(lock: &Lock, finish: Finish) -> Result<(), OutputError> {
    let place = lock.place();
    if finish == Finish::Replace && place.failed().is_file() {
        remove(&place.failed())?;
    }
    remove(&place.log())?;
    remove(&place.new_checkpoint())?;
    remove(&place.checkpoint())
}
