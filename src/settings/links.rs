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

impl fmt::Display for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "all",
            Self::Default => "default",
        })
    }
}
