//! The age of a checkpoint, and so of its run's rows.
//!
//! Pure: the times are passed in. Clocks may have been wrong or were set since; that never makes a run look younger.

use std::time::Duration;

use jiff::Timestamp;

/// A younger run is resumed without being asked; the next night's run makes fresh rows.
const RECENT: Duration = Duration::from_secs(24 * 3600);
/// The time since a run's last commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Age {
    /// The time since then.
    Past(Duration),
    /// The clock has been set back: the checkpoint is this far in the future.
    Ahead(Duration),
    /// The checkpoint does not say.
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

    /// Whether a run is resumed without being asked. A clock that was corrected by hours, as on machines without a battery,
    /// does not prevent that; a date further ahead may hide any age.
    pub(crate) fn is_recent(self) -> bool {
        match self {
            Self::Past(age) | Self::Ahead(age) => age < RECENT,
            Self::Unknown => false,
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
        for (since, recent) in [
            (0, true),
            (90, true),
            (6 * HOUR - 1, true),
            (6 * HOUR, true),
            (24 * HOUR - 1, true),
            (24 * HOUR, false),
            (30 * 24 * HOUR, false),
            (-90, true),
            (-30 * 24 * HOUR, false),
        ] {
            let saved_at = Timestamp::from_second(1_800_000_000 - since).unwrap();
            assert_eq!(Age::of(Some(saved_at), now).is_recent(), recent, "{since}");
        }
        assert!(!Age::of(None, now).is_recent());
        assert!(!Age::of(Some(Timestamp::MIN), Timestamp::MAX).is_recent());
        assert!(!Age::of(Some(Timestamp::MAX), Timestamp::MIN).is_recent());
    }
}
