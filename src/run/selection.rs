//! Which offers are asked for where the calls of a run are limited (`--max-calls`).
//!
//! Reads the input once for that. Keeps a number for each chosen offer, and no offers.

use std::collections::{BinaryHeap, HashSet};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::config::Job;
use crate::error::Error;
use crate::history::Database;
use crate::history::lookup::Standing;
use crate::history::runs::RunRecord;
use crate::offer::OfferId;
use crate::run::history::Wanted;

/// The offers to ask for.
#[derive(Debug)]
pub(crate) struct Selection(HashSet<u64>);

impl Selection {
    /// The `most` offers that have waited longest: first those that the network has never settled, then those that it settled
    /// longest ago, and where that is equal in the order of the input. Those that were asked for in this run already come
    /// last. Times after `latest` are those of a clock that was wrong.
    ///
    /// # Errors
    /// The file or the input cannot be read, or the input only once.
    pub(super) fn of(
        job: &Job,
        (file, run): (&Database, &RunRecord),
        (most, latest): (u64, i64),
    ) -> Result<Self, Error> {
        let wanted = Wanted::open(job)?;
        if !wanted.can_repeat() {
            return Err(Error::Name("--max-calls has to read the input twice, so that needs to be a file".to_owned()));
        }
        file.reading(|| Self::choose(wanted, (file, run), (most, latest)))
    }

    fn choose(
        mut wanted: Wanted,
        (file, run): (&Database, &RunRecord),
        (most, latest): (u64, i64),
    ) -> Result<Self, Error> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let mut chosen = BinaryHeap::new();
        let mut numbers = HashSet::new();
        let mut place = 0_u64;
        while let Some((lane, offer)) = wanted.next()? {
            let Some(network) = run.networks.get(lane) else { continue };
            place += 1;
            let standing = file.standing(*network, &offer)?;
            let rank = (rank(standing, run.started_at, latest), place);
            let is_full = chosen.len() >= most;
            if is_full && chosen.peek().is_none_or(|(last, _)| rank >= *last) {
                continue;
            }
            let number = number(lane, &offer);
            if !numbers.insert(number) {
                continue;
            }
            chosen.push((rank, number));
            if is_full && let Some((_, dropped)) = chosen.pop() {
                numbers.remove(&dropped);
            }
        }
        Ok(Self(numbers))
    }

    /// Whether an offer is among them.
    pub(super) fn contains(&self, lane: usize, offer: &OfferId) -> bool {
        self.0.contains(&number(lane, offer))
    }
}

/// Tells offers apart. Where two have the same, which hardly happens, one more or less is chosen, and the limit holds.
fn number(lane: usize, offer: &OfferId) -> u64 {
    xxh3_64_with_seed(offer.as_str().as_bytes(), lane as u64)
}

/// When the network has said what an offer is, and when it was asked; never is long ago.
fn rank(standing: Option<Standing>, run_started_at: i64, latest: i64) -> (i64, i64) {
    const NEVER: i64 = i64::MIN;
    let Some(Standing { asked_at, settled_at }) = standing else { return (NEVER, NEVER) };
    let sane = |at: i64| if at > latest { NEVER } else { at };
    let asked_at = sane(asked_at);
    if asked_at >= run_started_at {
        return (i64::MAX, asked_at);
    }
    (settled_at.map_or(NEVER, sane), asked_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_comes_before_long_ago_and_this_run_last() {
        let at = |asked_at, settled_at| Some(Standing { asked_at, settled_at });
        // In the order in which they are asked for; the run began at 500, and it is 900.
        let in_order = [
            None,
            at(2_000, Some(2_000)),
            at(100, None),
            at(499, None),
            at(50, Some(50)),
            // Failed lately, good before.
            at(499, Some(60)),
            at(70, Some(70)),
            at(500, Some(80)),
            at(501, None),
        ];
        let ranks = in_order.map(|standing| rank(standing, 500, 900));
        assert!(ranks.is_sorted(), "{ranks:?}");
    }
}
