//! An export beside another client at a limiter as real ones are, on loopback.

use std::time::Duration;

use super::engine::{Export, Network, Reply, Story, export};
use super::limiter::{Limiter, State};
use super::others::Dice;

/// The other client, which never slows.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Other {
    Nobody,
    /// At regular times, each late by up to a millisecond.
    Every(Duration),
    /// At exactly regular times since a tenth of a second before the start.
    InStep(Duration),
    /// By chance, so many calls a second.
    Poisson(f64),
    /// So many calls in the half second before the start, and none after.
    Before(u32),
}

/// What an export of so many offers meets, within so much time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meeting {
    pub(crate) rate: &'static str,
    pub(crate) limiter: Limiter,
    pub(crate) other: Other,
    pub(crate) offers: u64,
    pub(crate) within: Duration,
    pub(crate) seed: u64,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peace {
    pub(crate) story: Story,
    pub(crate) other_passed: u32,
    pub(crate) other_refused: u32,
}

impl Peace {
    /// Offers per second.
    pub(crate) fn pace(&self) -> f64 {
        self.story.exported as f64 / self.story.took.as_secs_f64()
    }

    /// Calls that passed per second, from `from` on.
    pub(crate) fn pace_from(&self, from: Duration) -> f64 {
        let passes = self.story.passes.iter().filter(|at| **at >= from).count();
        passes as f64 / self.story.took.saturating_sub(from).as_secs_f64()
    }

    /// The part of our calls that was refused.
    pub(crate) fn refused(&self) -> f64 {
        let refused = self.story.refusals.len() as f64;
        refused / (refused + self.story.passes.len() as f64).max(1.0)
    }

    /// The part of the other's.
    pub(crate) fn other_refused(&self) -> f64 {
        f64::from(self.other_refused) / f64::from((self.other_passed + self.other_refused).max(1))
    }
}

/// Everything happens so long after the start of the network, so that somebody may have called before.
const BEFORE: Duration = Duration::from_secs(1);

struct Loopback {
    state: State,
    other: Other,
    next: Option<Duration>,
    dice: Dice,
    peace: Peace,
}

/// Runs the export.
pub(crate) fn meet(meeting: Meeting) -> Peace {
    let Meeting { rate, limiter, other, offers, within, seed } = meeting;
    let mut loopback =
        Loopback { state: State::new(limiter), other, next: None, dice: Dice(seed), peace: Peace::default() };
    loopback.begin();
    let story = export(Export { rate, offers, within, seed }, &mut loopback);
    Peace { story, ..loopback.peace }
}

/// A caller that learns nothing: it calls once per `gap`, and after a refusal once per `silence`. The best of these is what
/// a caller could do that knew limiter and other client beforehand, but not when the other calls.
pub(crate) fn steady(meeting: Meeting, gap: Duration, silence: Duration) -> Peace {
    let Meeting { limiter, other, offers, within, seed, .. } = meeting;
    let mut loopback =
        Loopback { state: State::new(limiter), other, next: None, dice: Dice(seed), peace: Peace::default() };
    loopback.begin();
    let mut story = Story::default();
    let mut now = gap;
    while now < within && story.exported < offers {
        while let Some(theirs) = loopback.next.filter(|theirs| *theirs <= now) {
            loopback.theirs(theirs);
        }
        let passes = loopback.ours(now).refused.is_none();
        story.exported += u64::from(passes);
        if passes { &mut story.passes } else { &mut story.refusals }.push(now);
        story.took = now;
        now += if passes { gap } else { silence } + loopback.late();
    }
    if story.exported < offers {
        story.took = within;
    }
    Peace { story, ..loopback.peace }
}

impl Loopback {
    fn begin(&mut self) {
        match self.other {
            Other::Before(calls) => {
                for call in 0..calls {
                    let _ = self.state.arrives(BEFORE / 2 + BEFORE / 2 * call / calls);
                }
            }
            Other::InStep(gap) => self.next = Some(gap.saturating_sub(Duration::from_millis(100))),
            Other::Every(gap) => self.next = Some(self.dice.part(gap)),
            Other::Nobody | Other::Poisson(_) => self.next = self.after(Duration::ZERO),
        }
        if let Other::InStep(_) = self.other {
            let _ = self.state.arrives(BEFORE.saturating_sub(Duration::from_millis(100)));
        }
    }

    fn after(&mut self, now: Duration) -> Option<Duration> {
        match self.other {
            Other::Nobody | Other::Before(_) => None,
            Other::Every(gap) => Some(now + gap + self.dice.part(Duration::from_millis(1))),
            Other::InStep(gap) => Some(now + gap),
            Other::Poisson(per_second) => Some(now + self.dice.pause(per_second.recip())),
        }
    }
}

impl Network for Loopback {
    fn ours(&mut self, now: Duration) -> Reply {
        self.state.reply(BEFORE + now)
    }

    fn next_theirs(&self) -> Option<Duration> {
        self.next
    }

    fn theirs(&mut self, now: Duration) {
        match self.state.arrives(BEFORE + now) {
            Ok(()) => self.peace.other_passed += 1,
            Err(_) => self.peace.other_refused += 1,
        }
        self.next = self.after(now);
    }

    fn way(&mut self) -> Duration {
        Duration::from_micros(500)
    }

    /// Timers are late by about a millisecond, and now and then by a dozen.
    fn late(&mut self) -> Duration {
        let pause = self.dice.pause(0.0007);
        let hiccup = if self.dice.part(SECOND) < SECOND / 50 { 15 } else { 0 };
        Duration::from_micros(270) + pause + self.dice.part(Duration::from_millis(hiccup))
    }
}

const SECOND: Duration = Duration::from_secs(1);
