//! The steps that bring rows and their checkpoint to disk, and give the output its real name.
//!
//! Owns their order, which makes a kill or a power cut at any instant harmless. Nothing here needs the rows that come
//! after: they may be appended while a commit waits for the disk.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use super::checkpoint::State;
use super::error::{Action, OutputError};
use super::lock::Lock;

/// A step of a commit or of the finish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Bring the rows to disk.
    SyncRows,
    /// Write the new checkpoint beside the old one, and bring it to disk.
    WriteCheckpoint,
    /// Replace the old checkpoint.
    RenameCheckpoint,
    /// Make the renames last.
    SyncFolder,
    /// Give the rows the permissions of the old output.
    TakeMode,
    /// Replace the old output.
    RenameRows,
}

/// A checkpoint must never be on disk before the rows it counts.
pub(super) const COMMIT: [Step; 4] = [Step::SyncRows, Step::WriteCheckpoint, Step::RenameCheckpoint, Step::SyncFolder];

/// Follows a commit that says "finished", so that a kill from here on is known for what it is. The checkpoint goes last,
/// by [`tidy_up`](super::tidy_up).
pub(super) const FINISH: [Step; 3] = [Step::TakeMode, Step::RenameRows, Step::SyncFolder];

/// A commit whose rows the system has, and the disk not yet.
#[derive(Debug)]
#[must_use]
pub struct Commit {
    /// Held to the end, so that no other run begins before this is done.
    pub(super) lock: Arc<Lock>,
    pub(super) file: Arc<File>,
    /// The rows' temporary name.
    pub(super) path: PathBuf,
    /// The new checkpoint.
    pub(super) checkpoint: String,
    pub(super) state: State,
    /// Told if the disk fails.
    pub(super) failed: Arc<AtomicBool>,
}

impl Commit {
    /// Makes the rows, and what the checkpoint says of them, survive a kill and a power cut. If the run is finished,
    /// gives the output its real name. Waits for the disk.
    ///
    /// # Errors
    /// The disk is full or broken; the commit before this one still holds, and the output is the old or the new one,
    /// whole.
    pub fn complete(self) -> Result<(), OutputError> {
        let finish = if self.state == State::Finished { &FINISH[..] } else { &[] };
        let done = COMMIT.iter().chain(finish).try_for_each(|&step| self.perform(step));
        if done.is_err() {
            self.failed.store(true, Relaxed);
        }
        done
    }

    pub(super) fn perform(&self, step: Step) -> Result<(), OutputError> {
        let place = self.lock.place();
        let (out, checkpoint, new_checkpoint) = (place.out(), place.checkpoint(), place.new_checkpoint());
        match step {
            Step::SyncRows => self.file.sync_data().map_err(OutputError::io(Action::Sync, &self.path)),
            Step::WriteCheckpoint => {
                let mut file = File::create(&new_checkpoint).map_err(OutputError::io(Action::Open, &new_checkpoint))?;
                let written = file.write_all(self.checkpoint.as_bytes());
                written.map_err(OutputError::io(Action::Write, &new_checkpoint))?;
                file.sync_all().map_err(OutputError::io(Action::Sync, &new_checkpoint))
            }
            Step::RenameCheckpoint => {
                fs::rename(&new_checkpoint, &checkpoint).map_err(OutputError::io(Action::Rename, &checkpoint))
            }
            Step::SyncFolder => place.sync_folder().map_err(OutputError::io(Action::Sync, place.folder())),
            Step::TakeMode => take_mode(&self.file, out).map_err(OutputError::io(Action::Write, &self.path)),
            Step::RenameRows => fs::rename(&self.path, out).map_err(OutputError::io(Action::Rename, out)),
        }
    }
}

pub(super) fn remove(path: &Path) -> Result<(), OutputError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(OutputError::io(Action::Remove, path)(error)),
        _ => Ok(()),
    }
}

/// Gives the rows the old output's permissions. A file system that has none is no reason to lose a finished run.
pub(super) fn take_mode(file: &File, out: &Path) -> io::Result<()> {
    let old = match fs::metadata(out) {
        Ok(old) => old.permissions(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if file.metadata()?.permissions() == old {
        return Ok(());
    }
    match file.set_permissions(old) {
        Err(error) if matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported) => Ok(()),
        set => set,
    }
}
