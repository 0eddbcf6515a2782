//! The parts of the pace that exist only where there is a limit, and who of them hears what.
//!
//! Decides nothing itself but one thing: where calls are kept apart, `aimd` does not learn.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use crate::budget::inheritance::{Arrived, MOST_GROUPS, StillCounting};
use crate::budget::terms::{Lease, Terms};
use crate::pace::aimd::Aimd;
use crate::pace::arrival_window::ArrivalWindow;
use crate::pace::at_a_time::{AtATime, Explained};
use crate::pace::ceiling::{self, Ceiling, Rhythm};
use crate::pace::signal::Trial;
use crate::pace::silence::Silence;
use crate::pace::spacing::Spacing;
use crate::pace::travelling::Travelling;
use crate::pace::trial::Response;
use crate::pace::{Permit, Signal, Why};
use crate::settings::rate::Limit;

/// Only an answer makes room for the next call there; in case none comes, it is tried again after this time.
const UNTIL_AN_ANSWER: Duration = Duration::from_millis(500);

/// What exists only where there is a limit.
#[derive(Debug)]
pub(crate) struct Limited {
    ceiling: Ceiling,
    travelling: Travelling,
    arrival_window: ArrivalWindow,
    silence: Silence,
    at_a_time: AtATime,
    aimd: Aimd,
    spacing: Spacing,
}

impl Limited {
    pub(crate) fn new(limit: Limit, now: Instant) -> Self {
        let ceiling = Ceiling::new(limit, now);
        let aimd = Aimd::new(limit, &ceiling);
        let (travelling, silence) = (Travelling::default(), Silence::default());
        let spacing = Spacing::new(ceiling.period());
        let (arrival_window, at_a_time) = (ArrivalWindow::new(limit), AtATime::default());
        Self { ceiling, travelling, arrival_window, silence, at_a_time, aimd, spacing }
    }

    /// The search begins at this seed.
    pub(crate) fn seed(&mut self, seed: u64) {
        self.spacing.seed(seed);
    }

    /// When the next call may leave for each reason; some time before `now` where nothing holds it back.
    pub(crate) fn earliest(&mut self, now: Instant) -> [(Instant, Why); 5] {
        self.travelling.forget(now);
        [
            (self.ceiling.earliest(now), Why::Ceiling),
            (self.arrival_window.earliest(&self.travelling, now), Why::ArrivalWindow),
            (self.silence.earliest(&self.travelling, now), Why::Silence),
            (if self.at_a_time.is_full() { now + UNTIL_AN_ANSWER } else { now }, Why::AtATime),
            (self.spaced().unwrap_or(now), Why::Aimd),
        ]
    }

    /// A call leaves.
    pub(crate) fn send(&mut self, permit: Permit, now: Instant) {
        self.ceiling.send(now);
        self.silence.send(&self.travelling, now);
        self.travelling.send(permit);
        self.at_a_time.send(permit);
        self.aimd.send(now);
        self.spacing.send(now);
    }

    /// The shortest time between two calls in the long run.
    pub(crate) fn period(&self) -> Duration {
        self.ceiling.period()
    }

    /// How calls follow each other at the limit.
    pub(crate) fn rhythm(&self) -> Rhythm {
        self.ceiling.rhythm()
    }

    /// When the next call may leave for the sake of others who use the limit.
    fn spaced(&self) -> Option<Instant> {
        self.spacing.earliest().or_else(|| self.aimd.earliest())
    }

    /// The pace aimed at, in calls per second.
    pub(crate) fn pace(&self) -> f64 {
        self.spacing.gap().map_or_else(|| self.aimd.pace(), |gap| gap.as_secs_f64().recip())
    }

    /// A call sent at `sent_at` passed.
    pub(crate) fn passed(&mut self, sent_at: Instant, now: Instant) {
        self.spacing.passed(sent_at);
        if self.spacing.gap().is_none() {
            self.aimd.passed(sent_at, now);
        }
    }

    /// A call was refused; `begins` says when that begins a search for how many pass at a time. Says whether it was refused
    /// because too many were in flight.
    pub(crate) fn too_many(&mut self, permit: Permit, now: Instant, begins: Trial) -> Explained {
        self.at_a_time.refused(permit, now, begins)
    }

    /// How many calls the network takes at a time, once that is known.
    pub(crate) fn at_a_time(&self) -> Option<usize> {
        self.at_a_time.known()
    }

    /// A call was refused by a server that is full and says when to come back. Returns whether a number of calls at a time
    /// is kept, or tried.
    pub(crate) fn names_time(&mut self) -> bool {
        self.at_a_time.names_times = true;
        self.at_a_time.is_on_trial() || self.at_a_time.known().is_some()
    }

    /// A call was refused for the pace; `silence` is what the network asks for.
    pub(crate) fn throttled(
        &mut self,
        sent_at: Instant,
        now: Instant,
        silence: Option<Duration>,
        trial: Trial,
    ) -> Response {
        if silence.is_some_and(|silence| !silence.is_zero()) {
            self.spacing.give_up();
        } else if self.unclear(sent_at, now, trial) == Response::Gap {
            return Response::Gap;
        }
        self.aimd.throttled(sent_at, now, trial);
        Response::Cooldown
    }

    /// A call was refused, for the pace or for its offer.
    pub(crate) fn unclear(&mut self, sent_at: Instant, now: Instant, trial: Trial) -> Response {
        self.spacing.refused(sent_at, now, trial)
    }

    /// Whether a gap is kept after each call that passed.
    pub(crate) fn keeps_apart(&self) -> bool {
        self.spacing.gap().is_some()
    }

    /// Whether a refusal says something of its offer: not while it is being found out how far apart calls have to be.
    pub(crate) fn trusts_refusals(&self) -> bool {
        self.spacing.trusts_refusals() && !self.at_a_time.is_on_trial()
    }

    /// Takes in when a call had arrived, or that nobody knows.
    pub(crate) fn back(&mut self, permit: Permit, now: Instant, signal: Signal) {
        match signal {
            Signal::Passed => self.at_a_time.passed(permit, now),
            Signal::Lost => {
                self.at_a_time.over(permit);
                return self.travelling.lost(permit, now);
            }
            Signal::Ignored => {
                self.at_a_time.over(permit);
                self.spacing.did_not_pass(permit.at);
            }
            Signal::Throttled { .. } | Signal::Suspected { .. } | Signal::Unclear { .. } => {}
        }
        let arrived = self.travelling.answered(permit);
        if arrived > 0 {
            self.arrival_window.answered(arrived, now);
            self.silence.answered(permit, now, signal == Signal::Passed);
        }
    }

    /// The arrival window remembers the calls of the old limit, `aimd` how far from it the pace was.
    pub(crate) fn set_limit(&mut self, limit: Limit, now: Instant) {
        self.ceiling = Ceiling::new(limit, now);
        self.arrival_window.set_limit(limit);
        self.aimd.set_limit(limit, &self.ceiling);
        self.spacing = Spacing::new(self.ceiling.period());
    }

    /// How many own calls may count at the server.
    pub(crate) fn counting(&mut self, now: Instant) -> usize {
        self.arrival_window.counting(&self.travelling, now)
    }

    /// The own calls that may count at the server.
    pub(crate) fn still_counting(&mut self, now: Instant) -> StillCounting {
        let count = |calls: usize| u32::try_from(calls).unwrap_or(u32::MAX);
        self.arrival_window.counting(&self.travelling, now);
        let arrived =
            self.arrival_window.groups(MOST_GROUPS, now).map(|(ago, calls)| Arrived { ago, calls: count(calls) });
        StillCounting { travelling: count(self.travelling.len()), arrived: arrived.collect() }
    }

    /// Takes in calls of other runs; the next own call has this number. Returns how many numbers are taken. One place stays
    /// free, for it takes an answer to learn that the others have arrived.
    pub(crate) fn inherit(&mut self, left: &StillCounting, number: u64, now: Instant) -> u64 {
        let places = self.arrival_window.calls();
        let calls = u64::from(left.travelling).min(u64::try_from(places).unwrap_or(u64::MAX).saturating_sub(1));
        self.travelling.inherit(number, calls, now);
        let times = |arrived: &Arrived| {
            let at = now.checked_sub(arrived.ago).unwrap_or(now);
            std::iter::repeat_n(at, usize::try_from(arrived.calls).unwrap_or_default())
        };
        self.arrival_window.inherit(left.arrived.iter().rev().flat_map(times).take(places));
        calls
    }

    /// Places come and go often, and change nothing about the pace; the pace goes by the slots.
    pub(crate) fn set_lease(&mut self, lease: &Lease, before: Terms, now: Instant) {
        let calls = NonZeroU32::new(lease.places).unwrap_or(NonZeroU32::MIN);
        self.arrival_window.set_limit(Limit { calls, window: lease.limit.window });
        match before {
            Terms::Lease(before) if (before.limit, before.stride) == (lease.limit, lease.stride) => {
                self.ceiling.align(lease);
            }
            _ => {
                self.ceiling = Ceiling::leased(lease, now);
                self.aimd.set_limit(ceiling::share(lease.limit, lease.stride), &self.ceiling);
                self.spacing = Spacing::new(self.ceiling.period());
            }
        }
    }
}
