//! An input that may keep its reader waiting: read by a thread of its own, so that answers come in meanwhile.
//!
//! Reads ahead by a fixed number of rows. Must not know what becomes of them.

use std::io;

use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::input::{Input, InputError, InputWarnings, Row};
use crate::run::rows::Next;

/// How many rows the thread reads ahead.
const READ_AHEAD: usize = 1024;

type Read = Result<(Row, InputWarnings), InputError>;

/// A pipe, and the thread that reads it.
#[derive(Debug)]
pub(super) struct Pipe {
    receiver: Receiver<Read>,
    pub(super) oddities: InputWarnings,
}

impl Pipe {
    /// Starts the thread.
    pub(super) fn open(input: Input) -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel(READ_AHEAD);
        // Never joined: at the end of the run it may still wait for a pipe that nobody writes to.
        std::thread::Builder::new().name("input".to_owned()).spawn(move || read_all(input, &sender))?;
        Ok(Self { receiver, oddities: InputWarnings::default() })
    }

    /// The next row, if it is there.
    pub(super) fn next(&mut self) -> Result<Next, InputError> {
        match self.receiver.try_recv() {
            Ok(read) => self.unpack(Some(read)),
            Err(mpsc::error::TryRecvError::Empty) => Ok(Next::NotYet),
            Err(mpsc::error::TryRecvError::Disconnected) => Ok(Next::End),
        }
    }

    /// Waits for the next row.
    pub(super) async fn wait(&mut self) -> Result<Next, InputError> {
        let read = self.receiver.recv().await;
        self.unpack(read)
    }

    fn unpack(&mut self, read: Option<Read>) -> Result<Next, InputError> {
        let Some((row, oddities)) = read.transpose()? else { return Ok(Next::End) };
        self.oddities = oddities;
        Ok(Next::Row(row))
    }
}

fn read_all(mut input: Input, sender: &Sender<Read>) {
    while let Some(row) = input.next_row().transpose() {
        let row = row.map(|row| (row, input.oddities()));
        let failed = row.is_err();
        if sender.blocking_send(row).is_err() || failed {
            break;
        }
    }
}
