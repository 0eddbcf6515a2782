//! The rows of a run until they get the output's real name: append, commit, finish.
//!
//! Owns the file's content and its checkpoint. After a failure nothing is tried again: the last good checkpoint and the
//! old output stay as they are.

use std::fs::OpenOptions;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use serde::Serialize;

use crate::output::checkpoint::{Checkpoint, Finish, RowsIn, State, encode, read_file};
use crate::output::commit::{Commit, Ours};
use crate::output::earlier_run::Interrupted;
use crate::output::error::{Action, OutputError};
use crate::output::lock::Lock;
use crate::output::plain_file;
use crate::output::rename::{remove, rename};
use crate::output::written::Written;

/// Rows are passed to the system in pieces of this size.
const BUFFER: usize = 64 * 1024;

/// An output that is being written under its temporary name.
#[derive(Debug)]
pub(crate) struct Segment {
    lock: Arc<Lock>,
    path: PathBuf,
    rows_in: RowsIn,
    ours: Arc<Ours>,
    buffer: Vec<u8>,
    /// Rows passed to the system.
    written: Written,
    /// What is on disk is no longer known.
    failed: Arc<AtomicBool>,
}

impl Segment {
    /// Starts an output with its header; the files of an earlier run are replaced.
    ///
    /// # Errors
    /// The files cannot be made.
    pub(crate) fn create<M: Serialize, C: Serialize>(
        lock: Lock,
        (rows_in, header): (RowsIn, &[u8]),
        start: &Checkpoint<M, C>,
    ) -> Result<Self, OutputError> {
        // First, so that after a kill there is a checkpoint that says "nothing yet", never rows without one or with an older
        // one. Not synced: the worst after a power cut is an empty run that is set aside.
        let checkpoint = lock.place().checkpoint();
        let temporary = lock.place().new_checkpoint();
        let text = encode(start, (State::Running, rows_in), &Written::nothing())
            .map_err(|source| OutputError::Encode { path: checkpoint.clone(), source })?;
        let mut new = plain_file::make(&mut OpenOptions::new(), &temporary)?;
        new.write_all(text.as_bytes()).map_err(OutputError::io(Action::Write, &temporary))?;
        drop(new);
        rename(&temporary, &checkpoint).map_err(OutputError::io(Action::Rename, &checkpoint))?;

        // A run of the other kind that was killed in its last steps may have left rows that no checkpoint counts.
        let other = if rows_in == RowsIn::Log { RowsIn::Output } else { RowsIn::Log };
        remove(&other.path(lock.place()))?;
        Self::make(Arc::new(lock), rows_in, header, Some(text))
    }

    fn make(lock: Arc<Lock>, rows_in: RowsIn, header: &[u8], checkpoint: Option<String>) -> Result<Self, OutputError> {
        let path = rows_in.path(lock.place());
        let mut options = OpenOptions::new();
        keep_private(&mut options, lock.place().out());
        let file = plain_file::make(&mut options, &path)?;
        let mut rows = Self::new(lock, rows_in, Ours::new(file, checkpoint), Written::nothing())?;
        rows.append(header)?;
        Ok(rows)
    }

    /// Starts the output's own rows with their header, beside this complete and committed log. Until they are complete the
    /// checkpoint still refers to the log: a kill until then costs only the merge, and no call.
    ///
    /// # Errors
    /// The file cannot be made.
    pub(crate) fn begin_output(self, header: &[u8]) -> Result<Self, OutputError> {
        Self::make(self.lock, RowsIn::Output, header, self.ours.checkpoint())
    }

    /// The file, and how many of its bytes are rows of this run.
    pub(crate) fn rows(&self) -> (&Path, u64) {
        (&self.path, self.written.bytes())
    }

    /// Resumes an interrupted run: rows after its last commit are dropped.
    ///
    /// # Errors
    /// The partial file cannot be opened or cut.
    pub(crate) fn resume<M, C>(lock: Lock, found: &Interrupted<M, C>) -> Result<Self, OutputError> {
        let path = found.rows_in.path(lock.place());
        remove(&lock.place().new_checkpoint())?;
        make_writable(&path).map_err(OutputError::io(Action::Open, &path))?;
        let opened = plain_file::open_with(OpenOptions::new().read(true).write(true), &path);
        let mut file = opened.map_err(OutputError::io(Action::Open, &path))?;
        let bytes = found.output_bytes;
        file.set_len(bytes)
            .and_then(|()| file.seek(SeekFrom::Start(bytes)))
            .map_err(OutputError::io(Action::Write, &path))?;
        let written = Written::before(&file, bytes, found.output_crc32);
        let written = written.map_err(OutputError::io(Action::Read, &path))?;
        let checkpoint = lock.place().checkpoint();
        let text = read_file(&checkpoint).map_err(OutputError::io(Action::Read, &checkpoint))?;
        Self::new(Arc::new(lock), found.rows_in, Ours::new(file, text), written)
    }

    fn new(lock: Arc<Lock>, rows_in: RowsIn, mut ours: Ours, written: Written) -> Result<Self, OutputError> {
        let path = rows_in.path(lock.place());
        ours.look_at_name(&path).map_err(OutputError::io(Action::Read, &path))?;
        let buffer = Vec::with_capacity(2 * BUFFER);
        Ok(Self { lock, path, rows_in, ours: Arc::new(ours), buffer, written, failed: Arc::default() })
    }

    /// The lock of its place.
    pub(crate) fn lock(&self) -> Arc<Lock> {
        Arc::clone(&self.lock)
    }

    /// Appends rows; they are safe after the next commit.
    ///
    /// # Errors
    /// The disk is full or broken.
    pub(crate) fn append(&mut self, rows: &[u8]) -> Result<(), OutputError> {
        self.buffer.extend_from_slice(rows);
        if self.buffer.len() < BUFFER {
            return Ok(());
        }
        self.guarded(Self::flush)
    }

    /// Passes everything appended so far to the system. The returned commit waits for the disk, also on another thread while
    /// more rows are appended; no other commit may begin before it is complete.
    ///
    /// # Errors
    /// The disk is full or broken; the commit before this one is still valid.
    pub(crate) fn begin_commit<M: Serialize, C: Serialize>(
        &mut self,
        checkpoint: &Checkpoint<M, C>,
    ) -> Result<Commit, OutputError> {
        self.guarded(|this| this.prepare(checkpoint, State::Running))
    }

    /// The last commit, which gives the rows their real name.
    ///
    /// # Errors
    /// As [`Self::begin_commit`].
    pub(crate) fn begin_finish<M: Serialize, C: Serialize>(
        mut self,
        checkpoint: &Checkpoint<M, C>,
        finish: Finish,
    ) -> Result<Commit, OutputError> {
        self.guarded(|this| this.prepare(checkpoint, finish.state()))
    }

    fn guarded<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, OutputError>) -> Result<T, OutputError> {
        if self.failed.load(Relaxed) {
            return Err(OutputError::FailedBefore(self.lock.place().out().to_owned()));
        }
        let done = work(self);
        if done.is_err() {
            self.failed.store(true, Relaxed);
        }
        done
    }

    fn prepare<M: Serialize, C: Serialize>(
        &mut self,
        checkpoint: &Checkpoint<M, C>,
        state: State,
    ) -> Result<Commit, OutputError> {
        self.flush()?;
        // At each commit, since later rows would hide a hole in the earlier ones.
        let differs = self.written.differs_at_end(&self.ours.file);
        if let Some(how) = differs.map_err(OutputError::io(Action::Read, &self.path))? {
            return Err(OutputError::Changed { path: self.path.clone(), how, out: self.lock.place().out().to_owned() });
        }
        let checkpoint = encode(checkpoint, (state, self.rows_in), &self.written)
            .map_err(|source| OutputError::Encode { path: self.lock.place().checkpoint(), source })?;
        Ok(Commit {
            lock: Arc::clone(&self.lock),
            ours: Arc::clone(&self.ours),
            path: self.path.clone(),
            checkpoint,
            written: (state == State::Finished).then(|| self.written.clone()),
            state,
            failed: Arc::clone(&self.failed),
        })
    }

    fn flush(&mut self) -> Result<(), OutputError> {
        (&self.ours.file).write_all(&self.buffer).map_err(OutputError::io(Action::Write, &self.path))?;
        self.written.add(&mut self.buffer);
        Ok(())
    }
}

/// Rows that will replace a private output are not readable by others either.
#[cfg(unix)]
fn keep_private(options: &mut OpenOptions, out: &Path) {
    use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
    if let Ok(old) = std::fs::metadata(out) {
        options.mode(old.mode() & 0o666 | 0o600);
    }
}

#[cfg(not(unix))]
fn keep_private(_: &mut OpenOptions, _: &Path) {}

/// After a kill the rows may already have the permissions of a read-only output.
#[cfg(unix)]
fn make_writable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    // If it cannot even be read, opening it will fail next.
    let Ok(file) = plain_file::open(path) else { return Ok(()) };
    let mode = file.metadata()?.mode() & 0o777;
    if mode & 0o600 == 0o600 { Ok(()) } else { file.set_permissions(std::fs::Permissions::from_mode(mode | 0o600)) }
}

#[cfg(not(unix))]
fn make_writable(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
