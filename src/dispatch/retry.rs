//! Backoff: the delay before a retry, and the queue of retries that are not due yet.
//!
//! A waiting request is an element of a heap and nothing else: it holds no connection, no slot and no permit, and it
//! delays no other. Nothing here knows why an attempt failed.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

/// Full jitter: a delay drawn evenly from 0 to a ceiling that doubles with each attempt.
///
/// The mean total over the four retries of the default is 15 s. Full jitter is enough
/// because retries pass the limiter too, so they can never come in a herd.
#[derive(Debug)]
pub(crate) struct Backoff {
    random: fastrand::Rng,
}

impl Backoff {
    const BASE: Duration = Duration::from_secs(2);
    const CEILING: Duration = Duration::from_secs(60);

    /// A source of delays; the same seed gives the same delays.
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: fastrand::Rng::with_seed(seed) }
    }

    /// The delay after `attempts` failed attempts.
    pub(crate) fn delay(&mut self, attempts: u32) -> Duration {
        let doublings = attempts.saturating_sub(1).min(16);
        let ceiling = Self::CEILING.min(Self::BASE * (1 << doublings));
        ceiling.mul_f64(self.random.f64())
    }

    /// Heads or tails.
    pub(crate) fn coin(&mut self) -> bool {
        self.random.bool()
    }
}

/// Things that are to be done not before a time.
#[derive(Debug)]
pub(crate) struct RetryQueue<T> {
    heap: BinaryHeap<Due<T>>,
    pushed: u64,
}

#[derive(Debug)]
struct Due<T> {
    at: Instant,
    /// Ties go to the one that waits longest.
    order: u64,
    item: T,
}

impl<T> RetryQueue<T> {
    /// An empty queue.
    pub(crate) fn new() -> Self {
        Self { heap: BinaryHeap::new(), pushed: 0 }
    }

    /// Adds `item`, due at `at`.
    pub(crate) fn push(&mut self, item: T, at: Instant) {
        self.pushed += 1;
        self.heap.push(Due { at, order: self.pushed, item });
    }

    /// When the next item is due.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.heap.peek().map(|due| due.at)
    }

    /// The item that is due first, if it is due.
    pub(crate) fn due(&self, now: Instant) -> Option<&T> {
        self.heap.peek().filter(|due| due.at <= now).map(|due| &due.item)
    }

    /// The item that is due first, due already or not.
    pub(crate) fn peek(&self) -> Option<&T> {
        self.heap.peek().map(|due| &due.item)
    }

    /// Takes the item that is due first, due already or not.
    pub(crate) fn pop(&mut self) -> Option<T> {
        self.heap.pop().map(|due| due.item)
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
}

impl<T> Default for RetryQueue<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Due<T> {
    fn key(&self) -> (Instant, u64) {
        (self.at, self.order)
    }
}

// The heap gives the greatest first, so the order of times is turned round.
impl<T> Ord for Due<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.key().cmp(&self.key())
    }
}

impl<T> PartialOrd for Due<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Due<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<T> Eq for Due<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_fill_the_range_up_to_a_ceiling_that_doubles_to_a_minute() {
        let mut backoff = Backoff::new(7);
        for (attempts, ceiling) in [(1, 2), (2, 4), (3, 8), (4, 16), (5, 32), (6, 60), (50, 60)] {
            let delays: Vec<f64> = (0..2000).map(|_| backoff.delay(attempts).as_secs_f64()).collect();
            let longest = delays.iter().copied().fold(0.0, f64::max);
            let mean = delays.iter().sum::<f64>() / 2000.0;
            let ceiling = f64::from(ceiling);
            assert!(longest <= ceiling && longest > 0.98 * ceiling, "{attempts}: {longest}");
            assert!((mean - ceiling / 2.0).abs() < 0.05 * ceiling, "{attempts}: {mean}");
        }
    }

    #[test]
    fn the_earliest_comes_first_and_ties_keep_their_order() {
        let start = Instant::now();
        let mut queue = RetryQueue::new();
        for (item, seconds) in [("c", 2), ("a", 1), ("d", 2), ("b", 1)] {
            queue.push(item, start + Duration::from_secs(seconds));
        }
        assert_eq!(queue.due(start), None);
        assert_eq!(queue.due(start + Duration::from_secs(1)), Some(&"a"));
        assert_eq!(std::iter::from_fn(|| queue.pop()).collect::<String>(), "abcd");
    }
}
