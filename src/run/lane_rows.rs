//! How rows get into a lane.
//!
//! Part of [`Lane`]: takes as many as there is room and use for. Sends nothing.

use crate::error::Error;
use crate::offer::{OfferError, OfferId};
use crate::reorder::buffer::Admitted;
use crate::run::feed::{Feed, Pending};
use crate::run::lane::Lane;

impl Lane {
    /// What is read far ahead has left the CPU's cache when its turn comes.
    pub(super) fn read(&mut self, feed: &mut Feed) -> Result<(), Error> {
        while self.wants_rows() {
            let Some(row) = feed.next(self.id)? else { break };
            self.admit(row);
        }
        Ok(())
    }

    /// Whether another row can be taken in, and is of use.
    pub(crate) fn wants_rows(&self) -> bool {
        self.window.has_room() && self.requests.wants_offers()
    }

    /// Takes in a row.
    pub(crate) fn admit(&mut self, pending: Pending) {
        if let Some(offer) = self.take_in(pending) {
            self.requests.ask(offer);
        }
    }

    /// Takes in a row, and gives the offer that has to be asked for.
    fn take_in(&mut self, pending: Pending) -> Option<OfferId> {
        let size = pending.size();
        let Some(offer) = pending.asks_for() else {
            self.window.admit_ready(pending, size);
            return None;
        };
        (self.window.admit(pending, size, offer) == Admitted::Asks).then_some(offer)
    }

    /// Gives open rows their error, as many as there is room for.
    pub(super) fn fail(&mut self, feed: &mut Feed, error: &OfferError) -> Result<(), Error> {
        self.take_in_unasked(feed)?;
        self.window.fail_waiting(|_| error.clone());
        Ok(())
    }

    /// The same where no call is left: each its last failure, if it was asked for.
    pub(super) fn leave_open(&mut self, feed: &mut Feed) -> Result<(), Error> {
        self.take_in_unasked(feed)?;
        let Self { window, calls, .. } = self;
        window.fail_waiting(|offer| calls.why_open(offer));
        Ok(())
    }

    /// Takes in as many rows as there is room for. Nobody is asked.
    fn take_in_unasked(&mut self, feed: &mut Feed) -> Result<(), Error> {
        while self.window.has_room() {
            let Some(row) = feed.next(self.id)? else { break };
            self.take_in(row);
        }
        Ok(())
    }
}

impl Pending {
    /// The offer that it waits for; none where it can be written at once.
    fn asks_for(&self) -> Option<OfferId> {
        match self {
            Self::Row(row) | Self::Stale(row, _) => row.offer.as_ref().ok().copied(),
            Self::Kept(_) | Self::LastGood(..) | Self::NotAsked(_) | Self::StaysStale(..) | Self::Unrouted(..) => None,
        }
    }

    /// What it holds, in bytes.
    fn size(&self) -> usize {
        match self {
            Self::Row(row) | Self::NotAsked(row) => row.cells.size(),
            Self::Stale(row, stale) | Self::StaysStale(row, stale) => row.cells.size() + stale.bytes.len(),
            Self::LastGood(row, known) => row.cells.size() + known.answer.size(),
            Self::Kept(row) => row.bytes.len(),
            Self::Unrouted(row, why) => row.cells.size() + why.len(),
        }
    }
}
