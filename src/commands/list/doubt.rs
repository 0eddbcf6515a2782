//! Why a list has no end, or may not be whole.

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
