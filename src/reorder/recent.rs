//! The keys that were used last, with what is known of each.
//!
//! A list in the order of use and a table of places in it, both without pieces of their own on the heap: thousands of
//! offers that lie all over it, as most caches keep them, took a twentieth of the CPU time of an unlimited run. Knows
//! nothing of what is kept.

use std::collections::VecDeque;
use std::hash::{BuildHasher, Hash};
use std::num::NonZeroUsize;

use hashbrown::{DefaultHashBuilder, HashTable};

/// A bounded map. A new key takes the place of the one that was last used longest ago.
#[derive(Debug)]
pub(crate) struct Recent<K, V> {
    most: usize,
    /// In the order of their last use, longest ago first. A key that was used again has left a gap, but never at the front.
    entries: VecDeque<Option<(K, V)>>,
    /// The number of the first entry; the others follow. After the last number comes 0 again.
    first: u32,
    /// The number of each key's entry.
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl<K: Copy + Eq + Hash, V> Recent<K, V> {
    /// Gaps that are never worth a new list.
    const FEW: usize = 64;

    /// Nothing yet. Room is made as it fills: a run of ten offers should not pay for ten thousand.
    pub(crate) fn new(most: NonZeroUsize) -> Self {
        let (entries, numbers) = (VecDeque::new(), HashTable::new());
        Self { most: most.get(), entries, first: 0, numbers, hasher: DefaultHashBuilder::default() }
    }

    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// What is known of a key, which counts as used now.
    pub(crate) fn get_mut(&mut self, key: K) -> Option<&mut V> {
        let (hash, next) = (self.hasher.hash_one(key), self.number_of(self.entries.len()));
        let Self { entries, first, numbers, .. } = self;
        let number = numbers.find_mut(hash, |number| holds(entries, *first, *number, &key))?;
        let place = place_of(*first, *number);
        if place + 1 < entries.len() {
            let used = entries.get_mut(place)?.take();
            *number = next;
            entries.push_back(used);
            self.close_gaps();
        }
        self.entries.back_mut()?.as_mut().map(|(_, value)| value)
    }

    /// What is known of a key, which does not count as used by that.
    pub(crate) fn peek_mut(&mut self, key: K) -> Option<&mut V> {
        let Self { entries, first, numbers, hasher, .. } = self;
        let number = numbers.find(hasher.hash_one(key), |number| holds(entries, *first, *number, &key))?;
        entries.get_mut(place_of(*first, *number))?.as_mut().map(|(_, value)| value)
    }

    /// Takes in what is known of a key. Gives what has to go for that: what was known of it before, or of the
    /// key that was last used longest ago.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        if let Some(known) = self.get_mut(key) {
            return Some(std::mem::replace(known, value));
        }
        let gone = if self.len() < self.most { None } else { self.pop_oldest() };
        let number = self.number_of(self.entries.len());
        self.entries.push_back(Some((key, value)));
        self.note(key, number);
        gone
    }

    /// What is known of the key that was last used longest ago.
    pub(crate) fn oldest(&self) -> Option<&V> {
        self.entries.front()?.as_ref().map(|(_, value)| value)
    }

    /// Takes out the key that was last used longest ago.
    pub(crate) fn pop_oldest(&mut self) -> Option<V> {
        let (key, value) = self.entries.pop_front()??;
        let oldest = self.first;
        if let Ok(number) = self.numbers.find_entry(self.hasher.hash_one(key), |number| *number == oldest) {
            number.remove();
        }
        self.first = oldest.wrapping_add(1);
        self.close_gaps();
        Some(value)
    }

    /// The number of the entry at a place.
    #[expect(clippy::cast_possible_truncation, reason = "after the last number comes 0 again")]
    fn number_of(&self, place: usize) -> u32 {
        self.first.wrapping_add(place as u32)
    }

    /// Notes the number of a key that has none.
    fn note(&mut self, key: K, number: u32) {
        let Self { entries, first, numbers, hasher, .. } = self;
        let hash_of = |number: &u32| match entries.get(place_of(*first, *number)) {
            Some(Some((key, _))) => hasher.hash_one(key),
            _ => 0,
        };
        numbers.insert_unique(hasher.hash_one(key), number, hash_of);
    }

    /// Takes away the gaps at the front, and all of them where there are more gaps than keys.
    fn close_gaps(&mut self) {
        while let Some(None) = self.entries.front() {
            self.entries.pop_front();
            self.first = self.first.wrapping_add(1);
        }
        if self.entries.len() <= 2 * self.len() + Self::FEW {
            return;
        }
        self.entries.retain(Option::is_some);
        self.numbers.clear();
        for place in 0..self.entries.len() {
            if let Some(Some((key, _))) = self.entries.get(place) {
                let (key, number) = (*key, self.number_of(place));
                self.note(key, number);
            }
        }
    }
}

/// The place of the entry of this number.
fn place_of(first: u32, number: u32) -> usize {
    number.wrapping_sub(first) as usize
}

/// Whether the entry of this number is that of the key.
fn holds<K: Eq, V>(entries: &VecDeque<Option<(K, V)>>, first: u32, number: u32, key: &K) -> bool {
    matches!(entries.get(place_of(first, number)), Some(Some((found, _))) if found == key)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// In the order of their last use, longest ago first.
    struct Model(Vec<(u8, u32)>);

    impl Model {
        fn take(&mut self, key: u8) -> Option<u32> {
            let at = self.0.iter().position(|(found, _)| *found == key)?;
            Some(self.0.remove(at).1)
        }

        fn get(&mut self, key: u8) -> Option<u32> {
            let value = self.take(key)?;
            self.0.push((key, value));
            Some(value)
        }

        fn insert(&mut self, key: u8, value: u32, most: usize) -> Option<u32> {
            let mut gone = self.take(key);
            if gone.is_none() && self.0.len() == most {
                gone = Some(self.0.remove(0).1);
            }
            self.0.push((key, value));
            gone
        }
    }

    proptest! {
        /// Also across the end of the numbers, and with so few keys that the list is made anew again and again.
        #[test]
        fn it_is_a_list_in_the_order_of_use(
            most in 1_usize..40,
            keys in 1_u8..60,
            first in prop_oneof![Just(0), Just(u32::MAX - 100), any::<u32>()],
            steps in prop::collection::vec((0_u8..5, any::<u8>()), 0..600),
        ) {
            let mut recent = Recent::new(NonZeroUsize::new(most).unwrap());
            recent.first = first;
            let mut model = Model(Vec::new());
            for (value, (what, key)) in (0_u32..).zip(steps) {
                let key = key % keys;
                match what {
                    0 => prop_assert_eq!(recent.insert(key, value), model.insert(key, value, most)),
                    1 | 2 => prop_assert_eq!(recent.get_mut(key).copied(), model.get(key)),
                    3 => {
                        let known = model.0.iter().find(|(found, _)| *found == key).map(|(_, value)| *value);
                        prop_assert_eq!(recent.peek_mut(key).copied(), known);
                    }
                    _ => {
                        let oldest = model.0.first().map(|(_, value)| *value);
                        prop_assert_eq!(recent.oldest().copied(), oldest);
                        if value % 4 == 0 {
                            prop_assert_eq!(recent.pop_oldest(), oldest);
                            if oldest.is_some() {
                                model.0.remove(0);
                            }
                        }
                    }
                }
                prop_assert_eq!(recent.len(), model.0.len());
                prop_assert!(recent.entries.len() <= 2 * recent.len() + Recent::<u8, u32>::FEW);
            }
            let rest: Vec<_> = std::iter::from_fn(|| recent.pop_oldest()).collect();
            prop_assert_eq!(rest, model.0.into_iter().map(|(_, value)| value).collect::<Vec<_>>());
        }
    }
}
