//! How old an interrupted run is, and what that means: its rows may be as old as that.
//!
//! Pure: the times are passed in. Clocks may have been wrong or set meanwhile, and never make a run younger than it says.

use std::time::Duration;

use jiff::Timestamp;

use crate::report::duration;

/// A run is gone on with unasked when it is younger: the next night's run makes fresh rows.
const RECENT: Duration = Duration::from_secs(24 * 3600);
/// From this age on even the quiet are told: rows from before are not of tonight.
const WORTH_TELLING: Duration = Duration::from_secs(6 * 3600);

/// The time since a run's last commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    /// So long ago.
    Past(Duration),
    /// Told by a clock that was so far ahead of what it is now.
    Ahead(Duration),
    /// Nobody knows.
    Unknown,
}

impl Age {
    pub(crate) fn of(saved_at: Option<Timestamp>, now: Timestamp) -> Self {
        let Some(saved_at) = saved_at else { return Self::Unknown };
        let age = now.duration_since(saved_at);
        match Duration::try_from(age) {
            Ok(past) => Self::Past(past),
            Err(_) => Self::Ahead(age.unsigned_abs()),
        }
    }

    /// Whether a run is gone on with though nobody asked for that. A clock that was corrected by hours, as after a start
    /// without a battery, is no reason against it; a date far ahead may hide any age.
    pub(crate) fn is_recent(self) -> bool {
        match self {
            Self::Past(age) | Self::Ahead(age) => age < RECENT,
            Self::Unknown => false,
        }
    }

    /// Whether even the quiet should hear of it.
    pub(crate) fn is_worth_telling(self) -> bool {
        match self {
            Self::Past(age) => age >= WORTH_TELLING,
            Self::Ahead(_) | Self::Unknown => true,
        }
    }

    /// `last saved 3h 05m ago`
    pub(crate) fn words(self) -> String {
        match self {
            Self::Past(age) if age < Duration::from_secs(1) => "last saved just now".to_owned(),
            Self::Past(age) => format!("last saved {} ago", duration(Duration::from_secs(age.as_secs()))),
            Self::Ahead(by) => format!("last saved when this machine's clock was {} ahead of now", duration(by)),
            Self::Unknown => "last saved nobody knows when".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_a_day_is_recent_whatever_the_clock_did_in_that_time() {
        const HOUR: i64 = 3600;
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        for (since, recent, worth_telling, words) in [
            (0, true, false, "last saved just now"),
            (90, true, false, "last saved 1m 30s ago"),
            (6 * HOUR - 1, true, false, "last saved 5h 59m ago"),
            (6 * HOUR, true, true, "last saved 6h 00m ago"),
            (24 * HOUR - 1, true, true, "last saved 23h 59m ago"),
            (24 * HOUR, false, true, "last saved 1d 0h ago"),
            (30 * 24 * HOUR, false, true, "last saved 30d 0h ago"),
            (-90, true, true, "last saved when this machine's clock was 1m 30s ahead of now"),
            (-30 * 24 * HOUR, false, true, "last saved when this machine's clock was 30d 0h ahead of now"),
        ] {
            let saved_at = Timestamp::from_second(1_800_000_000 - since).unwrap();
            let age = Age::of(Some(saved_at), now);
            assert_eq!((age.is_recent(), age.is_worth_telling(), age.words().as_str()), (recent, worth_telling, words));
        }
        let unknown = Age::of(None, now);
        assert!(!unknown.is_recent() && unknown.is_worth_telling());
        assert!(!Age::of(Some(Timestamp::MIN), Timestamp::MAX).is_recent());
        assert!(!Age::of(Some(Timestamp::MAX), Timestamp::MIN).is_recent());
    }
}
