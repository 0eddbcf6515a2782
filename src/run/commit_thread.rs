//! The thread that waits for the disk, so that the loop need not: one commit at a time.
//!
//! Knows nothing of what is committed, or when.

use std::io;
use std::sync::mpsc::{Sender, channel};

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::error::Error;
use crate::output::{Commit, OutputError};

/// Completes commits.
#[derive(Debug)]
pub(crate) struct Disk {
    commits: Sender<Commit>,
    done: UnboundedReceiver<Result<(), OutputError>>,
}

impl Disk {
    /// Starts the thread. It is never joined: a disk that hangs must not keep the program from ending, which is as safe
    /// as any kill.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn start() -> Result<Self, Error> {
        let (commits, to_do) = channel::<Commit>();
        let (ended, done) = unbounded_channel();
        let work = move || drop(to_do.into_iter().try_for_each(|commit| ended.send(commit.complete())));
        let started = std::thread::Builder::new().name("disk".to_owned()).spawn(work);
        started.map_err(Error::system("start a thread for the output"))?;
        Ok(Self { commits, done })
    }

    /// Hands over a commit; to be called when none is under way.
    pub(crate) fn begin(&self, commit: Commit) {
        // It fails only where the thread is gone, and that is told when the end is waited for.
        let _ = self.commits.send(commit);
    }

    /// Waits for the end of the commit under way. May be given up and called again.
    ///
    /// # Errors
    /// What went wrong with it.
    pub(crate) async fn done(&mut self) -> Result<(), Error> {
        match self.done.recv().await {
            Some(done) => Ok(done?),
            None => Err(Error::system("write the output")(io::Error::other("its thread is gone"))),
        }
    }
}
