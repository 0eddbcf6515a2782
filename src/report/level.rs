//! How much a message matters, and who sees it.

use crate::settings::console::Verbosity;

/// How much a message matters, in the order that logs use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// Only with `-v`.
    Debug,
    /// What happens.
    Info,
    /// A result that is shown even with `--quiet`, though nothing went wrong.
    Notice,
    /// Something that needs attention, though the run continues.
    Warning,
    /// Why the run ended, or what it could not do.
    Error,
}

impl Level {
    /// The word for it in a log; a promise to programs.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// Whether the user wants to see it.
    pub(crate) const fn is_shown(self, verbosity: Verbosity) -> bool {
        match verbosity {
            Verbosity::Quiet => matches!(self, Self::Notice | Self::Error),
            Verbosity::Normal => !matches!(self, Self::Debug),
            Verbosity::Verbose => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ranks_above_an_error_and_quiet_shows_results_but_no_warnings() {
        let levels = [Level::Debug, Level::Info, Level::Notice, Level::Warning, Level::Error];
        assert!(levels.is_sorted());
        for (verbosity, shown) in [
            (Verbosity::Quiet, &[Level::Notice, Level::Error][..]),
            (Verbosity::Normal, &levels[1..]),
            (Verbosity::Verbose, &levels),
        ] {
            assert_eq!(levels.into_iter().filter(|level| level.is_shown(verbosity)).collect::<Vec<_>>(), shown);
        }
    }
}
