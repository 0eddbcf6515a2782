//! The files of a run that stay beside the output: set aside for a new run, or removed at the end.
//!
//! Owns the order of these renames and removals. Must not read rows.

use std::io;
use std::path::{Path, PathBuf};

use crate::output::checkpoint::Finish;
use crate::output::error::{Action, OutputError};
use crate::output::lock::Lock;
use crate::output::rename::{remove, rename};

/// Sets an interrupted run's files aside, and returns their new names. Files that were set aside before are replaced.
/// `list` is the list that its rows were made from, if that is set aside with them.
///
/// # Errors
/// A file cannot be renamed.
pub(crate) fn set_aside(lock: &Lock, list: Option<&Path>) -> Result<Vec<PathBuf>, OutputError> {
    let place = lock.place();
    let [old_rows, old_checkpoint] = place.set_aside();
    // In this order: a kill in between leaves a checkpoint without rows, which the next run sets aside with them. In the
    // other order the rows would be left without a checkpoint, and nothing would say how many of them are good.
    let log = rename_if_there(&place.log(), &place.old_log())?;
    let rows = if log {
        // The part that was merged so far can be merged again.
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
        // A checkpoint of other rows, which are gone.
        remove(&old_checkpoint)?;
    }
    let old_list = list.map(|list| list.with_added_extension("old"));
    let listed = list.zip(old_list.as_deref()).map(|(list, old)| rename_if_there(list, old)).transpose()?;
    sync()?;
    let moved = [(rows, old_rows), (log, place.old_log()), (checkpoint, old_checkpoint)];
    let moved = moved.into_iter().chain(listed.zip(old_list));
    Ok(moved.filter_map(|(moved, to)| moved.then_some(to)).collect())
}

/// Whether it existed. A folder of that name is not touched: the run will report it.
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

/// Removes the checkpoint of a finished run, as the last step. Until then a later run knows that all is done. First it
/// removes rows that were withheld earlier, which are out of date once the output is replaced.
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
