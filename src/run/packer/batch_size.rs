//! How many offers go into a call: learned from what the network refuses, and never grown.
//!
//! Told sizes and how calls of them ended. Knows neither offers nor times.

use crate::api::batch::TooLarge;
use crate::offer::OfferId;

/// How large a call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) ids: usize,
    /// The IDs as they stand in the URL, in bytes.
    pub(crate) bytes: usize,
}

impl Size {
    pub(crate) const NOTHING: Self = Self { ids: 0, bytes: 0 };

    pub(crate) fn of<'a>(ids: impl IntoIterator<Item = &'a OfferId>) -> Self {
        ids.into_iter().fold(Self::NOTHING, Self::with)
    }

    /// One more ID; each but the first stands behind a comma.
    pub(crate) fn with(self, id: &OfferId) -> Self {
        let comma = usize::from(self.ids > 0);
        Self { ids: self.ids + 1, bytes: self.bytes + comma + id.as_str().len() }
    }

    /// Whether it is no larger in either measure.
    pub(crate) fn fits(self, most: Self) -> bool {
        self.ids <= most.ids && self.bytes <= most.bytes
    }

    fn larger(self, other: Self) -> Self {
        Self { ids: self.ids.max(other.ids), bytes: self.bytes.max(other.bytes) }
    }

    fn smaller(self, other: Self) -> Self {
        Self { ids: self.ids.min(other.ids), bytes: self.bytes.min(other.bytes) }
    }
}

/// What is known about the size of calls.
#[derive(Debug)]
pub(crate) struct BatchSize {
    /// The largest that may be sent.
    most: Size,
    /// The largest that the network has answered, in each measure.
    proven: Size,
    /// While calls of an unproven size fail for reasons that may be the size: the most IDs until one succeeds.
    cautious: Option<usize>,
    /// The size of the first such call since the last one, if a smaller one has succeeded after it.
    suspect: Option<Suspect>,
}

/// A call of an unproven size that failed, perhaps for its size.
#[derive(Clone, Copy, Debug)]
struct Suspect {
    size: Size,
    smaller_succeeded: bool,
}

impl BatchSize {
    /// The documentation names this maximum for a sister call; nothing larger is tried.
    pub(crate) const DOCUMENTED: usize = 100;
    /// The path of a call stays below what common servers take in a request line (8 KiB at nginx and Apache).
    const MOST_BYTES: usize = 4096;

    pub(crate) fn new() -> Self {
        let most = Size { ids: Self::DOCUMENTED, bytes: Self::MOST_BYTES };
        Self { most, proven: Size::NOTHING, cautious: None, suspect: None }
    }

    /// The largest call that may be sent now.
    pub(crate) fn most(&self) -> Size {
        Size { ids: self.cautious.unwrap_or(self.most.ids).min(self.most.ids).max(1), ..self.most }
    }

    /// The most offers in a call, as far as is known.
    pub(crate) fn most_ids(&self) -> usize {
        self.most.ids
    }

    /// Whether a call of this size was answered before.
    pub(crate) fn is_proven(&self, size: Size) -> bool {
        size.fits(self.proven)
    }

    /// Whether any call of several offers, or of one, was answered.
    pub(crate) fn has_proof(&self) -> bool {
        self.proven.ids > 0
    }

    /// A call of this size was answered.
    pub(crate) fn answered(&mut self, size: Size) {
        self.proven = self.proven.larger(size);
        self.cautious = None;
        match &mut self.suspect {
            Some(suspect) if suspect.size.fits(self.proven) => self.suspect = None,
            Some(suspect) => suspect.smaller_succeeded = true,
            None => {}
        }
    }

    /// A call was answered that is no batch: the service is up.
    pub(crate) fn service_is_up(&mut self) {
        self.cautious = None;
        if let Some(suspect) = &mut self.suspect {
            suspect.smaller_succeeded = true;
        }
    }

    /// The network refused a call for its size.
    pub(crate) fn too_large(&mut self, size: Size, why: TooLarge) {
        match why {
            TooLarge::Bytes => self.most.bytes = self.most.bytes.min(size.bytes / 2).max(1),
            TooLarge::Ids(said) => {
                let half = (size.ids / 2).max(1);
                let most = said.filter(|said| (1..size.ids).contains(said)).unwrap_or(half);
                self.most.ids = self.most.ids.min(most);
            }
        }
    }

    /// A call of this size was refused without a reason, and its parts of at most `largest` were all answered: it was
    /// refused for its size.
    pub(crate) fn only_parts_answered(&mut self, size: Size, largest: Size) {
        self.shrink(size, largest);
    }

    /// A call failed in a way that may be due to its size: the connection was closed, a gateway answered, or nobody. A
    /// service that is down fails in the same way, so the size is halved only when a smaller call succeeds between two
    /// such failures; then the next size is tried in the same way.
    pub(crate) fn failed(&mut self, size: Size) {
        if self.is_proven(size) || size.ids <= 1 || !size.fits(self.most) {
            return;
        }
        let half = Size { ids: (size.ids / 2).max(1), bytes: (size.bytes / 2).max(1) };
        if !self.suspect.is_some_and(|suspect| suspect.smaller_succeeded) {
            self.suspect.get_or_insert(Suspect { size, smaller_succeeded: false });
            self.cautious = Some(half.ids);
            return;
        }
        let next = if size.ids > self.proven.ids {
            self.most.ids = half.ids.max(self.proven.ids);
            Size { ids: self.most.ids, ..half }
        } else {
            self.most.bytes = half.bytes.max(self.proven.bytes);
            Size { bytes: self.most.bytes, ..size }
        };
        let is_open = !self.is_proven(next);
        self.suspect = is_open.then_some(Suspect { size: next, smaller_succeeded: false });
        self.cautious = is_open.then_some(self.proven.ids.max(1));
    }

    /// Whether calls are small until one succeeds.
    pub(crate) fn is_cautious(&self) -> bool {
        self.cautious.is_some()
    }

    /// By the measure that tells a size that was refused from one that was not.
    fn shrink(&mut self, refused: Size, answered: Size) {
        let by_ids = Size { ids: answered.ids.max(1), ..self.most };
        let by_bytes = Size { bytes: answered.bytes.max(1), ..self.most };
        let most = if refused.ids > self.proven.ids.max(answered.ids) { by_ids } else { by_bytes };
        self.most = self.most.smaller(most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(ids: usize) -> Size {
        Size { ids, bytes: 6 * ids }
    }

    #[test]
    fn the_length_of_a_call_is_that_of_its_ids_and_commas() {
        let ids = ["16", "170", "9"].map(|id| OfferId::parse(id).unwrap());
        assert_eq!(Size::of(&ids), Size { ids: 3, bytes: 8 });
        assert_eq!(Size::of([]), Size::NOTHING);
    }

    #[test]
    fn a_refusal_for_the_size_halves_it_or_takes_the_number_that_was_said_and_it_never_grows() {
        for (refused, why, most) in [
            (100, TooLarge::Ids(None), 50),
            (100, TooLarge::Ids(Some(30)), 30),
            (100, TooLarge::Ids(Some(100)), 50),
            (100, TooLarge::Ids(Some(0)), 50),
            (1, TooLarge::Ids(None), 1),
        ] {
            let mut batch = BatchSize::new();
            batch.too_large(size(refused), why);
            assert_eq!(batch.most().ids, most, "{why:?}");
            // Those that were on their way already teach nothing new.
            batch.too_large(size(100), TooLarge::Ids(None));
            assert!(batch.most().ids <= 50);
            batch.too_large(size(100), TooLarge::Ids(Some(99)));
            batch.answered(size(100));
            assert!(batch.most().ids <= 50);
        }
        let mut batch = BatchSize::new();
        batch.too_large(Size { ids: 100, bytes: 1000 }, TooLarge::Bytes);
        assert_eq!(batch.most(), Size { ids: 100, bytes: 500 });
    }

    #[test]
    fn the_size_is_to_blame_when_a_smaller_call_succeeds_between_two_failures() {
        let mut batch = BatchSize::new();
        let mut tried = Vec::new();
        // Closes the connection above 30.
        for _ in 0..8 {
            let most = batch.most();
            tried.push(most.ids);
            if most.ids > 30 { batch.failed(size(most.ids)) } else { batch.answered(size(most.ids)) }
        }
        assert_eq!(tried, [100, 50, 25, 100, 25, 50, 25, 25]);
        assert_eq!(batch.most_ids(), 25);
    }

    #[test]
    fn an_outage_at_the_start_costs_no_size_and_one_later_none_at_all() {
        let mut batch = BatchSize::new();
        for expected in [100, 50, 25, 12, 6, 3, 1, 1] {
            assert_eq!(batch.most().ids, expected);
            batch.failed(batch.most());
        }
        batch.answered(size(1));
        assert_eq!(batch.most().ids, 100);
        batch.answered(size(100));
        for _ in 0..20 {
            batch.failed(size(100));
            assert_eq!(batch.most().ids, 100, "it is proven");
        }
    }

    #[test]
    fn an_outage_at_the_start_does_not_hide_the_maximum_of_a_network_that_closes_above_it() {
        let mut batch = BatchSize::new();
        for _ in 0..9 {
            batch.failed(batch.most());
        }
        let mut tried = Vec::new();
        for _ in 0..8 {
            let most = batch.most().ids;
            tried.push(most);
            match most {
                // What succeeds first is a call for one offer, which is no batch.
                1 => batch.service_is_up(),
                most if most > 30 => batch.failed(size(most)),
                most => batch.answered(size(most)),
            }
        }
        assert_eq!(tried, [1, 100, 1, 50, 1, 25, 25, 25]);
    }

    #[test]
    fn longer_ids_are_told_from_more_of_them() {
        let mut batch = BatchSize::new();
        batch.answered(Size { ids: 100, bytes: 600 });
        let long = Size { ids: 100, bytes: 2000 };
        batch.failed(long);
        batch.answered(Size { ids: 50, bytes: 1000 });
        batch.failed(long);
        assert_eq!(batch.most(), Size { ids: 100, bytes: 1000 });
    }
}
