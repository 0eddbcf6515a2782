//! The gates on the way to a network, and what can be known of one.

/// A gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Check {
    Dns,
    Connection,
    Tls,
    Api,
    Key,
    Account,
    WhiteList,
    Limit,
    Offers,
    Clock,
    Budget,
}

impl Check {
    pub(super) const ALL: [Self; 11] = [
        Self::Dns,
        Self::Connection,
        Self::Tls,
        Self::Api,
        Self::Key,
        Self::Account,
        Self::WhiteList,
        Self::Limit,
        Self::Offers,
        Self::Clock,
        Self::Budget,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Dns => "DNS",
            Self::Connection => "connection",
            Self::Tls => "TLS",
            Self::Api => "API",
            Self::Key => "key",
            Self::Account => "account",
            Self::WhiteList => "white list",
            Self::Limit => "limit",
            Self::Offers => "offers",
            Self::Clock => "clock",
            Self::Budget => "budget",
        }
    }
}

/// What is known about a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CheckStatus {
    Pass,
    /// Open, but there is something to look at.
    Warn,
    Fail,
    Skipped,
}

impl CheckStatus {
    /// For programs; a promise.
    pub(super) const fn json(self) -> &'static str {
        match self {
            Self::Pass => "ok",
            Self::Warn => "warning",
            Self::Fail => "failed",
            Self::Skipped => "not_reached",
        }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Pass => "ok",
            Self::Warn => "warning",
            Self::Fail => "FAILED",
            Self::Skipped => "not reached",
        }
    }
}
