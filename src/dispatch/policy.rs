//! What the user decides about calls, and the bounds that no setting moves.
//!
//! Values only: must not decide anything.

use std::time::Duration;

use crate::settings::rate::Rate;

/// What the user decides about calls.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// The network's limit.
    pub rate: Rate,
    /// The most calls in flight at once.
    pub concurrency: usize,
    /// Retries of a request after a transient failure.
    pub retries: u32,
    /// The longest time without a success that the run waits for.
    pub max_outage: Duration,
    /// How long calls may be sent, from the start of the run.
    pub max_duration: Option<Duration>,
}

impl Policy {
    /// The longest a request is tried, not counting the time in which the whole run stood still.
    pub(crate) const MAX_EFFORT: Duration = Duration::from_secs(180);
    /// A longer `Retry-After` ends the run.
    pub const LONGEST_WAIT: Duration = Duration::from_secs(300);
    /// The gap between calls that is taken for the usual one where there is no limit, and at most.
    pub(crate) const GAPS: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(15));
    /// No limit asks for a wait this long: monthly quotas are the longest there are.
    pub const NO_WAIT: Duration = Duration::from_secs(32 * 86_400);
}
