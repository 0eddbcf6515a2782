//! A refused call taken apart until each offer that it was refused for stands alone.
//!
//! One call at a time, the left part first: so a maximum below the size of the call is found by a handful of calls, and
//! a part need not be sent to know that it holds the bad offer where its twin was answered. Decides only which part is
//! next; sends nothing.

use std::collections::VecDeque;

use crate::offer::OfferId;
use crate::run::packer::batch_size::{BatchSize, Size};

/// The parts of one call that are still to be sent. Empty for a call that was never refused.
#[derive(Debug, Default)]
pub(crate) struct Bisection {
    /// From the whole call to the part in flight.
    levels: Vec<Level>,
}

/// A part that was refused, or must hold what it is refused for.
#[derive(Debug)]
struct Level {
    size: Size,
    /// What of it comes after the part in flight.
    rest: VecDeque<OfferId>,
    /// Whether a single offer of it was refused, which explains the refusal.
    explained: bool,
    why: Why,
    /// The largest part of it that was answered.
    answered: Size,
}

/// Why a part is taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// The network refused it.
    Refused,
    /// The rest of the part that holds it was answered.
    Inferred,
}

/// What is to be sent next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Together.
    Batch(Vec<OfferId>),
    /// Alone, by the call for one offer: this is what the call was refused for.
    Bad(OfferId),
}

impl Bisection {
    /// Whether a part of a size that was never answered was refused, and nothing explains it yet.
    pub(crate) fn is_in_doubt(&self, known: &BatchSize) -> bool {
        self.levels.iter().any(|level| level.why == Why::Refused && !level.explained && !known.is_proven(level.size))
    }

    /// Whether a call was refused and not all of its parts are done.
    pub(crate) fn is_open(&self) -> bool {
        !self.levels.is_empty()
    }

    /// The part in flight was cut: `offers` follow it.
    pub(crate) fn put_back(&mut self, offers: impl DoubleEndedIterator<Item = OfferId>) {
        if let Some(level) = self.levels.last_mut() {
            offers.rev().for_each(|offer| level.rest.push_front(offer));
        }
    }

    /// All offers that are not in flight, for a network that does not have the call.
    pub(crate) fn give_up(self) -> impl Iterator<Item = OfferId> {
        self.levels.into_iter().rev().flat_map(|level| level.rest)
    }

    /// The part in flight was answered.
    pub(crate) fn answered(&mut self, size: Size) {
        for level in &mut self.levels {
            if size.ids >= level.answered.ids {
                level.answered = size;
            }
        }
    }

    /// The part in flight was refused.
    pub(crate) fn refused(&mut self, part: &[OfferId]) {
        match part {
            [] => {}
            [_] => self.levels.iter_mut().for_each(|level| level.explained = true),
            part => self.take_apart(part, Why::Refused),
        }
    }

    /// The next parts to be sent, up to and with the next batch; none when the whole call is done.
    pub(crate) fn next(&mut self, known: &mut BatchSize) -> Vec<Part> {
        let mut parts = Vec::new();
        while let Some(level) = self.levels.last_mut() {
            if level.rest.is_empty() {
                let unexplained = level.why == Why::Refused && !level.explained && !known.is_proven(level.size);
                if unexplained && level.answered.ids > 0 {
                    known.only_parts_answered(level.size, level.answered);
                }
                self.levels.pop();
                continue;
            }
            // It was refused though calls as large are answered, and not for what was sent of it so far.
            let must_be_bad = !level.explained && known.is_proven(level.size);
            let take = fitting(&level.rest, known.most()).min(level.size.ids.div_ceil(2));
            let all = take == level.rest.len();
            let part: Vec<OfferId> = level.rest.drain(..take).collect();
            match part.as_slice() {
                [only] if must_be_bad && all => {
                    parts.push(Part::Bad(*only));
                    self.levels.iter_mut().for_each(|level| level.explained = true);
                }
                several if must_be_bad && all => self.take_apart(several, Why::Inferred),
                _ => {
                    parts.push(Part::Batch(part));
                    return parts;
                }
            }
        }
        parts
    }

    fn take_apart(&mut self, part: &[OfferId], why: Why) {
        let rest = part.iter().copied().collect();
        self.levels.push(Level { size: Size::of(part), rest, explained: false, why, answered: Size::NOTHING });
    }
}

/// How many offers from the first on fit into a call; at least one.
pub(crate) fn fitting<'a>(offers: impl IntoIterator<Item = &'a OfferId>, most: Size) -> usize {
    let mut size = Size::NOTHING;
    let fit = offers.into_iter().take_while(|offer| {
        size = size.with(offer);
        size.fits(most)
    });
    fit.count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(range: std::ops::RangeInclusive<u32>) -> Vec<OfferId> {
        range.map(|n| OfferId::parse(&n.to_string()).unwrap()).collect()
    }

    /// Takes the offers 1 to `count` apart at a network that refuses more than `most` and whatever holds a bad one: the
    /// calls, the offers that stood alone, and what is known afterwards.
    fn take_apart(count: u32, most: usize, bad: &[u32], mut known: BatchSize) -> (usize, Vec<String>, BatchSize) {
        let (mut bisection, mut calls, mut answered, mut alone) = (Bisection::default(), 0, 0, Vec::new());
        let mut parts = vec![Part::Batch(ids(1..=count))];
        while let Some(part) = parts.pop() {
            let part = match part {
                Part::Bad(offer) => {
                    alone.push(offer.to_string());
                    continue;
                }
                Part::Batch(part) => part,
            };
            calls += 1;
            let holds_bad = part.iter().any(|id| bad.contains(&id.as_str().parse().unwrap()));
            if part.len() > most || holds_bad {
                bisection.refused(&part);
                if let [only] = *part.as_slice() {
                    alone.push(only.to_string());
                }
            } else {
                answered += part.len();
                known.answered(Size::of(&part));
                bisection.answered(Size::of(&part));
            }
            parts.extend(bisection.next(&mut known).into_iter().rev());
        }
        assert_eq!(answered + alone.len(), count as usize, "every offer once");
        assert!(!bisection.is_open());
        (calls, alone, known)
    }

    fn proven() -> BatchSize {
        let mut known = BatchSize::new();
        known.answered(Size { ids: 100, bytes: 400 });
        known
    }

    #[test]
    fn bad_offers_stand_alone_after_few_calls_and_cost_no_size_where_calls_as_large_are_answered() {
        for (bad, most_calls) in [(&[1][..], 16), (&[100], 9), (&[50], 16), (&[3, 4], 18), (&[1, 99], 26), (&[], 0)] {
            let (calls, alone, known) = take_apart(100, 100, bad, proven());
            let expected: Vec<String> = bad.iter().map(ToString::to_string).collect();
            assert_eq!((alone, known.most_ids()), (expected, 100), "{bad:?}");
            assert!(calls <= most_calls.max(1), "{bad:?}: {calls} calls");
        }
    }

    #[test]
    fn a_maximum_is_found_with_the_first_call_whether_or_not_it_holds_a_bad_offer() {
        for (most, learned, most_calls) in [(30, 25, 8), (1, 1, 107), (2, 2, 57), (99, 50, 3), (100, 100, 1)] {
            let (calls, _, known) = take_apart(100, most, &[], BatchSize::new());
            assert_eq!(known.most_ids(), learned, "{most}");
            assert!(calls <= most_calls, "{most}: {calls} calls");
        }
        for bad in [1, 20, 40, 60, 77, 100] {
            let (_, alone, known) = take_apart(100, 30, &[bad], BatchSize::new());
            assert_eq!((alone, known.most_ids()), (vec![bad.to_string()], 25), "{bad}");
        }
    }

    #[test]
    fn where_every_offer_is_bad_the_calls_are_bounded() {
        let bad: Vec<u32> = (1..=100).collect();
        let (calls, alone, _) = take_apart(100, 100, &bad, proven());
        assert!(alone.len() == 100 && calls <= 200, "{calls}");
    }

    proptest::proptest! {
        #[test]
        fn every_offer_is_answered_or_stands_alone_whatever_is_refused(
            count in 1_u32..120,
            most in 1_usize..120,
            bad in proptest::collection::vec(1_u32..120, 0..20),
            is_proven: bool,
        ) {
            let known = if is_proven { proven() } else { BatchSize::new() };
            let (calls, ..) = take_apart(count, most, &bad, known);
            proptest::prop_assert!(calls <= 2 * count as usize + 8);
        }
    }
}
