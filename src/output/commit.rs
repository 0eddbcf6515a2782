//! The steps that bring rows and their checkpoint to disk, and give the output its real name.
//!
//! Owns their order, which makes a kill or a power cut at any instant harmless. Later rows may be appended while a commit
//! waits for the disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use crate::output::checkpoint::{State, read_file};
use crate::output::error::{Action, OutputError};
use crate::output::lock::Lock;
use crate::output::plain_file;
use crate::output::rename::rename;
use crate::output::written::Written;

/// A step of a commit or of the finish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Bring the rows to disk.
    SyncRows,
    /// Write the new checkpoint beside the old one, and bring it to disk.
    WriteCheckpoint,
    /// Replace the old checkpoint.
    RenameCheckpoint,
    /// Make the renames last.
    SyncFolder,
    /// Give the rows the owner and the permissions of the old output.
    TakeMode,
    /// Replace the old output, or the rows that were withheld before.
    RenameRows,
    /// Make that last.
    SyncName,
}

/// A checkpoint must never be on disk before the rows it counts.
pub(crate) const COMMIT: [Step; 4] = [Step::SyncRows, Step::WriteCheckpoint, Step::RenameCheckpoint, Step::SyncFolder];

/// Follows a commit with state "finished", so that the next run recognizes a kill from here on. The checkpoint is removed
/// last, by [`tidy_up`](crate::output::tidy_up).
pub(crate) const FINISH: [Step; 3] = [Step::TakeMode, Step::RenameRows, Step::SyncName];

/// The files beside the output that this run has made, to recognize them.
#[derive(Debug)]
pub(crate) struct Ours {
    /// The rows.
    pub(crate) file: File,
    /// On a file system without lasting inode numbers they prove nothing.
    tells_names: bool,
    /// The checkpoint that was written last.
    checkpoint: Mutex<Option<String>>,
}

impl Ours {
    pub(crate) fn new(file: File, checkpoint: Option<String>) -> Self {
        Self { file, tells_names: true, checkpoint: Mutex::new(checkpoint) }
    }

    /// The checkpoint that was written last.
    pub(crate) fn checkpoint(&self) -> Option<String> {
        self.checkpoint.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// To be called right after the file was opened by this name.
    pub(crate) fn look_at_name(&mut self, path: &Path) -> io::Result<()> {
        self.tells_names = plain_file::has_name(&self.file, path)?;
        Ok(())
    }
}

/// A commit whose rows were passed to the system, but are not on disk yet.
#[derive(Debug)]
#[must_use]
pub(crate) struct Commit {
    /// Held until the end, so that no other run begins before this is done.
    pub(crate) lock: Arc<Lock>,
    pub(crate) ours: Arc<Ours>,
    /// The rows' temporary name.
    pub(crate) path: PathBuf,
    /// The new checkpoint.
    pub(crate) checkpoint: String,
    pub(crate) state: State,
    /// All rows, if these are the last.
    pub(crate) written: Option<Written>,
    /// Set if the disk fails.
    pub(crate) failed: Arc<AtomicBool>,
}

impl Commit {
    /// Makes the rows and their checkpoint survive a kill and a power cut. If the run is finished, gives the output its
    /// real name. Waits for the disk.
    ///
    /// # Errors
    /// The disk is full or broken, or another program has changed this run's files. The commit before this one is still
    /// valid, and the output is the complete old or new one.
    pub(crate) fn complete(self) -> Result<(), OutputError> {
        let finish = if self.state == State::Running { &[] } else { &FINISH[..] };
        let all = || self.check().and_then(|()| COMMIT.iter().chain(finish).try_for_each(|&step| self.perform(step)));
        let done = all();
        if done.is_err() {
            self.failed.store(true, Relaxed);
        }
        done
    }

    /// Whether the file still is what this run wrote.
    fn check(&self) -> Result<(), OutputError> {
        self.check_names()?;
        let path = self.lock.place().checkpoint();
        let there = read_file(&path).map_err(OutputError::io(Action::Read, &path))?;
        let ours = self.ours.checkpoint.lock().unwrap_or_else(PoisonError::into_inner);
        // A removed checkpoint is written again now, and nothing is lost.
        if there.is_some() && there != *ours {
            return self.changed(path, "was replaced or edited");
        }
        let Some(written) = &self.written else { return Ok(()) };
        match written.differs(&self.ours.file).map_err(OutputError::io(Action::Read, &self.path))? {
            Some(how) => self.changed(self.path.clone(), how),
            None => Ok(()),
        }
    }

    /// A name can lead to another file at any moment, so names are checked again just before the output is renamed.
    fn check_names(&self) -> Result<(), OutputError> {
        self.lock.check()?;
        let has_name = plain_file::has_name(&self.ours.file, &self.path);
        if self.ours.tells_names && !has_name.map_err(OutputError::io(Action::Read, &self.path))? {
            return self.changed(self.path.clone(), "was removed or replaced");
        }
        Ok(())
    }

    fn changed(&self, path: PathBuf, how: &'static str) -> Result<(), OutputError> {
        Err(OutputError::Changed { path, how, out: self.lock.place().out().to_owned() })
    }

    /// The name of the rows when all are written.
    fn name(&self) -> PathBuf {
        let place = self.lock.place();
        if self.state == State::Withheld { place.failed() } else { place.out().to_owned() }
    }

    pub(crate) fn perform(&self, step: Step) -> Result<(), OutputError> {
        let place = self.lock.place();
        let (out, checkpoint, new_checkpoint) = (place.out(), place.checkpoint(), place.new_checkpoint());
        match step {
            Step::SyncRows => self.ours.file.sync_data().map_err(OutputError::io(Action::Sync, &self.path)),
            Step::WriteCheckpoint => {
                let mut file = plain_file::make(&mut OpenOptions::new(), &new_checkpoint)?;
                let written = file.write_all(self.checkpoint.as_bytes());
                written.map_err(OutputError::io(Action::Write, &new_checkpoint))?;
                file.sync_all().map_err(OutputError::io(Action::Sync, &new_checkpoint))
            }
            Step::RenameCheckpoint => {
                rename(&new_checkpoint, &checkpoint).map_err(OutputError::io(Action::Rename, &checkpoint))?;
                let mut ours = self.ours.checkpoint.lock().unwrap_or_else(PoisonError::into_inner);
                *ours = Some(self.checkpoint.clone());
                Ok(())
            }
            Step::SyncFolder => place.sync_folder().map_err(OutputError::io(Action::Sync, place.folder())),
            Step::SyncName => {
                place.sync_folder().map_err(|source| OutputError::NameNotSafe { out: self.name(), source })
            }
            Step::TakeMode => take_mode(&self.ours.file, out).map_err(OutputError::io(Action::Write, &self.path)),
            Step::RenameRows => {
                self.check_names()?;
                let name = self.name();
                rename(&self.path, &name).map_err(OutputError::io(Action::Rename, &name))
            }
        }
    }
}

/// Gives the rows the old output's owner and permissions, where that is allowed. A file system without permissions is no
/// reason to lose a finished run. The bits setuid and setgid are never copied.
pub(crate) fn take_mode(file: &File, out: &Path) -> io::Result<()> {
    let old = match fs::metadata(out) {
        Ok(old) => old,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    take_owner(file, &old)?;
    let permissions = without_special_bits(&old.permissions());
    if file.metadata()?.permissions() == permissions {
        return Ok(());
    }
    match file.set_permissions(permissions) {
        Err(error) if matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported) => Ok(()),
        set => set,
    }
}

#[cfg(unix)]
fn take_owner(file: &File, old: &fs::Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let new = file.metadata()?;
    if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
        // Only root may change the owner; others may change the group to one of theirs.
        let _ = fchown(file, Some(old.uid()), Some(old.gid())).or_else(|_| fchown(file, None, Some(old.gid())));
    }
    Ok(())
}

#[cfg(not(unix))]
fn take_owner(_: &File, _: &fs::Metadata) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn without_special_bits(permissions: &fs::Permissions) -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    fs::Permissions::from_mode(permissions.mode() & 0o100_777)
}

#[cfg(not(unix))]
fn without_special_bits(permissions: &fs::Permissions) -> fs::Permissions {
    permissions.clone()
}
