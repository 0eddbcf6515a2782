//! Which page of the offer list comes next, and which of a page's offers are new.
//!
//! Pure: told the pages as they come. Believes what the network says about their number only where it makes sense, and
//! never asks for ever.

use std::collections::HashSet;

use crate::api::offers::{Listed, Page};

/// What to do after a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Ask for this page.
    Next(u32),
    /// There are no more.
    Done,
}

/// A list that does not end by itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Endless {
    /// The same offers again.
    #[error("page {page} of the offer list is the same as the page before: the network does not turn pages")]
    SamePage {
        /// The page.
        page: u32,
    },
    /// Nothing but offers that were listed before.
    #[error("page {page} of the offer list, and the one before, hold only offers that were listed already")]
    NothingNew {
        /// The page.
        page: u32,
    },
    /// More pages than any network has.
    #[error("the offer list has no end after {page} pages")]
    TooLong {
        /// The page.
        page: u32,
    },
}

/// Why a list that has come to its end may not be whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Doubt {
    /// Fewer offers than there are, by the network's own count.
    #[error("the network speaks of {said} offers, but its pages hold {came}")]
    Offers {
        /// By the network's count.
        said: u64,
        /// Those that came.
        came: u64,
    },
    /// Fewer pages than there are.
    #[error("the network speaks of {said} pages, but page {came} is empty")]
    Pages {
        /// By the network's count.
        said: u64,
        /// The page that ended the list.
        came: u32,
    },
    /// Offers came or went while pages were read, so that others moved over a page's edge.
    #[error("the number of offers changed from {from} to {to} while the list was read")]
    Changed {
        /// On an early page.
        from: u64,
        /// On a later one.
        to: u64,
    },
    /// Two readings do not give the same.
    #[error("each time it was read, the offer list held other offers")]
    Unsteady,
}

/// The way through the pages.
#[derive(Debug)]
pub(crate) struct Paging {
    page: u32,
    seen: HashSet<String>,
    previous: Vec<Option<String>>,
    /// Pages in a row with nothing new.
    stale: u32,
    /// Offers received, repeated ones too.
    received: u64,
    /// Offers without an ID.
    nameless: u64,
    total: Option<u64>,
    /// How many pages there are, by the network's count.
    pages: Option<u64>,
    /// Its count of offers before and after it changed.
    changed: Option<(u64, u64)>,
    /// The last page was empty.
    ended_empty: bool,
    keep_nameless: bool,
}

impl Paging {
    /// A million offers at the least; far more than any network has.
    const MOST_PAGES: u32 = 100_000;
    /// While offers are removed, one page may hold nothing new; not two.
    const MOST_STALE: u32 = 2;

    /// `keep_nameless` tells whether offers without an ID are given out too.
    pub(crate) fn new(keep_nameless: bool) -> Self {
        let (seen, previous) = (HashSet::new(), Vec::new());
        let (page, stale, received, nameless) = (1, 0, 0, 0);
        let (total, pages, changed, ended_empty) = (None, None, None, false);
        Self { page, seen, previous, stale, received, nameless, total, pages, changed, ended_empty, keep_nameless }
    }

    /// The page that is wanted.
    pub(crate) fn page(&self) -> u32 {
        self.page
    }

    /// Different offers so far.
    pub(crate) fn offers(&self) -> u64 {
        self.seen.len() as u64
    }

    /// How many the network says there are, where that can be.
    pub(crate) fn total(&self) -> Option<u64> {
        self.total.filter(|total| *total >= self.offers())
    }

    /// Offers that were left out, because without an ID nothing can be asked for.
    pub(crate) fn nameless(&self) -> u64 {
        self.nameless
    }

    /// Why the list may not be whole, though it has come to its end. Counts that cannot be true are none: some networks
    /// count something else.
    pub(crate) fn doubt(&self) -> Option<Doubt> {
        let came = self.offers() + self.nameless;
        if let Some((from, to)) = self.changed {
            return Some(Doubt::Changed { from, to });
        }
        if let Some(said) = self.total.filter(|said| *said > came) {
            return Some(Doubt::Offers { said, came });
        }
        let counted = self.total == Some(came);
        let said = self.pages.filter(|said| self.ended_empty && !counted && *said >= u64::from(self.page));
        said.map(|said| Doubt::Pages { said, came: self.page })
    }

    /// Whether the list came in one piece, with the network's own count of it: nothing can have moved meanwhile.
    pub(crate) fn is_vouched(&self) -> bool {
        self.page == 1 && self.total == Some(self.offers() + self.nameless)
    }

    /// Takes in the page that was wanted: its new offers, and what to do next.
    ///
    /// # Errors
    /// The list does not end.
    pub(crate) fn take(&mut self, page: Page) -> Result<(Vec<Listed>, Step), Endless> {
        let Page { offers, total_pages, total_rows } = page;
        self.count_again(total_rows, offers.len() as u64);
        self.pages = total_pages.or(self.pages);
        if offers.is_empty() {
            self.ended_empty = true;
            return Ok((offers, Step::Done));
        }
        let page = self.page;
        let ids: Vec<_> = offers.iter().map(|offer| offer.id.clone()).collect();
        if ids == self.previous {
            return Err(Endless::SamePage { page });
        }
        self.previous = ids;
        self.received += offers.len() as u64;
        let new: Vec<Listed> = offers.into_iter().filter(|offer| self.is_new(offer)).collect();
        self.stale = if new.is_empty() { self.stale + 1 } else { 0 };
        if self.is_last(total_pages) {
            return Ok((new, Step::Done));
        }
        if self.stale >= Self::MOST_STALE {
            return Err(Endless::NothingNew { page });
        }
        if page >= Self::MOST_PAGES {
            return Err(Endless::TooLong { page });
        }
        self.page += 1;
        Ok((new, Step::Next(self.page)))
    }

    /// Takes in the network's count of offers, with a page of so many.
    fn count_again(&mut self, total: Option<u64>, more: u64) {
        let believed = |total: &u64, received| *total >= received;
        let before = self.total.filter(|total| believed(total, self.received));
        let now = total.filter(|total| believed(total, self.received + more));
        if let (Some(from), Some(to)) = (before, now)
            && from != to
        {
            self.changed.get_or_insert((from, to));
        }
        self.total = total.or(self.total);
    }

    fn is_new(&mut self, offer: &Listed) -> bool {
        let id = offer.id.as_deref().map(str::trim).filter(|id| !id.is_empty());
        self.nameless += u64::from(id.is_none());
        id.map_or(self.keep_nameless, |id| self.seen.insert(id.to_owned()))
    }

    /// Whether the network says so, in a way that fits what came. Where it says nothing, an empty page ends the list:
    /// a short one may only mean that pages are shorter than was asked for.
    fn is_last(&self, total_pages: Option<u64>) -> bool {
        let pages_done = total_pages.map(|pages| u64::from(self.page) >= pages);
        // Fewer than have come is no number of offers.
        let rows_done = self.total.filter(|total| *total >= self.received).map(|total| self.received == total);
        match (pages_done, rows_done) {
            (Some(true) | None, Some(rows_done)) => rows_done,
            (Some(true), None) => total_pages == Some(u64::from(self.page)) && self.total.is_none(),
            (Some(false), _) | (None, None) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(ids: impl IntoIterator<Item = u32>, total_pages: Option<u64>, total_rows: Option<u64>) -> Page {
        let offers = ids.into_iter().map(|id| Listed { id: Some(id.to_string()), ..Listed::default() });
        Page { offers: offers.collect(), total_pages, total_rows }
    }

    /// Asks until the end, at most 20 pages: the offers, the pages asked for, and how it ended.
    fn walk(server: impl Fn(u32) -> Page) -> (Vec<String>, u32, Result<(), Endless>) {
        let (offers, asked, end, _) = walk_with_doubt(server);
        (offers, asked, end)
    }

    fn walk_with_doubt(server: impl Fn(u32) -> Page) -> (Vec<String>, u32, Result<(), Endless>, Paging) {
        let (mut paging, mut offers) = (Paging::new(false), Vec::new());
        for asked in 1..=20 {
            assert_eq!(paging.page(), asked);
            match paging.take(server(asked)) {
                Err(endless) => return (offers, asked, Err(endless), paging),
                Ok((new, step)) => {
                    offers.extend(new.into_iter().filter_map(|offer| offer.id));
                    if step == Step::Done {
                        return (offers, asked, Ok(()), paging);
                    }
                }
            }
        }
        panic!("asks for ever");
    }

    /// 25 offers on pages of 10.
    fn tens(asked: u32, total_pages: Option<u64>, total_rows: Option<u64>) -> Page {
        page((1..=25).skip(asked as usize * 10 - 10).take(10), total_pages, total_rows)
    }

    #[test]
    fn sane_totals_save_the_empty_page_and_others_are_not_believed() {
        for (pages, rows, calls) in [
            (Some(3), Some(25), 3),
            (Some(3), None, 3),
            (None, Some(25), 3),
            (None, None, 4),
            // As if pages had 100 offers, or a number of something else.
            (Some(1), Some(25), 3),
            (Some(0), Some(25), 3),
            (Some(1), Some(7), 4),
            (Some(999), Some(999), 4),
            (Some(3), Some(999), 4),
            (Some(0), Some(0), 4),
        ] {
            let (offers, asked, end) = walk(|asked| tens(asked, pages, rows));
            assert_eq!((offers.len(), asked, end), (25, calls, Ok(())), "{pages:?} {rows:?}");
        }
    }

    #[test]
    fn a_list_that_is_short_by_the_networks_own_count_is_doubted() {
        type Server = fn(u32) -> Page;
        let moved = |asked: u32| match asked {
            // Offer 5 goes after the first page was read, and 11 moves onto it.
            1 => page(1..=10, Some(3), Some(25)),
            2 => page(12..=21, Some(3), Some(24)),
            _ => page(22..=25, Some(3), Some(24)),
        };
        let missing =
            |asked: u32| if asked == 2 { page([], Some(3), Some(25)) } else { tens(asked, Some(3), Some(25)) };
        let repeated = |asked: u32| match asked {
            1 => page(1..=10, None, Some(20)),
            _ => page(10..=19, None, Some(20)),
        };
        let doubts: [(Server, Option<Doubt>); 10] = [
            (|asked| tens(asked, Some(3), Some(25)), None),
            (|asked| tens(asked, None, None), None),
            (|asked| tens(asked, Some(1), Some(7)), None),
            (|asked| tens(asked, Some(3), None), None),
            // The number of rows on the page, not of all.
            (|asked| tens(asked, Some(3), Some(if asked == 3 { 5 } else { 10 })), None),
            (|asked| tens(asked, Some(3), Some(999)), Some(Doubt::Offers { said: 999, came: 25 })),
            (|asked| tens(asked, Some(999), None), Some(Doubt::Pages { said: 999, came: 4 })),
            (moved, Some(Doubt::Changed { from: 25, to: 24 })),
            (missing, Some(Doubt::Offers { said: 25, came: 10 })),
            (repeated, Some(Doubt::Offers { said: 20, came: 19 })),
        ];
        for (n, (server, doubt)) in doubts.into_iter().enumerate() {
            let (_, _, end, paging) = walk_with_doubt(server);
            assert_eq!((end, paging.doubt(), paging.is_vouched()), (Ok(()), doubt, false), "{n}");
        }
        let (_, _, _, whole) = walk_with_doubt(|_| page(1..=7, Some(1), Some(7)));
        assert!(whole.doubt().is_none() && whole.is_vouched());
    }

    #[test]
    fn no_offers_at_all_are_one_call() {
        assert_eq!(walk(|_| page([], Some(0), Some(0))), (vec![], 1, Ok(())));
    }

    #[test]
    fn a_server_that_does_not_turn_pages_is_found_out() {
        let (offers, _, end) = walk(|_| page(1..=3, None, None));
        assert_eq!((offers.len(), end), (3, Err(Endless::SamePage { page: 2 })));
        let (offers, _, end) = walk(|asked| page(if asked % 2 == 0 { 1..=3 } else { 2..=4 }, Some(99), None));
        assert_eq!((offers.len(), end), (4, Err(Endless::NothingNew { page: 4 })));
    }

    #[test]
    fn an_offer_that_moves_to_another_page_is_listed_once_and_the_order_is_kept() {
        let pages = [vec![1, 2, 3], vec![3, 4, 5], vec![4, 5], vec![6], vec![]];
        let (offers, asked, end) = walk(|asked| page(pages[asked as usize - 1].clone(), None, None));
        assert_eq!((offers.join(" ").as_str(), asked, end), ("1 2 3 4 5 6", 5, Ok(())));
    }

    #[test]
    fn offers_without_an_id_are_counted() {
        let mut paging = Paging::new(false);
        let nameless = |id: Option<&str>| Listed { id: id.map(str::to_owned), ..Listed::default() };
        let offers = vec![nameless(None), nameless(Some(" ")), nameless(Some("16"))];
        let (new, step) = paging.take(Page { offers, total_pages: Some(1), total_rows: Some(3) }).unwrap();
        assert_eq!((new.len(), step, paging.nameless(), paging.offers()), (1, Step::Done, 2, 1));
    }

    proptest::proptest! {
        #[test]
        fn it_always_ends(
            seed: u32,
            pages: Option<u64>,
            rows in proptest::option::of(0_u64..50),
            size in 0_u32..4,
            known in 1_u32..6,
        ) {
            // Every server that knows but a few offers is through after so many pages, whatever it says.
            let (mut paging, mut asked) = (Paging::new(false), 0);
            loop {
                asked += 1;
                let start = seed.wrapping_mul(asked).wrapping_mul(2_654_435_761);
                let ids = (0..size).map(|n| start.wrapping_add(n) % known);
                match paging.take(page(ids, pages, rows)) {
                    Ok((_, Step::Next(_))) => {}
                    Ok((_, Step::Done)) | Err(_) => break,
                }
                proptest::prop_assert!(asked < 20);
            }
        }
    }
}
