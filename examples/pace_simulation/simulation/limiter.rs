//! Limiters that act as real ones do: what they count, how long they ban, what their refusals look like.

use std::collections::VecDeque;
use std::time::Duration;

use super::engine::{Looks, Refusal, Reply};

/// How a limiter counts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Counts {
    /// So many from one full window to the next, the first beginning with the first call: most libraries.
    Fixed(u32, Duration),
    /// So many in any window.
    Sliding(u32, Duration),
    /// None sooner than this after the last that passed: nginx's `limit_req` without burst. It counts in milliseconds.
    Gap(Duration),
    /// A bucket of so many, refilled with so many per second: nginx with burst, GCRA.
    Bucket(u32, f64),
    /// vsthrottle: the same, but each call that passes rounds what was refilled since the last one down to whole calls.
    WholeTokens(u32, Duration),
    /// `mod_evasive`: so many without a pause of this many whole seconds.
    Pauseless(u32, u64),
    /// So many calls at a time, each of which takes so long: nginx's `limit_conn`, a pool of workers.
    AtATime(u32, Duration),
    /// The same, and none sooner than this after the last that passed.
    AtATimeApart(u32, Duration, Duration),
    /// A bucket of the first number, to which the second is added as the clock goes on to the next second.
    Seconds(u32, u32),
}

/// Bans that double last no longer than this, and begin anew after so long without a refusal.
const LONGEST_BAN: Duration = Duration::from_secs(64);
const FORGIVEN_AFTER: Duration = Duration::from_secs(30);

/// A limiter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limiter {
    pub(crate) counts: Counts,
    /// Refused calls count like any other: `HAProxy`.
    pub(crate) refused_count: bool,
    /// Who is refused is refused for so long.
    pub(crate) ban: Duration,
    /// Each call within a ban begins it anew: `mod_evasive`.
    pub(crate) prolongs: bool,
    /// And makes it twice as long, up to a minute, until half a minute without a refusal.
    pub(crate) doubles: bool,
    /// Refusals say how long the ban lasts, or this long.
    pub(crate) tells: Option<Tells>,
    /// Refusals are held back for so long: a tarpit.
    pub(crate) holds: Duration,
    /// How long a call takes that passes, where that is not what counts.
    pub(crate) takes: Duration,
    /// Each call of this number fails by itself; none if it is zero.
    pub(crate) fails: u32,
    /// A call for which there is no place waits for one for so long, and is refused then: `timeout queue`, `acquire`.
    pub(crate) queue: Duration,
    /// At the end of each of the first times the server answers nothing for the second.
    pub(crate) stalls: Option<(Duration, Duration)>,
    pub(crate) looks: Looks,
}

/// What a `Retry-After` says.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tells {
    /// The rest of the ban, in whole seconds.
    Ban,
    /// Always the same.
    Always(Duration),
}

impl Limiter {
    /// Refuses at once and forgets refused calls.
    pub(crate) const fn new(counts: Counts) -> Self {
        let (ban, holds) = (Duration::ZERO, Duration::ZERO);
        Self {
            counts,
            refused_count: false,
            ban,
            prolongs: false,
            doubles: false,
            tells: None,
            holds,
            takes: Duration::ZERO,
            fails: 0,
            queue: Duration::ZERO,
            stalls: None,
            looks: Looks::Throttle,
        }
    }
}

/// What it has seen.
#[derive(Debug)]
pub(crate) struct State {
    limiter: Limiter,
    begun: Option<Duration>,
    used: u32,
    counted: VecDeque<Duration>,
    banned: Duration,
    /// How long the next ban is, and when a call was last refused.
    ban: Duration,
    refused: Option<Duration>,
    last: Option<Duration>,
    tokens: f64,
    /// How long the last call was in line.
    waited: Duration,
    calls: u32,
}

impl State {
    pub(crate) fn new(limiter: Limiter) -> Self {
        let tokens = match limiter.counts {
            Counts::Bucket(most, _) | Counts::WholeTokens(most, _) | Counts::Seconds(most, _) => f64::from(most),
            _ => 0.0,
        };
        let (begun, last, counted) = (None, None, VecDeque::new());
        let (ban, refused) = (limiter.ban, None);
        Self {
            limiter,
            begun,
            used: 0,
            counted,
            banned: Duration::ZERO,
            ban,
            refused,
            last,
            tokens,
            waited: Duration::ZERO,
            calls: 0,
        }
    }

    /// What becomes of a call that arrives.
    pub(crate) fn reply(&mut self, now: Duration) -> Reply {
        let Limiter { looks, holds, queue, .. } = self.limiter;
        match self.arrives(now) {
            Ok(()) => Reply { refused: None, takes: self.waited + self.takes(now) },
            Err(retry_after) => Reply { refused: Some(Refusal { looks, retry_after }), takes: holds + queue },
        }
    }

    /// Whether a call passes; else how long the refusal says to wait.
    pub(crate) fn arrives(&mut self, now: Duration) -> Result<(), Option<Duration>> {
        self.calls = self.calls.wrapping_add(1);
        if self.limiter.fails > 0 && self.calls.is_multiple_of(self.limiter.fails) {
            return Err(None);
        }
        let passes = now >= self.banned && self.fits(now);
        if !passes && (now >= self.banned || self.limiter.prolongs) {
            self.ban = self.next_ban(now);
            self.banned = now + self.ban;
        }
        if !passes {
            self.refused = Some(now);
        }
        if passes { Ok(()) } else { Err(self.retry_after(now)) }
    }

    fn next_ban(&self, now: Duration) -> Duration {
        let forgiven = self.refused.is_none_or(|refused| now > refused + FORGIVEN_AFTER);
        match (self.limiter.doubles, now < self.banned) {
            (true, true) => (2 * self.ban).min(LONGEST_BAN),
            (true, false) if !forgiven => self.ban,
            _ => self.limiter.ban,
        }
    }

    /// How long a call that passes takes.
    fn takes(&self, now: Duration) -> Duration {
        let (Counts::AtATime(_, takes) | Counts::AtATimeApart(_, takes, _)) = self.limiter.counts else {
            return self.limiter.takes;
        };
        let stall = self.limiter.stalls.map_or(Duration::ZERO, |(every, lasts)| {
            let ends = every.mul_f64((now.as_secs_f64() / every.as_secs_f64()).ceil());
            if now + takes + lasts > ends { ends.saturating_sub(now + takes) } else { Duration::ZERO }
        });
        takes + stall
    }

    fn retry_after(&self, now: Duration) -> Option<Duration> {
        match self.limiter.tells? {
            Tells::Ban => Some(Duration::from_secs_f64(self.banned.saturating_sub(now).as_secs_f64().ceil())),
            Tells::Always(time) => Some(time),
        }
    }

    fn fits(&mut self, now: Duration) -> bool {
        let refused_count = self.limiter.refused_count;
        match self.limiter.counts {
            Counts::Fixed(calls, window) => self.fits_window(calls, window, now),
            Counts::Sliding(calls, window) => {
                while self.counted.front().is_some_and(|at| *at + window <= now) {
                    self.counted.pop_front();
                }
                let fits = self.counted.len() < calls as usize;
                if fits || refused_count {
                    self.counted.push_back(now);
                }
                fits
            }
            Counts::Gap(gap) => {
                let now = Duration::from_millis(u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
                let fits = self.last.is_none_or(|last| now >= last + gap);
                if fits || refused_count {
                    self.last = Some(now);
                }
                fits
            }
            Counts::Bucket(most, per_second) => {
                self.refill(now, most, |gone| gone * per_second);
                self.last = Some(now);
                self.take()
            }
            Counts::WholeTokens(most, window) => {
                self.refill(now, most, |gone| (gone / window.as_secs_f64() * f64::from(most)).floor());
                let fits = self.take();
                if fits {
                    self.last = Some(now);
                }
                fits
            }
            Counts::AtATime(calls, _) => self.fits_at_a_time(calls, Duration::ZERO, now),
            Counts::AtATimeApart(calls, _, gap) => self.fits_at_a_time(calls, gap, now),
            Counts::Seconds(most, per_second) => {
                let gone = self.last.map_or(0, |last| now.as_secs() - last.as_secs());
                self.tokens = (self.tokens + gone as f64 * f64::from(per_second)).min(f64::from(most));
                self.last = Some(now);
                self.take()
            }
            Counts::Pauseless(calls, pause) => {
                let paused = self.last.is_none_or(|last| now.as_secs() - last.as_secs() >= pause);
                let fits = paused || self.used < calls;
                if paused {
                    self.used = 0;
                }
                self.last = Some(now);
                self.used += 1;
                fits
            }
        }
    }

    fn fits_at_a_time(&mut self, calls: u32, gap: Duration, now: Duration) -> bool {
        self.counted.retain(|ends| *ends > now);
        let mut ends: Vec<Duration> = self.counted.iter().copied().collect();
        ends.sort_unstable();
        let free_at = ends.len().checked_sub(calls as usize).and_then(|place| ends.get(place)).copied();
        self.waited = free_at.map_or(Duration::ZERO, |free_at| free_at.saturating_sub(now));
        let fits = self.waited <= self.limiter.queue && self.last.is_none_or(|last| now >= last + gap);
        if fits {
            self.counted.push_back(now + self.waited + self.takes(now));
            self.last = Some(now);
        }
        fits
    }

    fn fits_window(&mut self, calls: u32, window: Duration, now: Duration) -> bool {
        if self.begun.is_none_or(|begun| now >= begun + window) {
            (self.begun, self.used) = (Some(now), 0);
        }
        let fits = self.used < calls;
        self.used += u32::from(fits || self.limiter.refused_count);
        fits
    }

    fn refill(&mut self, now: Duration, most: u32, tokens: impl Fn(f64) -> f64) {
        let gone = self.last.map_or(0.0, |last| now.saturating_sub(last).as_secs_f64());
        self.tokens = (self.tokens + tokens(gone)).min(f64::from(most));
    }

    fn take(&mut self) -> bool {
        let fits = self.tokens >= 1.0;
        self.tokens -= f64::from(u8::from(fits));
        fits
    }
}
