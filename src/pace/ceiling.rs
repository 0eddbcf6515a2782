//! The hard ceiling: governor's GCRA over a clock that is set by hand, with nothing to spend at the start.
//!
//! Knows only when own calls left. It must not adapt to anything: the parts above it do.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use governor::{Quota, RateLimiter};

use crate::budget::terms::Lease;
use crate::settings::rate::Limit;

/// Timers are no finer than a millisecond and late by a few; what falls due within this time may leave together.
const TIMER_SLACK: Duration = Duration::from_millis(10);

/// Where calls leave one by one, a call that is late by up to this part of the window does not make the next ones late:
/// on a busy machine every timer is late, and 2 ms a call would be 1 % of the pace. It is half of the margin.
const FORGIVEN: u32 = 1000;

/// Where timers are hardly finer than the time between two calls, hosts cannot take turns.
const SHORTEST_TURN: Duration = Duration::from_millis(20);

/// A burst costs its size in pace (burst + window / period <= N), so it is at most this part of N.
const BURST_PER_CALLS: u32 = 100;

/// The longest window of a share. Only absurd limits get there; times stay far from overflow.
const LONGEST: Duration = Duration::from_secs(365 * 86_400);

/// How calls follow each other; all zero where nothing limits them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rhythm {
    /// From one call to the next.
    pub(crate) period: Duration,
    /// How late a call may be without the next ones having to be late too.
    pub(crate) slack: Duration,
}

/// Never more calls in any window than the limit allows, at the door where they leave.
#[derive(Debug)]
pub(crate) struct Ceiling {
    limiter: RateLimiter<NotKeyed, Spent, ToldClock, NoOpMiddleware<Nanos>>,
    spent: Spent,
    clock: ToldClock,
    start: Instant,
    period: Duration,
    /// How late a call may be without the next ones having to be late too.
    slack: Duration,
    /// The part of that which governor does not know of, since it is not a burst.
    forgiven: Duration,
    /// One of the slots in which calls leave, where hosts take turns.
    slot: Option<Instant>,
}

impl Ceiling {
    pub(crate) fn new(limit: Limit, now: Instant) -> Self {
        let burst = burst(limit);
        let period = period(limit, burst);
        Self::with_period(period, burst, limit.window / FORGIVEN, now)
    }

    /// The ceiling of a lease: calls leave in its slots, and one that is late does not make the next ones late.
    pub(crate) fn leased(lease: &Lease, now: Instant) -> Self {
        let share = share(lease.limit, lease.stride);
        let period = lease.period();
        if period < SHORTEST_TURN {
            return Self::new(share, now);
        }
        let mut ceiling = Self::with_period(period, NonZeroU32::MIN, share.window / FORGIVEN, now);
        if let Some(slot) = lease.slot {
            ceiling.slot = Some(slot);
            ceiling.spent.set(Nanos::from((now + ceiling.until_slot(slot, now)).saturating_duration_since(now)));
        }
        ceiling
    }

    /// Moves the slots, unless they are hardly elsewhere than before.
    pub(crate) fn align(&mut self, lease: &Lease) {
        let (Some(old), Some(new)) = (self.slot, lease.slot) else { return };
        let after = self.until_slot(new, old);
        let apart = after.min(self.period.saturating_sub(after));
        if apart > self.period / lease.stride.get() / 4 {
            self.slot = Some(new);
            let due = self.start + Duration::from(self.spent.get());
            let earlier = due.checked_sub(self.period / 2).unwrap_or(due);
            let due = earlier + self.until_slot(new, earlier);
            self.spent.set(Nanos::from(due.saturating_duration_since(self.start)));
        }
    }

    /// From `now` to the next slot, if `slot` is one of them; nothing if it is one.
    fn until_slot(&self, slot: Instant, now: Instant) -> Duration {
        let since = self.since_slot(slot, now);
        if since.is_zero() { since } else { self.period.saturating_sub(since) }
    }

    /// From the last slot to `now`.
    fn since_slot(&self, slot: Instant, now: Instant) -> Duration {
        let period = self.period.as_nanos().max(1);
        let rest = |time: Duration| Duration::from_nanos(u64::try_from(time.as_nanos() % period).unwrap_or_default());
        match now.checked_duration_since(slot) {
            Some(after) => rest(after),
            None => rest(self.period.saturating_sub(rest(slot.saturating_duration_since(now)))),
        }
    }

    /// `slack` is for calls that leave one by one.
    fn with_period(period: Duration, burst: NonZeroU32, slack: Duration, now: Instant) -> Self {
        let burst_time = period * (burst.get() - 1);
        let slack = if burst_time.is_zero() { slack } else { burst_time };
        let (spent, clock) = (Spent::default(), ToldClock::default());
        let quota = Quota::with_period(period).unwrap_or(Quota::per_second(NonZeroU32::MIN)).allow_burst(burst);
        let limiter = RateLimiter::new(quota, spent.clone(), clock.clone());
        // A new limiter is full. As if the whole burst had just left:
        spent.set(Nanos::from(period) + Nanos::from(burst_time));
        let forgiven = slack.saturating_sub(burst_time);
        Self { limiter, spent, clock, start: now, period, slack, forgiven, slot: None }
    }

    /// When the next call may leave; `now` if it may at once.
    pub(crate) fn earliest(&self, now: Instant) -> Instant {
        self.tell(now);
        let before = self.spent.get();
        let answer = self.limiter.check();
        // governor cannot be asked without taking; what was only a question is given back.
        self.spent.set(before);
        match answer {
            Ok(()) => now,
            Err(not_until) => self.start + Duration::from(not_until.earliest_possible()),
        }
    }

    /// Counts a call, even one that did not wait.
    pub(crate) fn send(&self, now: Instant) {
        let due = self.start + Duration::from(self.spent.get());
        let late = now.saturating_duration_since(due);
        // Later than a period is not late: there was nothing to send.
        let forgiven = match self.slot {
            Some(slot) => self.since_slot(slot, now),
            None if late < self.period => late.min(self.forgiven),
            None => Duration::ZERO,
        };
        self.tell(now.checked_sub(forgiven).unwrap_or(now));
        if self.limiter.check().is_err() {
            self.spent.set(self.spent.get() + Nanos::from(self.period));
        }
    }

    pub(crate) fn period(&self) -> Duration {
        self.period
    }

    /// How late a call may be without the next ones having to be late too.
    pub(crate) fn slack(&self) -> Duration {
        self.slack
    }

    /// Both together.
    pub(crate) fn rhythm(&self) -> Rhythm {
        Rhythm { period: self.period, slack: self.slack }
    }

    fn tell(&self, now: Instant) {
        let nanos = Nanos::from(now.saturating_duration_since(self.start));
        self.clock.0.store(nanos.as_u64(), Ordering::Relaxed);
    }
}

/// The part of a limit that one of `runs` runs keeps to, as a limit of its own. All parts together never exceed it.
pub(crate) fn share(limit: Limit, runs: NonZeroU32) -> Limit {
    match NonZeroU32::new(limit.calls.get() / runs) {
        Some(calls) => Limit { calls, window: limit.window },
        None => Limit {
            calls: NonZeroU32::MIN,
            window: limit.window.saturating_mul(runs.get().div_ceil(limit.calls.get())).min(LONGEST),
        },
    }
}

/// The calls that fall due within [`TIMER_SLACK`]: 1 up to 100 calls per second.
fn burst(limit: Limit) -> NonZeroU32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and `as` saturates")]
    let due = (limit.per_second() * TIMER_SLACK.as_secs_f64()).ceil() as u32;
    NonZeroU32::new(due.min(limit.calls.get() / BURST_PER_CALLS)).unwrap_or(NonZeroU32::MIN)
}

/// Any half-open window holds at most burst + ceil(window / period) - 1 departures; with the margin on the window,
/// as many arrivals.
fn period(limit: Limit, burst: NonZeroU32) -> Duration {
    let steady = limit.calls.get() - (burst.get() - 1);
    // Bursts cost enough of the pace; there the arrival window alone keeps arrivals apart.
    let margin = if burst == NonZeroU32::MIN { Limit::MARGIN } else { 0.0 };
    let nanos = limit.window.as_nanos() as f64 * (1.0 + margin) / f64::from(steady);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and `as` saturates")]
    let nanos = nanos.ceil() as u64;
    Duration::from_nanos(nanos).clamp(Duration::from_nanos(1), 2 * LONGEST)
}

/// A clock that stands still until it is set: nanoseconds since the limiter was made.
#[derive(Clone, Debug, Default)]
struct ToldClock(Arc<AtomicU64>);

impl Clock for ToldClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::new(self.0.load(Ordering::Relaxed))
    }
}

/// What governor remembers (the theoretical arrival time of the next call), where it can be looked at.
#[derive(Clone, Debug, Default)]
struct Spent(Arc<AtomicU64>);

impl Spent {
    fn get(&self) -> Nanos {
        Nanos::new(self.0.load(Ordering::Relaxed))
    }

    fn set(&self, spent: Nanos) {
        self.0.store(spent.as_u64(), Ordering::Relaxed);
    }
}

impl StateStore for Spent {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _key: &NotKeyed, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let (answer, spent) = f(Some(self.get()))?;
        self.set(spent);
        Ok(answer)
    }
}

#[cfg(test)]
mod tests;
