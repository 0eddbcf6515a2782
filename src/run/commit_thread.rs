//! The thread that waits for the disk, so that the loop need not: one commit at a time.
//!
//! Owns one order: the history is written before the checkpoint, so that no offer counts as done whose facts are lost.
//! Knows nothing of what is committed, or when.

use std::io;
use std::sync::mpsc::{Sender, channel};

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::error::Error;
use crate::history::Database;
use crate::output::Commit;
use crate::run::history::Facts;

/// Completes commits.
#[derive(Debug)]
pub(crate) struct Disk {
    work: Sender<Work>,
    done: UnboundedReceiver<Result<(), Error>>,
}

/// What one commit brings to disk.
#[derive(Debug)]
pub(crate) struct Work {
    /// What the history learns.
    pub(crate) facts: Option<Facts>,
    /// The rows and their checkpoint; a stream has none.
    pub(crate) commit: Option<Commit>,
}

impl Disk {
    /// Starts the thread. It is never joined: a disk that hangs must not keep the program from ending, which is as safe
    /// as any kill.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn start(history: Option<Database>) -> Result<Self, Error> {
        let (work, to_do) = channel::<Work>();
        let (ended, done) = unbounded_channel();
        let mut history = history;
        let run = move || drop(to_do.into_iter().try_for_each(|work| ended.send(complete(work, history.as_mut()))));
        let started = std::thread::Builder::new().name("disk".to_owned()).spawn(run);
        started.map_err(Error::system("start a thread for the output"))?;
        Ok(Self { work, done })
    }

    /// Hands over a commit; to be called when none is under way.
    pub(crate) fn begin(&self, work: Work) {
        // It fails only where the thread is gone, and that is reported when the end is waited for.
        let _ = self.work.send(work);
    }

    /// Waits for the end of the commit under way. May be given up and called again.
    ///
    /// # Errors
    /// What went wrong with it.
    pub(crate) async fn done(&mut self) -> Result<(), Error> {
        match self.done.recv().await {
            Some(done) => done,
            None => Err(Error::system("write the output")(io::Error::other("its thread is gone"))),
        }
    }
}

fn complete(work: Work, history: Option<&mut Database>) -> Result<(), Error> {
    if let (Some(facts), Some(history)) = (work.facts, history) {
        facts.write(history)?;
    }
    work.commit.map_or(Ok(()), |commit| Ok(commit.complete()?))
}
