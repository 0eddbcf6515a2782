//! The rows of the input, as the loop wants them: a file is read where it stands, a pipe by a thread of its own,
//! because it may keep its reader waiting while answers come in.

use std::io;

use tokio::sync::mpsc::{self, Receiver};

use crate::input::{Input, InputError, Mark, Oddities, Position, Row, Total};

/// How many rows a pipe's thread reads ahead.
const READ_AHEAD: usize = 1024;

/// The rows still to come.
#[derive(Debug)]
pub(super) struct Rows {
    from: From,
    ended: bool,
    oddities: Oddities,
}

#[derive(Debug)]
enum From {
    File(Box<Input>),
    Pipe(Receiver<Result<(Row, Oddities), InputError>>),
}

/// A row, or why there is none now.
#[derive(Debug)]
pub(super) enum Next {
    Row(Row),
    /// The pipe has none yet.
    NotYet,
    End,
}

impl Rows {
    /// Rows that can be read without waiting.
    pub(super) fn of_file(input: Input) -> Self {
        Self::new(From::File(Box::new(input)))
    }

    /// Rows that come when they come.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(super) fn of_pipe(input: Input) -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel(READ_AHEAD);
        let read = move || read_all(input, &sender);
        // Never joined: at the end of the run it may still wait for a pipe that nobody writes to.
        std::thread::Builder::new().name("input".to_owned()).spawn(read)?;
        Ok(Self::new(From::Pipe(receiver)))
    }

    fn new(from: From) -> Self {
        Self { from, ended: false, oddities: Oddities::default() }
    }

    /// The next row, if it is there.
    pub(super) fn next(&mut self) -> Result<Next, InputError> {
        if self.ended {
            return Ok(Next::End);
        }
        let row = match &mut self.from {
            From::File(input) => input.next_row()?,
            From::Pipe(receiver) => match receiver.try_recv() {
                Ok(row) => Some(self.unpack(row)?),
                Err(mpsc::error::TryRecvError::Empty) => return Ok(Next::NotYet),
                Err(mpsc::error::TryRecvError::Disconnected) => None,
            },
        };
        Ok(row.map_or_else(|| self.end(), Next::Row))
    }

    /// Waits for the next row of a pipe.
    pub(super) async fn wait(&mut self) -> Result<Next, InputError> {
        match &mut self.from {
            From::Pipe(receiver) if !self.ended => match receiver.recv().await {
                Some(row) => self.unpack(row).map(Next::Row),
                None => Ok(self.end()),
            },
            _ => std::future::pending().await,
        }
    }

    /// Whether all rows are read.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// How many rows there are in all.
    pub(super) fn total(&self) -> Total {
        match &self.from {
            From::File(input) => input.total(),
            From::Pipe(_) => Total::Unknown,
        }
    }

    /// A mark for the checkpoint; a pipe has none.
    pub(super) fn mark(&mut self, at: Position) -> io::Result<Option<Mark>> {
        match &mut self.from {
            From::File(input) => input.mark(at),
            From::Pipe(_) => Ok(None),
        }
    }

    /// What was odd about the rows.
    pub(super) fn oddities(&self) -> Oddities {
        match &self.from {
            From::File(input) => input.oddities(),
            From::Pipe(_) => self.oddities,
        }
    }

    fn unpack(&mut self, row: Result<(Row, Oddities), InputError>) -> Result<Row, InputError> {
        let (row, oddities) = row?;
        self.oddities = oddities;
        Ok(row)
    }

    fn end(&mut self) -> Next {
        self.ended = true;
        Next::End
    }
}

fn read_all(mut input: Input, sender: &mpsc::Sender<Result<(Row, Oddities), InputError>>) {
    while let Some(row) = input.next_row().transpose() {
        let row = row.map(|row| (row, input.oddities()));
        let failed = row.is_err();
        if sender.blocking_send(row).is_err() || failed {
            break;
        }
    }
}
