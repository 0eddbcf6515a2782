//! Limiters that do as real ones do, on loopback: what they count, how long they ban, what their refusals look like.
//!
//! One call passes or not by the limiter alone; an export that always has something to send meets it with another client
//! beside it. Virtual time, and the same seed gives the same run.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use offerlinks::pace::{Pace, Permit, Signal};

use super::others::Dice;

/// How a limiter counts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Counts {
    /// So many from one full window to the next, the first beginning with the first call: most libraries.
    Fixed(u32, Duration),
    /// So many in any window.
    Sliding(u32, Duration),
    /// None sooner than this after the last that passed: nginx's `limit_req` without burst.
    Gap(Duration),
}

/// What follows when it is too much.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limiter {
    pub(crate) counts: Counts,
    /// Refused calls count like any other: `HAProxy`.
    pub(crate) refused_count: bool,
    /// Who is refused is refused for so long.
    pub(crate) ban: Duration,
    /// Each call within a ban begins it anew: `mod_evasive`.
    pub(crate) prolongs: bool,
    /// Refusals say how long the ban lasts.
    pub(crate) tells: bool,
    /// Refusals are held back for so long: a tarpit.
    pub(crate) holds: Duration,
}

impl Limiter {
    /// Refuses at once and forgets refused calls.
    pub(crate) const fn new(counts: Counts) -> Self {
        let (ban, holds) = (Duration::ZERO, Duration::ZERO);
        Self { counts, refused_count: false, ban, prolongs: false, tells: false, holds }
    }
}

/// The other client, which never slows.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Other {
    Nobody,
    /// At exactly regular times.
    Every(Duration),
    /// By chance, so many calls a second.
    Poisson(f64),
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peace {
    pub(crate) passed: u32,
    pub(crate) refused: u32,
    /// When the last of the offers passed, or the time was over.
    pub(crate) took: Duration,
    pub(crate) other_passed: u32,
    pub(crate) other_refused: u32,
    /// When our calls passed.
    pub(crate) passes: Vec<Duration>,
}

impl Peace {
    /// Calls of ours that passed, per second.
    pub(crate) fn pace(&self) -> f64 {
        f64::from(self.passed) / self.took.as_secs_f64()
    }

    /// The same from `from` on.
    pub(crate) fn pace_from(&self, from: Duration) -> f64 {
        let passes = self.passes.iter().filter(|at| **at >= from).count();
        passes as f64 / self.took.saturating_sub(from).as_secs_f64()
    }
}

struct State {
    limiter: Limiter,
    begun: Option<Duration>,
    used: u32,
    counted: VecDeque<Duration>,
    banned: Duration,
    last: Option<Duration>,
}

impl State {
    fn new(limiter: Limiter) -> Self {
        Self { limiter, begun: None, used: 0, counted: VecDeque::new(), banned: Duration::ZERO, last: None }
    }

    /// Whether a call passes; else how long the refusal says to wait.
    fn arrives(&mut self, now: Duration) -> Result<(), Option<Duration>> {
        let Limiter { ban, tells, .. } = self.limiter;
        if now < self.banned {
            if self.limiter.prolongs {
                self.banned = now + ban;
            }
            return Err(tells.then(|| self.banned.saturating_sub(now)));
        }
        let passes = self.fits(now);
        if !passes && !ban.is_zero() {
            self.banned = now + ban;
            return Err(tells.then_some(ban));
        }
        if passes { Ok(()) } else { Err(None) }
    }

    fn fits(&mut self, now: Duration) -> bool {
        let counted = self.limiter.refused_count;
        match self.limiter.counts {
            Counts::Fixed(calls, window) => {
                if self.begun.is_none_or(|begun| now >= begun + window) {
                    (self.begun, self.used) = (Some(now), 0);
                }
                let fits = self.used < calls;
                self.used += u32::from(fits || counted);
                fits
            }
            Counts::Sliding(calls, window) => {
                while self.counted.front().is_some_and(|at| *at + window <= now) {
                    self.counted.pop_front();
                }
                let fits = self.counted.len() < calls as usize;
                if fits || counted {
                    self.counted.push_back(now);
                }
                fits
            }
            Counts::Gap(gap) => {
                let fits = self.last.is_none_or(|last| now >= last + gap);
                if fits || counted {
                    self.last = Some(now);
                }
                fits
            }
        }
    }
}

/// What an export of so many offers meets, within so much time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meeting {
    pub(crate) rate: &'static str,
    pub(crate) limiter: Limiter,
    pub(crate) other: Other,
    pub(crate) offers: u32,
    pub(crate) within: Duration,
    pub(crate) seed: u64,
}

/// From permit to arrival, and back.
const WAY: Duration = Duration::from_micros(500);
const CONCURRENCY: usize = 16;

/// What becomes of one of our calls.
#[derive(Clone, Copy, Debug)]
enum Event {
    Arrives(Permit),
    IsAnswered(Permit, Signal),
}

pub(crate) fn meet(meeting: Meeting) -> Peace {
    let t0 = Instant::now();
    let mut dice = Dice(meeting.seed);
    let mut state = State::new(meeting.limiter);
    let Ok(rate) = meeting.rate.parse() else { return Peace::default() };
    let mut pace = Pace::new(rate, t0).with_seed(meeting.seed);
    let mut story = Peace::default();
    let mut other = next_other(meeting.other, dice.part(Duration::from_millis(400)), &mut dice);
    let mut events: BTreeMap<(Duration, u32), Event> = BTreeMap::new();
    let (mut now, mut number) = (Duration::ZERO, 0);
    while now < meeting.within && story.passed < meeting.offers {
        story.took = now;
        let wake = match (events.len() < CONCURRENCY).then(|| pace.poll(t0 + now)) {
            Some(Ok(())) => {
                number += 1;
                events.insert((now + WAY, number), Event::Arrives(pace.send(t0 + now)));
                continue;
            }
            // Timers are late by a fraction of a millisecond.
            Some(Err(wait)) => wait.until - t0 + Duration::from_micros(270),
            None => meeting.within,
        };
        let event = events.first_key_value().map(|(key, _)| *key);
        now = [Some(wake), event.map(|(at, _)| at), other].into_iter().flatten().min().unwrap_or(wake);
        if other == Some(now) {
            match state.arrives(now) {
                Ok(()) => story.other_passed += 1,
                Err(_) => story.other_refused += 1,
            }
            other = next_other(meeting.other, now, &mut dice);
        } else if let Some(key) = event.filter(|(at, _)| *at == now) {
            match events.remove(&key) {
                Some(Event::Arrives(permit)) => {
                    let (after, signal) = story.arrived(state.arrives(now), now, meeting.limiter);
                    events.insert((now + after, key.1), Event::IsAnswered(permit, signal));
                }
                Some(Event::IsAnswered(permit, signal)) => pace.answered(permit, t0 + now, signal),
                None => {}
            }
        }
    }
    story
}

impl Peace {
    /// Notes what the limiter did with one of our calls; gives back the answer and how long it takes.
    fn arrived(&mut self, passes: Result<(), Option<Duration>>, now: Duration, limiter: Limiter) -> (Duration, Signal) {
        match passes {
            Ok(()) => {
                self.passed += 1;
                self.passes.push(now);
                (WAY, Signal::Passed)
            }
            Err(retry_after) => {
                self.refused += 1;
                (WAY + limiter.holds, Signal::Throttled { retry_after })
            }
        }
    }
}

fn next_other(other: Other, now: Duration, dice: &mut Dice) -> Option<Duration> {
    match other {
        Other::Nobody => None,
        Other::Every(gap) => Some(now + gap),
        Other::Poisson(per_second) => Some(now + dice.pause(per_second.recip())),
    }
}
