//! Which offers are asked for where the calls of a run are limited (`--max-calls`).
//!
//! Reads the input once for that. Keeps a number for each offer that may be chosen, and no offers.

use std::collections::{BinaryHeap, HashSet};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::config::{Job, Work};
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
    /// The `most` offers that were asked for longest ago, or never; those of the same time in the order of the input. Up to half
    /// of them are offers that failed when they were asked last, whenever that was: most failures pass, and so they need
    /// not wait for all others, nor can those that always fail keep others from their turn. Offers that were asked for in
    /// this run already come last. Times after `latest` are those of a clock that was wrong.
    ///
    /// # Errors
    /// The file or the input cannot be read, or the input only once.
    pub(super) fn of(
        job: &Job,
        (file, run): (&Database, &RunRecord),
        (most, latest): (u64, i64),
    ) -> Result<Self, Error> {
        let twice = || Error::Name("--max-calls has to read the input twice, so that needs to be a file".to_owned());
        // What the run has read of a pipe is not there any more, and a pipe with a name would wait for another writer.
        if matches!(&job.work, Work::Input { source, .. } if source.is_stream()) {
            return Err(twice());
        }
        let mut wanted = Wanted::open(job)?;
        if !wanted.can_repeat() {
            return Err(twice());
        }
        let mut chosen = Chosen::new(usize::try_from(most).unwrap_or(usize::MAX));
        file.reading(|| {
            while let Some((lane, offer)) = wanted.next()? {
                let Some(network) = run.networks.get(lane) else { continue };
                let standing = file.standing(*network, &offer)?;
                chosen.add(number(lane, &offer), rank(standing, run.started_at, latest));
            }
            Ok(Self(chosen.end()))
        })
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

/// What decides whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rank {
    /// When it was asked for last; [`NEVER`] is long ago.
    asked_at: i64,
    /// Whether the network did not say then what it is.
    has_failed: bool,
}

const NEVER: i64 = i64::MIN;

fn rank(standing: Option<Standing>, run_started_at: i64, latest: i64) -> Rank {
    let Some(Standing { asked_at, settled_at }) = standing else { return Rank { asked_at: NEVER, has_failed: false } };
    let sane = |at: i64| if at > latest { NEVER } else { at };
    let asked_at = sane(asked_at);
    if asked_at >= run_started_at {
        return Rank { asked_at: i64::MAX, has_failed: false };
    }
    Rank { asked_at, has_failed: settled_at.is_none_or(|settled_at| sane(settled_at) < asked_at) }
}

/// The offers that are chosen so far.
struct Chosen {
    most: usize,
    all: Oldest,
    failed: Oldest,
}

impl Chosen {
    fn new(most: usize) -> Self {
        Self { most, all: Oldest::new(most), failed: Oldest::new(most / 2) }
    }

    fn add(&mut self, number: u64, Rank { asked_at, has_failed }: Rank) {
        self.all.add(number, asked_at);
        if has_failed {
            self.failed.add(number, asked_at);
        }
    }

    fn end(self) -> HashSet<u64> {
        let mut chosen = self.failed.numbers;
        for (_, number) in self.all.heap.into_sorted_vec() {
            if chosen.len() >= self.most {
                break;
            }
            chosen.insert(number);
        }
        chosen
    }
}

/// The offers that come first by a time and, where that is equal, by their place among those that were added.
struct Oldest {
    most: usize,
    added: u64,
    heap: BinaryHeap<((i64, u64), u64)>,
    numbers: HashSet<u64>,
}

impl Oldest {
    fn new(most: usize) -> Self {
        Self { most, added: 0, heap: BinaryHeap::new(), numbers: HashSet::new() }
    }

    fn add(&mut self, number: u64, at: i64) {
        self.added += 1;
        let rank = (at, self.added);
        let is_full = self.heap.len() >= self.most;
        if is_full && self.heap.peek().is_none_or(|(last, _)| rank >= *last) {
            return;
        }
        if !self.numbers.insert(number) {
            return;
        }
        self.heap.push((rank, number));
        if is_full && let Some((_, dropped)) = self.heap.pop() {
            self.numbers.remove(&dropped);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_comes_before_long_ago_and_this_run_last() {
        let at = |asked_at, settled_at| Some(Standing { asked_at, settled_at });
        // The run began at 500, and it is 900.
        let cases = [
            (None, (NEVER, false)),
            (at(2_000, Some(2_000)), (NEVER, false)),
            (at(100, None), (100, true)),
            (at(50, Some(50)), (50, false)),
            // Failed lately, good before.
            (at(499, Some(60)), (499, true)),
            // The clock was wrong when it was good.
            (at(300, Some(2_000)), (300, true)),
            (at(500, Some(80)), (i64::MAX, false)),
            (at(501, None), (i64::MAX, false)),
        ];
        for (standing, (asked_at, has_failed)) in cases {
            assert_eq!(rank(standing, 500, 900), Rank { asked_at, has_failed }, "{standing:?}");
        }
    }

    /// Nights with `most` calls for these offers, of which those below `failing` always fail; how often each was asked for.
    fn nights(nights: i64, most: usize, offers: usize, failing: usize) -> Vec<u32> {
        let mut standings: Vec<Option<Standing>> = vec![None; offers];
        let mut asked = vec![0; offers];
        for night in 1..=nights {
            let mut chosen = Chosen::new(most);
            for (offer, standing) in standings.iter().enumerate() {
                // Twice in the input.
                chosen.add(offer as u64, rank(*standing, night, night));
                chosen.add(offer as u64, rank(*standing, night, night));
            }
            let chosen = chosen.end();
            assert_eq!(chosen.len(), most.min(offers), "no call is left over");
            for offer in chosen {
                let offer = usize::try_from(offer).unwrap();
                asked[offer] += 1;
                let settled_at = (offer >= failing).then_some(night);
                standings[offer] = Some(Standing { asked_at: night, settled_at });
            }
        }
        asked
    }

    #[test]
    fn those_that_always_fail_take_half_of_the_calls_at_most_and_all_have_their_turn() {
        for (most, offers, failing) in [(1, 5, 2), (2, 6, 4), (10, 100, 0), (10, 100, 3), (10, 100, 50), (10, 100, 100)]
        {
            let asked = nights(200, most, offers, failing);
            let (failed, good) = asked.split_at(failing);
            let case = format!("{most} of {offers}, {failing} fail: {asked:?}");
            assert!(asked.iter().all(|times| *times > 0), "{case}");
            // Each of them is asked for as often as any other of its kind.
            for kind in [failed, good] {
                let (least, most) = (kind.iter().min(), kind.iter().max());
                assert!(least.zip(most).is_none_or(|(least, most)| most - least <= 4), "{case}");
            }
            // Those that fail come again sooner, and leave half of the calls to all.
            let fair = 200 * most / offers;
            assert!(good.iter().all(|times| *times as usize >= fair / 2 - 1), "{case}");
            assert!(failed.iter().all(|times| *times as usize + 1 >= fair), "{case}");
        }
    }
}
