//! When the next call may leave: `ceiling` and `arrival_window` keep the limit, `aimd` and `cooldown` share it with others.
//!
//! | part | keeps | knows |
//! |---|---|---|
//! | `ceiling` | the limit, whatever else happens, across restarts too | when own calls left |
//! | `arrival_window` | the limit at the server, where calls arrive late and unevenly | when own calls were answered |
//! | `silence` | the number of calls small that wait for a server that answers none | how long answers take |
//! | `spacing`, `gap` | calls apart, for limiters that ask for a gap | which calls were refused, and how long after a success |
//! | `at_a_time` | as few calls in flight as a limiter of calls at a time takes | which calls were refused while others were in flight |
//! | `aimd` | the peace with everyone else who uses the same limit | which calls were refused |
//! | `cooldown` | quiet after a refusal, as long as the network asks | which calls were refused |
//!
//! Time is passed in; nothing sleeps. One waiter owns the [`Pace`]: it polls, sleeps until the instant it is given, polls
//! again, and takes the permit in the moment in which the call really leaves, so that no permit is spent in vain.

mod aimd;
mod arrival_window;
mod at_a_time;
mod ban;
mod ban_length;
mod ceiling;
mod cooldown;
mod gap;
mod hint;
mod limited;
mod pass_rate;
mod signal;
mod silence;
mod spacing;
mod travelling;
mod trial;

use std::time::{Duration, Instant};

pub(crate) use at_a_time::Explained;
pub(crate) use ceiling::Rhythm;
use cooldown::Cooldown;
use hint::Hint;
use limited::Limited;
pub use signal::{Signal, Trial};
use trial::Response;

use crate::budget::inheritance::StillCounting;
use crate::budget::terms::{Lease, Terms};
use crate::settings::rate::{Limit, Rate};

/// Recovery takes at least this: a server whose limit is written as `5/s` here is most often one of `50/10s`.
const SHORTEST_WINDOW: Duration = Duration::from_secs(10);

/// A run without a place asks again after this, unless it gets one before.
const NO_PLACE: Duration = Duration::from_secs(1);

/// The window that recovery and cooldowns go by.
fn window(limit: Limit) -> Duration {
    limit.window.max(SHORTEST_WINDOW)
}

/// Decides when the next call may leave. See the module for its parts.
#[derive(Debug)]
pub struct Pace {
    rate: Rate,
    terms: Terms,
    /// `None` without a limit: then only cooldowns hold calls back.
    limited: Option<Limited>,
    cooldown: Cooldown,
    hint: Hint,
    /// Others on this machine have made room by then.
    not_before: Instant,
    permits: u64,
}

/// No call may leave before `until`; poll again then, and after every answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Always later than the time that was polled with.
    pub until: Instant,
    /// What holds the call back for the longest.
    pub why: Why,
}

/// Why a call has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Others need room: the pace is below the limit.
    Aimd,
    /// Other hosts use the whole limit, and have not made room yet.
    Budget,
    /// As many own calls as the limit allows may still count at the server.
    ArrivalWindow,
    /// Calls are overdue: the server may not be reading.
    Silence,
    /// As many calls are in flight as the network takes at a time.
    AtATime,
    /// The period of the limit is not over: the normal case.
    Ceiling,
    /// The network refused a call.
    Frozen,
}

/// One call that has left; hand it back with its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permit {
    /// When the permit was taken.
    pub at: Instant,
    number: u64,
}

impl Pace {
    /// Starts with nothing to spend: the first call may leave after one period, so that restarts cannot add up to
    /// a burst.
    pub fn new(rate: Rate, now: Instant) -> Self {
        let limited = rate.limit().map(|limit| Limited::new(limit, now));
        let cooldown = Cooldown::new(rate.limit().map_or(SHORTEST_WINDOW, window));
        Self { rate, terms: Terms::ALL, limited, cooldown, hint: Hint::default(), not_before: now, permits: 0 }
    }

    /// Draws chance (by how much cooldowns are longer than they have to be) from this seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.cooldown.seed(seed);
        if let Some(limited) = &mut self.limited {
            limited.seed(seed);
        }
        self
    }

    /// May a call leave now? Asking costs nothing and changes nothing that matters.
    ///
    /// # Errors
    /// Says until when to wait, and why.
    pub fn poll(&mut self, now: Instant) -> Result<(), Wait> {
        let mut wait = Wait { until: self.cooldown.until().unwrap_or(now), why: Why::Frozen };
        if self.not_before > wait.until {
            wait = Wait { until: self.not_before, why: Why::Aimd };
        }
        if matches!(self.terms, Terms::Lease(Lease { places: 0, .. })) && wait.until <= now {
            wait = Wait { until: now + NO_PLACE, why: Why::Budget };
        }
        if let Some(limited) = &mut self.limited {
            for (until, why) in limited.earliest(now) {
                if until > wait.until {
                    wait = Wait { until, why };
                }
            }
        }
        if wait.until > now { Err(wait) } else { Ok(()) }
    }

    /// Takes the permit for a call that leaves now.
    ///
    /// Meant to follow an `Ok` of [`Self::poll`]; a call that leaves without one is counted all the same.
    pub fn send(&mut self, now: Instant) -> Permit {
        let permit = Permit { at: now, number: self.permits };
        self.permits += 1;
        if let Some(limited) = &mut self.limited {
            limited.send(permit, now);
        }
        permit
    }

    /// Takes in what became of a call: an answer, a failure, a timeout. Each permit comes back once.
    pub fn answered(&mut self, permit: Permit, now: Instant, signal: Signal) {
        if let Some(limited) = &mut self.limited {
            limited.back(permit, now, signal);
            let begins = match signal {
                Signal::Throttled { .. } | Signal::Suspected { .. } => Some(Trial::AtOnce),
                Signal::Unclear { .. } => Some(Trial::Never),
                Signal::Passed | Signal::Ignored | Signal::Lost => None,
            };
            let explained = begins.map(|begins| limited.too_many(permit, now, begins));
            if explained == Some(Explained::Yes) && !signal.asks_for_silence() {
                return;
            }
        }
        match signal {
            Signal::Passed => {
                self.cooldown.passed(permit.at);
                self.hint.passed(permit.at);
                if let Some(limited) = &mut self.limited {
                    limited.passed(permit.at, now);
                }
            }
            Signal::Throttled { retry_after } => self.refused(permit, now, retry_after, Trial::AtOnce),
            Signal::Suspected { silence } => self.refused(permit, now, silence, Trial::OnSigns),
            Signal::Unclear { trial } => {
                if let Some(limited) = &mut self.limited {
                    limited.unclear(permit.at, now, trial);
                }
            }
            Signal::Ignored | Signal::Lost => {}
        }
    }

    /// A call was refused without a reason, and that may be meant for the pace. Returns whether it was refused because too
    /// many were in flight: then the next one waits for an answer, and that is all. Else [`Self::answered`] follows.
    pub(crate) fn refused_beside_others(&mut self, permit: Permit, now: Instant) -> Explained {
        let Some(limited) = &mut self.limited else { return Explained::No };
        let explained = limited.too_many(permit, now, Trial::OnSigns);
        if explained == Explained::Yes {
            limited.back(permit, now, Signal::Unclear { trial: Trial::Never });
        }
        explained
    }

    /// How long to wait where a server that is full asks for that. It may be what it always says.
    pub(crate) fn wait_when_full(&mut self, permit: Permit, now: Instant, asked: Duration) -> Option<Duration> {
        let is_tried = self.limited.as_mut().is_some_and(Limited::names_time);
        if is_tried { self.hint.heed(asked, permit.at, now) } else { Some(asked) }
    }

    /// The call was refused for the pace.
    fn refused(&mut self, permit: Permit, now: Instant, silence: Option<Duration>, trial: Trial) {
        let response = self.limited.as_mut().map(|limited| limited.throttled(permit.at, now, silence, trial));
        if response != Some(Response::Gap) {
            match trial {
                Trial::AtOnce => self.cooldown.throttled(permit.at, now, silence),
                Trial::OnSigns | Trial::Never => self.cooldown.banned(permit.at, now, silence),
            };
        }
    }

    /// Keeps to these terms from now on.
    pub(crate) fn set_terms(&mut self, terms: Terms, now: Instant) {
        let before = std::mem::replace(&mut self.terms, terms);
        let (Some(limit), Some(limited)) = (self.rate.limit(), &mut self.limited) else { return };
        match terms {
            _ if terms == before => {}
            Terms::Part(parts) => limited.set_limit(ceiling::share(limit, parts), now),
            Terms::Lease(lease) => limited.set_lease(&lease, before, now),
        }
    }

    /// How many own calls may count at the server.
    pub(crate) fn counting(&mut self, now: Instant) -> u32 {
        let Some(limited) = &mut self.limited else { return 0 };
        u32::try_from(limited.counting(now)).unwrap_or(u32::MAX)
    }

    /// The own calls that may count at the server, for a run that comes after this one.
    pub(crate) fn still_counting(&mut self, now: Instant) -> StillCounting {
        self.limited.as_mut().map(|limited| limited.still_counting(now)).unwrap_or_default()
    }

    /// Counts the calls that other runs have left behind as if they were own ones.
    pub(crate) fn inherit(&mut self, left: &StillCounting, now: Instant) {
        if let Some(limited) = &mut self.limited {
            self.permits += limited.inherit(left, self.permits, now);
        }
    }

    /// No call leaves before `until`.
    pub fn hold_until(&mut self, until: Instant) {
        self.not_before = until;
    }

    /// The end of the silence that a refusal brought about, if it is not over.
    pub fn frozen_until(&self, now: Instant) -> Option<Instant> {
        self.cooldown.until().filter(|until| *until > now)
    }

    /// The pace aimed at, in calls per second; infinite without a limit.
    pub fn pace(&self) -> f64 {
        self.limited.as_ref().map_or(f64::INFINITY, Limited::pace)
    }

    /// How many calls the network takes at a time, once the run has learned that.
    pub(crate) fn at_a_time(&self) -> Option<usize> {
        self.limited.as_ref().and_then(Limited::at_a_time)
    }

    /// Whether a gap is kept after each call that passed, for a limiter that keeps calls apart.
    pub(crate) fn keeps_apart(&self) -> bool {
        self.limited.as_ref().is_some_and(Limited::keeps_apart)
    }

    /// Whether a refusal says something of its offer: not while it is being found out how far apart calls have to be.
    pub fn trusts_refusals(&self) -> bool {
        self.limited.as_ref().is_none_or(Limited::trusts_refusals)
    }

    /// How calls follow each other at the limit; no time at all without one.
    pub(crate) fn rhythm(&self) -> Rhythm {
        self.limited.as_ref().map(Limited::rhythm).unwrap_or_default()
    }

    /// The shortest time between two calls in the long run: the limit plus a margin; zero without a limit.
    pub fn period(&self) -> Duration {
        self.limited.as_ref().map_or(Duration::ZERO, Limited::period)
    }
}

#[cfg(test)]
mod laws;

#[cfg(test)]
mod tests;
