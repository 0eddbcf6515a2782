//! Where lanes take their rows from: the input as it stands, where there is one network, else the spool.
//!
//! Knows which lane a row is for. Must not decide when a row is taken.

use crate::config::Networks;
use crate::error::Error;
use crate::history::lookup::LastGood;
use crate::input::{ResumePosition, Row, Total};
use crate::run::lookups::Lookups;
use crate::run::retry_failed::{KeptRow, StaleRows};
use crate::run::router::Router;
use crate::run::rows::{Next, Rows};
use crate::run::spool::{Spool, Spooled};
use crate::run::unordered::spilled;

/// A row that is read and not written yet.
#[derive(Debug)]
pub(crate) enum Pending {
    /// Its offer is asked for, or cannot be.
    Row(Row),
    /// It is written as it stood in an earlier output.
    Kept(KeptRow),
    /// Its offer is asked for; if that fails, its old links stay.
    Stale(Row, StaleRows),
    /// It is written from the history.
    LastGood(Row, Box<LastGood>),
    /// Its offer is left for a later run.
    NotAsked(Row),
    /// The same where there are old links, which stay.
    StaysStale(Row, StaleRows),
    /// It names no network, for the reason given.
    Unrouted(Row, String),
}

/// The rows of a run.
#[derive(Debug)]
pub(crate) struct Feed {
    pub(crate) rows: Rows,
    router: Option<Router>,
    pub(crate) spool: Option<Spool>,
    /// What is known of offers before they are asked for, where that matters.
    known: Option<Lookups>,
}

/// The spool looks up after so many rows, so that signals are heard.
const SLICE: u64 = 4096;

impl Feed {
    /// Rows of one network, read as they are wanted. Where the input may name networks, others are not asked for.
    pub(crate) fn direct(rows: Rows, networks: &Networks) -> Self {
        let router = rows.network_cell.map(|_| Router::new(networks));
        Self { rows, router, spool: None, known: None }
    }

    /// Rows of several networks: reads all of them into the spool, and gives the place behind the last. Of each lane's
    /// rows the first `done` are done.
    ///
    /// # Errors
    /// The input cannot be read, or the disk is full.
    pub(crate) async fn spooled(
        mut rows: Rows,
        networks: &Networks,
        mut spool: Spool,
        done: impl Fn(usize) -> u64,
    ) -> Result<(Self, Option<ResumePosition>), Error> {
        let router = Router::new(networks);
        let unrouted = networks.len();
        let (mut end, mut read) = (None, 0_u64);
        loop {
            let next = match rows.next()? {
                Next::NotYet => rows.wait().await?,
                next => next,
            };
            let (lane, row, next) = match next {
                Next::Row(row) => {
                    let (next, route) = (row.next, route(&router, rows.network_cell, &row));
                    match route {
                        Ok(lane) => (lane, Spooled::Row(row), next),
                        Err(why) => (unrouted, Spooled::Unrouted(row, why), next),
                    }
                }
                Next::Kept(row) => {
                    (router.route(&row.network).unwrap_or(unrouted), Spooled::Kept(row.clone()), row.next)
                }
                Next::Stale(row, stale) => {
                    let (next, route) = (row.next, route(&router, rows.network_cell, &row));
                    (route.unwrap_or(unrouted), Spooled::Stale(row, stale), next)
                }
                Next::NotYet => continue,
                Next::End => break,
            };
            spool.push(lane, &row, done(lane)).map_err(|source| spilled(spool.folder(), source))?;
            end = Some(next);
            read += 1;
            if read.is_multiple_of(SLICE) {
                tokio::task::yield_now().await;
            }
        }
        spool.seal().map_err(|source| spilled(spool.folder(), source))?;
        Ok((Self { rows, router: None, spool: Some(spool), known: None }, end))
    }

    /// The same, with what is known of offers before they are asked for.
    pub(crate) fn with_known(self, known: Option<Lookups>) -> Self {
        Self { known, ..self }
    }

    /// The next row of a lane, if it is there.
    pub(crate) fn next(&mut self, lane: usize) -> Result<Option<Pending>, Error> {
        if let Some(spool) = &mut self.spool {
            let row = spool.next(lane).map_err(|source| spilled(spool.folder(), source))?;
            let row = row.map(|row| match row {
                Spooled::Row(row) => Pending::Row(row),
                Spooled::Stale(row, stale) => Pending::Stale(row, stale),
                Spooled::Kept(row) => Pending::Kept(row),
                Spooled::Unrouted(row, why) => Pending::Unrouted(row, why),
            });
            return row.map(|row| self.look_up(lane, row)).transpose();
        }
        let next = self.rows.next()?;
        self.admit(next).map(|row| self.look_up(lane, row)).transpose()
    }

    /// Waits for the next row of a pipe; for ever where there is none to wait for.
    pub(crate) async fn wait(&mut self) -> Result<Option<Pending>, Error> {
        if self.spool.is_some() {
            return std::future::pending().await;
        }
        let next = self.rows.wait().await?;
        self.admit(next).map(|row| self.look_up(0, row)).transpose()
    }

    /// Takes from the history what need not be asked for.
    fn look_up(&self, lane: usize, row: Pending) -> Result<Pending, Error> {
        match (&self.known, row) {
            (Some(known), row) => known.look_up(lane, row),
            (None, row) => Ok(row),
        }
    }

    fn admit(&self, next: Next) -> Option<Pending> {
        match next {
            Next::Row(row) => Some(match &self.router {
                None => Pending::Row(row),
                Some(router) => match route(router, self.rows.network_cell, &row) {
                    Ok(_) => Pending::Row(row),
                    Err(why) => Pending::Unrouted(row, why),
                },
            }),
            Next::Kept(row) => Some(Pending::Kept(row)),
            Next::Stale(row, stale) => Some(Pending::Stale(row, stale)),
            Next::NotYet | Next::End => None,
        }
    }

    /// Whether all rows of a lane are read.
    pub(crate) fn ended(&self, lane: usize) -> bool {
        self.spool.as_ref().map_or_else(|| self.rows.ended(), |spool| spool.waiting(lane) == 0)
    }

    /// How many rows there are in all.
    pub(crate) fn total(&self) -> Total {
        match &self.spool {
            None => self.rows.total(),
            Some(spool) => Total::Exact((0..spool.lanes()).map(|lane| spool.rows_of(lane)).sum()),
        }
    }

    /// How many rows a lane has.
    pub(crate) fn total_of(&self, lane: usize) -> Total {
        self.spool.as_ref().map_or_else(|| self.rows.total(), |spool| Total::Exact(spool.rows_of(lane)))
    }

    /// Whether a lane has any offer to ask for, done or not.
    pub(crate) fn asks(&self, lane: usize) -> bool {
        self.spool.as_ref().is_none_or(|spool| spool.asks(lane))
    }
}

/// The lane of a row, or why there is none.
pub(crate) fn route(router: &Router, cell: Option<usize>, row: &Row) -> Result<usize, String> {
    router.route(cell.map_or("", |cell| row.cells.get(cell)))
}
