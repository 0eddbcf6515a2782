//! The network's call limit: a pure state machine. Time is passed in; it never sleeps.
//!
//! It is unknown which window the real network has, and whether refused calls count; so every form is here, together
//! with the calls of the other affiliates that share the limit. All times count from the start of the sandbox.

use std::collections::VecDeque;
use std::time::Duration;

use crate::sandbox::others::{Crowd, Others, Tally};
use crate::sandbox::refusal::Refusal;
use crate::settings::rate::Limit;

/// What the limit looks like from outside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// The number of calls, and the window.
    pub limit: Limit,
    /// How the time is counted.
    pub window: Window,
    /// What a refused call costs.
    pub refused: Refused,
    /// How a call over the limit is refused.
    pub refusal: Refusal,
    /// Who else uses the limit.
    pub others: Option<Others>,
}

impl Rules {
    /// The published limit, counted in the strictest way that forgives refused calls, with nobody else around.
    pub const PUBLISHED: Self = Self {
        limit: Limit::PUBLISHED,
        window: Window::Sliding,
        refused: Refused::Free,
        refusal: Refusal::PUBLISHED,
        others: None,
    };
}

/// How the calls of a window are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Window {
    /// At most N calls in any stretch of time as long as the window.
    Sliding,
    /// At most N calls from one multiple of the window to the next.
    Fixed,
    /// A bucket of N tokens, refilled evenly over the window.
    Bucket,
}

/// Whether a refused call counts against the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refused {
    /// It costs nothing.
    Free,
    /// It counts as if it had been answered: a client that keeps calling too fast is locked out for good.
    Counted,
}

/// What the limit says to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Within the limit.
    Pass,
    /// Over the limit.
    Refuse {
        /// When a call would pass, if no other came before.
        retry_in: Duration,
    },
}

/// The limit and what has been used of it.
#[derive(Clone, Debug)]
pub struct Limiter {
    usage: Usage,
    refused: Refused,
    crowd: Option<Crowd>,
    tally: Tally,
}

impl Limiter {
    /// A limit of which nothing is used yet.
    pub fn new(rules: Rules) -> Self {
        let Limit { calls, window } = rules.limit;
        let calls = calls.get();
        let usage = match rules.window {
            Window::Sliding => Usage::Sliding { calls: calls as usize, window, last: VecDeque::new() },
            Window::Fixed => Usage::Fixed { calls, window, begin: Duration::ZERO, used: 0 },
            Window::Bucket => Usage::Bucket { token: window / calls, full: window, empty_for: Duration::ZERO },
        };
        let crowd = rules.others.and_then(|others| Crowd::new(others, rules.limit));
        Self { usage, refused: rules.refused, crowd, tally: Tally::default() }
    }

    /// A call arrives; `now` must not go backwards. The calls of others until then are let in or refused first.
    pub fn arrive(&mut self, now: Duration) -> Verdict {
        self.advance(now);
        self.usage.arrive(now, self.refused)
    }

    /// How the calls of others fared until the last arrival.
    pub fn others(&self) -> Tally {
        self.tally
    }

    fn advance(&mut self, now: Duration) {
        while let Some((at, calls)) = self.crowd.as_mut().and_then(|crowd| crowd.next_until(now)) {
            for _ in 0..calls {
                self.tally.sent += 1;
                if self.usage.arrive(at, self.refused) != Verdict::Pass {
                    self.tally.refused += 1;
                }
            }
        }
    }
}

/// What has been used of the limit.
#[derive(Clone, Debug)]
enum Usage {
    /// The last N calls that count are enough: a call is over the limit while the oldest of them is in the window.
    Sliding {
        calls: usize,
        window: Duration,
        last: VecDeque<Duration>,
    },
    Fixed {
        calls: u32,
        window: Duration,
        begin: Duration,
        used: u32,
    },
    /// The bucket has a token while it lacks no more than all but one: `empty_for` is when it will be full again.
    Bucket {
        token: Duration,
        full: Duration,
        empty_for: Duration,
    },
}

impl Usage {
    fn arrive(&mut self, now: Duration, refused: Refused) -> Verdict {
        let retry_in = self.over_by(now, refused);
        if retry_in.is_zero() { Verdict::Pass } else { Verdict::Refuse { retry_in } }
    }

    /// Counts the call and says how long it came too early; zero = it passes.
    fn over_by(&mut self, now: Duration, refused: Refused) -> Duration {
        match self {
            Self::Sliding { calls, window, last } => {
                let free_at = |last: &VecDeque<Duration>| match last.front() {
                    Some(oldest) if last.len() >= *calls => oldest.saturating_add(*window),
                    _ => Duration::ZERO,
                };
                let over = free_at(last) > now;
                if !over || refused == Refused::Counted {
                    if last.len() >= *calls {
                        last.pop_front();
                    }
                    last.push_back(now);
                }
                if over { free_at(last).saturating_sub(now) } else { Duration::ZERO }
            }
            Self::Fixed { calls, window, begin, used } => {
                let past = now.saturating_sub(*begin);
                if past >= *window {
                    *begin = now.saturating_sub(remainder(past, *window));
                    *used = 0;
                }
                let over = *used >= *calls;
                // Refused calls change nothing here: the next window starts empty either way.
                if !over {
                    *used += 1;
                }
                if over { begin.saturating_add(*window).saturating_sub(now) } else { Duration::ZERO }
            }
            Self::Bucket { token, full, empty_for } => {
                let lacking = empty_for.saturating_sub(now).saturating_add(*token);
                let over = lacking.saturating_sub(*full);
                if over.is_zero() || refused == Refused::Counted {
                    *empty_for = now.saturating_add(lacking.min(*full));
                }
                if over.is_zero() || refused == Refused::Free { over } else { *token }
            }
        }
    }
}

/// What is left of `time` after whole windows.
fn remainder(time: Duration, window: Duration) -> Duration {
    let nanos = time.as_nanos().checked_rem(window.as_nanos()).unwrap_or(0);
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rules(window: Window, refused: Refused) -> Rules {
        let limit = Limit { calls: 3.try_into().unwrap(), window: Duration::from_secs(10) };
        Rules { limit, window, refused, ..Rules::PUBLISHED }
    }

    /// In seconds: when a call arrives, and whether it must pass.
    type Calls = &'static [(f64, bool)];

    #[test]
    fn each_window_counts_in_its_own_way() {
        let table: [(Window, Refused, Calls); 5] = [
            (
                Window::Sliding,
                Refused::Free,
                &[(0.0, true), (1.0, true), (2.0, true), (3.0, false), (9.9, false), (10.0, true), (10.5, false)],
            ),
            (
                Window::Sliding,
                Refused::Counted,
                &[(0.0, true), (1.0, true), (2.0, true), (3.0, false), (10.0, false), (12.0, true), (12.5, false)],
            ),
            (
                Window::Fixed,
                Refused::Free,
                &[(8.0, true), (9.0, true), (9.5, true), (9.9, false), (10.0, true), (10.0, true), (37.0, true)],
            ),
            (
                Window::Bucket,
                Refused::Free,
                &[(0.0, true), (0.0, true), (0.0, true), (3.3, false), (3.4, true), (6.6, false), (6.7, true)],
            ),
            (
                Window::Bucket,
                Refused::Counted,
                &[(0.0, true), (0.0, true), (0.0, true), (3.3, false), (3.4, false), (6.7, false), (10.1, true)],
            ),
        ];
        for (window, refused, calls) in table {
            let mut limiter = Limiter::new(rules(window, refused));
            for &(at, passes) in calls {
                let verdict = limiter.arrive(Duration::from_secs_f64(at));
                assert_eq!(verdict == Verdict::Pass, passes, "{window:?}, {refused:?}, at {at} s: {verdict:?}");
            }
        }
    }

    #[test]
    fn too_fast_a_pace_is_locked_out_for_good_where_refused_calls_count() {
        let passed = |window, refused| {
            let mut limiter = Limiter::new(rules(window, refused));
            (0..1000).filter(|&second| limiter.arrive(Duration::from_secs(second)) == Verdict::Pass).count()
        };
        assert_eq!([Window::Sliding, Window::Fixed].map(|window| passed(window, Refused::Free)), [300, 300]);
        assert_eq!([Window::Sliding, Window::Fixed].map(|window| passed(window, Refused::Counted)), [3, 300]);
        assert_eq!([Refused::Free, Refused::Counted].map(|refused| passed(Window::Bucket, refused)), [302, 3]);
    }

    proptest! {
        #[test]
        fn a_sliding_window_never_holds_more_than_the_limit(gaps in prop::collection::vec(0_u64..5_000, 1..200)) {
            let mut limiter = Limiter::new(rules(Window::Sliding, Refused::Free));
            let mut now = Duration::ZERO;
            let mut passed = Vec::new();
            for gap in gaps {
                now += Duration::from_millis(gap);
                if limiter.arrive(now) == Verdict::Pass {
                    passed.push(now);
                }
            }
            prop_assert!(passed.windows(4).all(|four| four[3] >= four[0] + Duration::from_secs(10)));
        }

        #[test]
        fn a_refused_call_passes_at_the_given_time_and_not_before(
            gaps in prop::collection::vec(0_u64..5_000, 1..50),
            window in prop::sample::select(vec![Window::Sliding, Window::Fixed, Window::Bucket]),
            refused in prop::sample::select(vec![Refused::Free, Refused::Counted]),
        ) {
            let mut limiter = Limiter::new(rules(window, refused));
            let mut now = Duration::ZERO;
            for gap in gaps {
                now += Duration::from_millis(gap);
                if let Verdict::Refuse { retry_in } = limiter.arrive(now) {
                    prop_assert_eq!(limiter.clone().arrive(now + retry_in), Verdict::Pass);
                    let early = now + retry_in.saturating_sub(Duration::from_nanos(1));
                    prop_assert_ne!(limiter.clone().arrive(early), Verdict::Pass);
                }
            }
        }
    }
}
