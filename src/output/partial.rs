//! The rows of a run on their way to the output's real name: append, commit, finish, and set aside.
//!
//! Owns the order of steps that makes a kill or a power cut at any instant harmless. After a failure nothing is tried
//! again: the last good checkpoint and the old output stay as they are.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::checkpoint::{Checkpoint, Interrupted, State, encode, tail_crc32};
use super::error::{Action, OutputError};
use super::lock::Lock;

/// Rows are handed to the system in pieces of this size.
const BUFFER: usize = 64 * 1024;

/// A step of a commit or of the finish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Hand all rows to the system.
    Flush,
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
    /// The run is over.
    RemoveCheckpoint,
}

/// A checkpoint must never be on disk before the rows it counts.
const COMMIT: [Step; 5] =
    [Step::Flush, Step::SyncRows, Step::WriteCheckpoint, Step::RenameCheckpoint, Step::SyncFolder];

/// Follows a commit that says "finished", so that a kill before the last step is known for what it is.
const FINISH: [Step; 4] = [Step::TakeMode, Step::RenameRows, Step::SyncFolder, Step::RemoveCheckpoint];

/// An output that is being written under its temporary name.
#[derive(Debug)]
pub struct Partial {
    lock: Lock,
    path: PathBuf,
    file: File,
    buffer: Vec<u8>,
    /// Rows handed to the system.
    written: u64,
    health: Health,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    Good,
    /// What is on disk is not known.
    Failed,
}

impl Partial {
    /// Starts an output over with its header; what an earlier run has left is gone.
    ///
    /// # Errors
    /// The files cannot be made.
    pub fn create<M: Serialize, C: Serialize>(
        lock: Lock,
        header: &[u8],
        start: &Checkpoint<M, C>,
    ) -> Result<Self, OutputError> {
        // First, so that a kill from here on finds a checkpoint that says "nothing yet", never rows without one or
        // with an older one. Not brought to disk: after a power cut the worst is an empty run that is set aside.
        let checkpoint = lock.place().checkpoint();
        let temporary = lock.place().new_checkpoint();
        remove(&temporary)?;
        let text = encode(start, State::Running, 0, 0)
            .map_err(|source| OutputError::Encode { path: checkpoint.clone(), source })?;
        fs::write(&temporary, text).map_err(OutputError::io(Action::Write, &temporary))?;
        fs::rename(&temporary, &checkpoint).map_err(OutputError::io(Action::Rename, &checkpoint))?;

        let path = lock.place().partial();
        // Removed and made anew, so that a link of this name is never followed.
        remove(&path)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        keep_private(&mut options, lock.place().out());
        let file = options.open(&path).map_err(OutputError::io(Action::Open, &path))?;
        let buffer = Vec::with_capacity(2 * BUFFER);
        let mut partial = Self { lock, path, file, buffer, written: 0, health: Health::Good };
        partial.append(header)?;
        Ok(partial)
    }

    /// Goes on with an interrupted run: rows after its last commit are dropped.
    ///
    /// # Errors
    /// The partial file cannot be opened or cut.
    pub fn resume<M, C>(lock: Lock, found: &Interrupted<M, C>) -> Result<Self, OutputError> {
        let path = lock.place().partial();
        remove(&lock.place().new_checkpoint())?;
        make_writable(&path).map_err(OutputError::io(Action::Open, &path))?;
        let mut options = OpenOptions::new();
        let mut file = options.read(true).write(true).open(&path).map_err(OutputError::io(Action::Open, &path))?;
        let written = found.output_bytes;
        file.set_len(written)
            .and_then(|()| file.seek(SeekFrom::Start(written)))
            .map_err(OutputError::io(Action::Write, &path))?;
        let buffer = Vec::with_capacity(2 * BUFFER);
        Ok(Self { lock, path, file, buffer, written, health: Health::Good })
    }

    /// Appends rows; they are safe after the next commit.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub fn append(&mut self, rows: &[u8]) -> Result<(), OutputError> {
        self.buffer.extend_from_slice(rows);
        if self.buffer.len() < BUFFER {
            return Ok(());
        }
        self.guarded(Self::flush)
    }

    /// Makes everything appended so far, and what `checkpoint` says of it, survive a kill and a power cut.
    ///
    /// # Errors
    /// The disk is full or broken; the commit before this one still holds.
    pub fn commit<M: Serialize, C: Serialize>(&mut self, checkpoint: &Checkpoint<M, C>) -> Result<(), OutputError> {
        self.guarded(|this| COMMIT.iter().try_for_each(|&step| this.step(step, (checkpoint, State::Running))))
    }

    /// Gives the output its real name and tidies up; only the lock file stays.
    ///
    /// # Errors
    /// The disk is full or broken. The output is then either the old or the new one, whole.
    pub fn finish<M: Serialize, C: Serialize>(mut self, checkpoint: &Checkpoint<M, C>) -> Result<Lock, OutputError> {
        let mut steps = COMMIT.iter().chain(&FINISH);
        self.guarded(|this| steps.try_for_each(|&step| this.step(step, (checkpoint, State::Finished))))?;
        Ok(self.lock)
    }

    fn guarded(&mut self, work: impl FnOnce(&mut Self) -> Result<(), OutputError>) -> Result<(), OutputError> {
        if self.health == Health::Failed {
            return Err(OutputError::FailedBefore(self.lock.place().out().to_owned()));
        }
        let done = work(self);
        if done.is_err() {
            self.health = Health::Failed;
        }
        done
    }

    fn step<M: Serialize, C: Serialize>(
        &mut self,
        step: Step,
        (checkpoint, state): (&Checkpoint<M, C>, State),
    ) -> Result<(), OutputError> {
        let place = self.lock.place();
        let (out, checkpoint_path) = (place.out(), place.checkpoint());
        let temporary = place.new_checkpoint();
        match step {
            Step::Flush => self.flush(),
            Step::SyncRows => self.file.sync_data().map_err(OutputError::io(Action::Sync, &self.path)),
            Step::WriteCheckpoint => {
                let tail =
                    tail_crc32(&mut self.file, self.written).map_err(OutputError::io(Action::Read, &self.path))?;
                let text = encode(checkpoint, state, self.written, tail)
                    .map_err(|source| OutputError::Encode { path: checkpoint_path, source })?;
                let mut file = File::create(&temporary).map_err(OutputError::io(Action::Open, &temporary))?;
                file.write_all(text.as_bytes()).map_err(OutputError::io(Action::Write, &temporary))?;
                file.sync_all().map_err(OutputError::io(Action::Sync, &temporary))
            }
            Step::RenameCheckpoint => {
                fs::rename(&temporary, &checkpoint_path).map_err(OutputError::io(Action::Rename, &checkpoint_path))
            }
            Step::SyncFolder => place.sync_folder().map_err(OutputError::io(Action::Sync, place.folder())),
            Step::TakeMode => take_mode(&self.file, out).map_err(OutputError::io(Action::Write, &self.path)),
            Step::RenameRows => fs::rename(&self.path, out).map_err(OutputError::io(Action::Rename, out)),
            Step::RemoveCheckpoint => remove(&checkpoint_path),
        }
    }

    fn flush(&mut self) -> Result<(), OutputError> {
        self.file.write_all(&self.buffer).map_err(OutputError::io(Action::Write, &self.path))?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}

/// Moves what an interrupted run has left out of the way, and says what it is called now.
///
/// # Errors
/// A file cannot be renamed.
pub fn set_aside(lock: &Lock) -> Result<Vec<PathBuf>, OutputError> {
    let place = lock.place();
    let names = |number: u32| {
        let old = if number == 1 { ".old".to_owned() } else { format!(".old{number}") };
        [(place.partial(), format!(".partial{old}")), (place.checkpoint(), format!(".checkpoint{old}"))]
            .map(|(from, to)| (from, place.beside(&to)))
    };
    let is_free = |number: &u32| names(*number).iter().all(|(_, to)| !to.exists());
    let mut moved = Vec::new();
    for (from, to) in names((1..u32::MAX).find(is_free).unwrap_or(u32::MAX)) {
        match fs::rename(&from, &to) {
            Ok(()) => moved.push(to),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(OutputError::io(Action::Rename, &from)(error)),
        }
    }
    Ok(moved)
}

/// Removes the checkpoint of a run that turned out to be finished.
///
/// # Errors
/// It cannot be removed.
pub fn tidy_up(lock: &Lock) -> Result<(), OutputError> {
    remove(&lock.place().new_checkpoint())?;
    remove(&lock.place().checkpoint())
}

pub(super) fn remove(path: &Path) -> Result<(), OutputError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(OutputError::io(Action::Remove, path)(error)),
        _ => Ok(()),
    }
}

/// Rows that replace a private output are never readable by others, not even before they have its name.
#[cfg(unix)]
fn keep_private(options: &mut OpenOptions, out: &Path) {
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
    if let Ok(old) = fs::metadata(out) {
        options.mode(old.mode() & 0o666 | 0o600);
    }
}

#[cfg(not(unix))]
fn keep_private(_: &mut OpenOptions, _: &Path) {}

/// A kill may have come when the rows had the permissions of a read-only output already.
#[cfg(unix)]
fn make_writable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let mode = fs::metadata(path)?.mode();
    if mode & 0o600 == 0o600 { Ok(()) } else { fs::set_permissions(path, fs::Permissions::from_mode(mode | 0o600)) }
}

#[cfg(not(unix))]
fn make_writable(_: &Path) -> io::Result<()> {
    Ok(())
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

#[cfg(test)]
mod tests;
