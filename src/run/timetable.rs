//! When each of many has something to do, so that those with nothing to do cost nothing.
//!
//! A tree of the earliest times: each change and each question takes as many steps as the number of entries has binary
//! digits. Pure; must not know what is waited for.

use std::time::Instant;

/// A time for each of a fixed number of entries, or none.
#[derive(Debug)]
pub(crate) struct Timetable {
    /// The tree: a node's children are at twice its place and behind that. The leaves, one for each entry and none for
    /// what fills it up to a power of two, are the second half; the first place is not used.
    earliest: Vec<Option<Instant>>,
}

/// The earlier of two times.
fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

impl Timetable {
    /// A table of `entries` entries, none of which has anything to do.
    pub(crate) fn new(entries: usize) -> Self {
        Self { earliest: vec![None; 2 * entries.next_power_of_two()] }
    }

    fn node(&self, at: usize) -> Option<Instant> {
        self.earliest.get(at).copied().flatten()
    }

    /// Changes the time of an entry.
    pub(crate) fn set(&mut self, entry: usize, time: Option<Instant>) {
        let mut at = self.earliest.len() / 2 + entry;
        let mut time = time;
        while let Some(node) = self.earliest.get_mut(at).filter(|node| **node != time) {
            *node = time;
            if at <= 1 {
                break;
            }
            time = earlier(time, self.node(at ^ 1));
            at /= 2;
        }
    }

    /// The earliest time of all.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.node(1)
    }

    /// The first entry from `from` on whose time has come by `now`.
    pub(crate) fn due(&self, from: usize, now: Instant) -> Option<usize> {
        self.due_below(1, (0, self.earliest.len() / 2), from, now)
    }

    /// The same below a node, which stands for so many entries behind the first so many.
    fn due_below(&self, at: usize, (first, entries): (usize, usize), from: usize, now: Instant) -> Option<usize> {
        if first + entries <= from || self.node(at).is_none_or(|time| time > now) {
            return None;
        }
        let half = entries / 2;
        if half == 0 {
            return Some(first);
        }
        let left = self.due_below(2 * at, (first, half), from, now);
        left.or_else(|| self.due_below(2 * at + 1, (first + half, half), from, now))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_says_the_same_as_a_look_at_every_entry(
            entries in 1_usize..40,
            changes in prop::collection::vec((0_usize..40, prop::option::of(0_u64..20)), 0..200),
            now in 0_u64..20,
        ) {
            let start = Instant::now();
            let (mut table, mut times) = (Timetable::new(entries), vec![None; entries]);
            let now = start + Duration::from_millis(now);
            for (entry, time) in changes {
                let (entry, time) = (entry % entries, time.map(|time| start + Duration::from_millis(time)));
                table.set(entry, time);
                times[entry] = time;
                prop_assert_eq!(table.next(), times.iter().flatten().min().copied());
                for from in 0..=entries {
                    let due = (from..entries).find(|at| times[*at].is_some_and(|time| time <= now));
                    prop_assert_eq!(table.due(from, now), due);
                }
            }
        }
    }

    #[test]
    fn an_empty_table_and_one_entry_are_tables_too() {
        let start = Instant::now();
        let empty = Timetable::new(0);
        assert_eq!((empty.next(), empty.due(0, start)), (None, None));
        let mut one = Timetable::new(1);
        one.set(0, Some(start));
        assert_eq!((one.next(), one.due(0, start), one.due(1, start)), (Some(start), Some(0), None));
        one.set(0, None);
        assert_eq!(one.next(), None);
        one.set(5, Some(start));
        assert_eq!(one.next(), None, "there is no such entry");
    }
}
