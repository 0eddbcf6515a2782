//! How long the bans of a limiter last, learned from one for the next: then one refusal comes before a ban is over, not five.
//!
//! A ban ends a certain time after the first refusal or, where each call in it begins it anew, after a certain silence.
//! Knows only when calls were refused and passed; `cooldown` keeps the silence. Learns from refusals that look like bans:
//! those that say "too many calls" most often come from a window, which is free again at another time each time.

use std::time::{Duration, Instant};

/// Nothing passed for this many windows after a refusal: that is a ban. Without one, a window is free again by then.
const SHORTEST: f64 = 1.02;

/// A limiter starts counting anew after a ban. If it refuses a call within this part of a window, others use up the limit.
const TOO_SOON: f64 = 0.8;

/// Learns how long bans last.
#[derive(Debug)]
pub(crate) struct BanLength {
    window: Duration,
    row: Option<Row>,
    known: Option<Known>,
    over_at: Option<Instant>,
}

/// Refusals with no success between them.
#[derive(Clone, Copy, Debug)]
struct Row {
    /// When the first and the last of the calls left.
    first: Instant,
    last: Instant,
    refusals: u32,
    /// The silence that was known turned out to be too short.
    needs_longer: bool,
}

/// What is known of the length of bans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    /// A call passed after this silence. Perhaps that is not what it takes, but the time since the first refusal.
    Silence(Duration),
    /// It takes this long from the first refusal.
    Whole(Duration),
}

impl BanLength {
    /// For a limit with this window.
    pub(crate) fn new(window: Duration) -> Self {
        Self { window, row: None, known: None, over_at: None }
    }

    /// A call that left at `left` was refused. Returns how long to be silent, if that is known.
    pub(crate) fn refused(&mut self, left: Instant) -> Option<Duration> {
        if let Some(row) = &mut self.row {
            (row.last, row.refusals) = (left, row.refusals.saturating_add(1));
            row.needs_longer |= matches!(self.known.take(), Some(Known::Silence(_)));
            return None;
        }
        self.row = Some(Row { first: left, last: left, refusals: 1, needs_longer: false });
        if self.over_at.is_some_and(|over_at| left < over_at + self.window.mul_f64(TOO_SOON)) {
            self.known = None;
        }
        self.known.map(|known| match known {
            Known::Silence(time) | Known::Whole(time) => time,
        })
    }

    /// A call that left at `left` passed.
    pub(crate) fn passed(&mut self, left: Instant) {
        let Some(row) = self.row.take() else { return };
        self.over_at = Some(left);
        let whole = left.saturating_duration_since(row.first);
        if row.refusals < 2 || whole < self.window.mul_f64(SHORTEST) {
            return;
        }
        let silence = left.saturating_duration_since(row.last);
        let may_be_silence = silence >= self.window && !row.needs_longer;
        self.known = Some(if may_be_silence { Known::Silence(silence) } else { Known::Whole(whole) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Calls that were refused at these seconds after the start, and one that passed.
    fn ban(length: &mut BanLength, start: Instant, refused: &[u64], passed: u64) -> Vec<Option<u64>> {
        let silences = refused.iter().map(|at| length.refused(start + SECOND * u32::try_from(*at).unwrap()));
        let silences = silences.map(|silence| silence.map(|silence| silence.as_secs())).collect();
        length.passed(start + SECOND * u32::try_from(passed).unwrap());
        silences
    }

    #[test]
    fn a_ban_teaches_how_long_the_next_one_lasts() {
        for (name, refused, passed, next) in [
            ("10 s from the first refusal", vec![0, 2, 5], 11, Some(11)),
            ("10 s from each refusal", vec![0, 2, 5, 11], 22, Some(11)),
            ("30 s from the first refusal", vec![0, 2, 5, 11, 21], 42, Some(21)),
            ("a window that was full", vec![0, 2, 5], 9, None),
            ("a cooldown that was enough", vec![0], 60, None),
        ] {
            let mut length = BanLength::new(10 * SECOND);
            let start = Instant::now();
            assert!(ban(&mut length, start, &refused, passed).iter().all(Option::is_none), "{name}");
            assert_eq!(ban(&mut length, start, &[100], 150), [next], "{name}");
            assert_eq!(ban(&mut length, start, &[200], 250), [next], "{name}: it was enough");
        }
    }

    #[test]
    fn where_the_silence_is_not_enough_the_time_since_the_first_refusal_is() {
        let mut length = BanLength::new(10 * SECOND);
        let start = Instant::now();
        ban(&mut length, start, &[0, 2, 5, 11, 21], 32);
        assert_eq!(ban(&mut length, start, &[100, 111], 132), [Some(11), None]);
        assert_eq!(ban(&mut length, start, &[200], 240), [Some(32)]);
        assert_eq!(ban(&mut length, start, &[300, 332], 343), [Some(32), None], "longer than ever");
        assert_eq!(ban(&mut length, start, &[400], 450), [Some(11)]);
    }

    #[test]
    fn refused_again_soon_it_was_no_ban() {
        for (again, next) in [(12, None), (18, None), (20, Some(11))] {
            let mut length = BanLength::new(10 * SECOND);
            let start = Instant::now();
            ban(&mut length, start, &[0, 2], 11);
            assert_eq!(ban(&mut length, start, &[again], 100), [next], "after {again} s");
        }
    }
}
