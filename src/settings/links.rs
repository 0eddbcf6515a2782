//! Which links of an offer are exported.

use std::fmt;

/// Which links of an offer are exported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Links {
    /// Those of all landing pages: one call for each offer.
    #[default]
    All,
    /// The offer's own link and pixel alone: up to 100 offers a call.
    Default,
}

impl Links {
    /// The most offers in one call, where the network accepts as many as the documentation suggests.
    pub fn offers_per_call(self) -> u64 {
        match self {
            Self::All => 1,
            Self::Default => 100,
        }
    }

    /// The other choice.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::All => Self::Default,
            Self::Default => Self::All,
        }
    }
}

impl fmt::Display for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "all",
            Self::Default => "default",
        })
    }
}

/// What is listed of each offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListColumns {
    /// Its ID and fields.
    Fields,
    /// The same and its own link (`list --links`).
    WithLinks,
}
