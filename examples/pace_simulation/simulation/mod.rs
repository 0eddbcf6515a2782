//! One run of the real `Pace` in virtual time against a server whose limit others use too.
//!
//! The same seed gives the same run. Nothing here decides anything about the pace.

pub(crate) mod engine;
pub(crate) mod limiter;
mod others;
pub(crate) mod real;
mod server;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::time::{Duration, Instant};

use offerlinks::pace::{Pace, Permit, Signal};
use offerlinks::settings::rate::{Limit, Rate};

use others::{Dice, Others};
use server::Server;

/// How the server counts its 50 calls per 10 s.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Window {
    /// At most 50 in any 10 s.
    Sliding,
    /// At most 50 from one full 10 s to the next.
    Fixed,
    /// A bucket of 50, refilled with 5 per second.
    Bucket,
}

/// Whether a refused call uses up the limit as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It costs nothing.
    Free,
    /// It counts like any other; a bucket owes at most another 50.
    Counted,
}

/// Whether a refusal says when to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryAfter {
    /// No header.
    Silent,
    /// The time until there is room, in whole seconds rounded up.
    Sent,
}

/// How the others' calls come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Traffic {
    /// Each for itself.
    Poisson,
    /// 25 within 2.5 s, then a pause.
    Bursts,
}

/// The others' part of the limit as time goes by, in percent.
pub(crate) type OthersAt = fn(Duration) -> u32;

/// Everything that makes up one case.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) window: Window,
    pub(crate) refused: Refused,
    pub(crate) retry_after: RetryAfter,
    pub(crate) traffic: Traffic,
    pub(crate) others: OthersAt,
    pub(crate) seconds: u64,
    pub(crate) seed: u64,
}

/// What came of it, in calls.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) sent: u64,
    pub(crate) passed: u64,
    pub(crate) others_sent: u64,
    pub(crate) others_passed: u64,
    /// When our calls passed, for looks at parts of the run.
    pub(crate) passes: Vec<Duration>,
    pub(crate) refusals: Vec<Duration>,
    seconds: f64,
}

impl Tally {
    /// Percent of our calls that were refused.
    pub(crate) fn waste(&self) -> f64 {
        percent(self.sent - self.passed, self.sent as f64)
    }

    /// Percent used by us of what the others left.
    pub(crate) fn usage(&self) -> f64 {
        percent(self.passed, Limit::PUBLISHED.per_second() * self.seconds - self.others_passed as f64)
    }

    /// Percent of the others' calls that were refused.
    pub(crate) fn others_refused(&self) -> f64 {
        percent(self.others_sent - self.others_passed, self.others_sent as f64)
    }

    /// Our calls per second that passed between two times.
    pub(crate) fn pace(&self, from: Duration, to: Duration) -> f64 {
        let passes = self.passes.iter().filter(|at| (from..to).contains(*at)).count();
        passes as f64 / to.saturating_sub(from).as_secs_f64()
    }
}

impl Tally {
    /// Notes what the server did with one of our calls.
    fn arrived(&mut self, now: Duration, room: Result<(), Duration>, retry_after: RetryAfter) -> Answer {
        match room {
            Ok(()) => {
                self.passed += 1;
                self.passes.push(now);
                Answer::Passed
            }
            Err(room) => {
                self.refusals.push(now);
                let seconds = Duration::from_secs_f64(room.as_secs_f64().ceil());
                Answer::Refused { retry_after: (retry_after == RetryAfter::Sent).then_some(seconds) }
            }
        }
    }
}

fn percent(part: u64, whole: f64) -> f64 {
    if whole > 0.0 { 100.0 * part as f64 / whole } else { 0.0 }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Sliding => "sliding",
            Self::Fixed => "fixed",
            Self::Bucket => "bucket",
        })
    }
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Poisson => "Poisson",
            Self::Bursts => "bursts",
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Answer {
    Passed,
    Refused { retry_after: Option<Duration> },
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Others,
    Arrival(usize),
    Answer(usize, Answer),
    /// Only the latest alarm is heard.
    Wake(u64),
}

/// Runs one case with an export that always has something to send.
pub(crate) fn run(case: Case) -> Tally {
    let t0 = Instant::now();
    let mut dice = Dice(case.seed);
    let mut server = Server::new(case);
    let mut pace = Pace::new(Rate::Limited(Limit::PUBLISHED), t0).with_seed(case.seed);
    let mut departures: Vec<Permit> = Vec::new();
    let mut events =
        BinaryHeap::from([Reverse((Duration::ZERO, Event::Others)), Reverse((Duration::ZERO, Event::Wake(0)))]);
    let mut others = Others::new(case);
    let mut alarms = 0;
    let mut tally = Tally { seconds: case.seconds as f64, ..Tally::default() };
    while let Some(Reverse((now, event))) = events.pop()
        && now < Duration::from_secs(case.seconds)
    {
        match event {
            Event::Others => {
                let pause = others.pause(now, &mut dice);
                if pause.is_some() {
                    tally.others_sent += 1;
                    tally.others_passed += u64::from(server.admit(now).is_ok());
                }
                events.push(Reverse((now + pause.unwrap_or(Others::AWAY), Event::Others)));
                continue;
            }
            Event::Arrival(call) => {
                let answer = tally.arrived(now, server.admit(now), case.retry_after);
                let back = now + Duration::from_millis(30) + dice.way();
                events.push(Reverse((back, Event::Answer(call, answer))));
                continue;
            }
            Event::Answer(call, answer) => {
                let signal = match answer {
                    Answer::Passed => Signal::Passed,
                    Answer::Refused { retry_after } => Signal::Throttled { retry_after },
                };
                pace.answered(departures[call], t0 + now, signal);
            }
            Event::Wake(alarm) if alarm == alarms => {}
            Event::Wake(_) => continue,
        }
        alarms += 1;
        match pace.poll(t0 + now) {
            Ok(()) => {
                tally.sent += 1;
                events.push(Reverse((now + dice.way(), Event::Arrival(departures.len()))));
                departures.push(pace.send(t0 + now));
                events.push(Reverse((now, Event::Wake(alarms))));
            }
            // Timers are late by a fraction of a millisecond.
            Err(wait) => events.push(Reverse((wait.until - t0 + Duration::from_micros(270), Event::Wake(alarms)))),
        }
    }
    tally
}
