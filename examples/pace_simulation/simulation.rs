//! One run of the real `Pace` in virtual time against a server whose limit others use too.
//!
//! The same seed gives the same run. Nothing here decides anything about the pace.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::fmt;
use std::time::{Duration, Instant};

use offerlinks::schedule::pace::{Departure, Pace, Signal};
use offerlinks::settings::rate::{Limit, Rate};

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

/// The server's memory of the calls it counts.
struct Server {
    case: Case,
    counted: VecDeque<Duration>,
    tokens: f64,
    refilled: Duration,
}

impl Server {
    const CALLS: usize = 50;
    const WINDOW: Duration = Duration::from_secs(10);

    fn new(case: Case) -> Self {
        Self { case, counted: VecDeque::new(), tokens: Self::CALLS as f64, refilled: Duration::ZERO }
    }

    /// `Err` holds the time until there is room.
    fn admit(&mut self, now: Duration) -> Result<(), Duration> {
        let room = match self.case.window {
            Window::Bucket => self.room_in_bucket(now),
            Window::Sliding | Window::Fixed => self.room_in_window(now),
        };
        if room.is_ok() || self.case.refused == Refused::Counted {
            self.counted.push_back(now);
            self.tokens = (self.tokens - 1.0).max(-(Self::CALLS as f64));
        }
        room
    }

    fn room_in_window(&mut self, now: Duration) -> Result<(), Duration> {
        let end = |counted: Duration| match self.case.window {
            Window::Fixed => Self::WINDOW * u32::try_from(counted.as_secs() / 10 + 1).unwrap_or(u32::MAX),
            _ => counted + Self::WINDOW,
        };
        while self.counted.front().is_some_and(|counted| end(*counted) <= now) {
            self.counted.pop_front();
        }
        match self.counted.len().checked_sub(Self::CALLS) {
            None => Ok(()),
            Some(excess) => {
                Err(self.counted.get(excess).map_or(Duration::ZERO, |counted| end(*counted).saturating_sub(now)))
            }
        }
    }

    fn room_in_bucket(&mut self, now: Duration) -> Result<(), Duration> {
        let rate = Limit::PUBLISHED.per_second();
        self.tokens = (self.tokens + rate * now.saturating_sub(self.refilled).as_secs_f64()).min(Self::CALLS as f64);
        self.refilled = now;
        if self.tokens >= 1.0 { Ok(()) } else { Err(Duration::from_secs_f64((1.0 - self.tokens) / rate)) }
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
    let mut pace = Pace::new(Rate::Limited(Limit::PUBLISHED), t0);
    let mut departures: Vec<Departure> = Vec::new();
    let mut events =
        BinaryHeap::from([Reverse((Duration::ZERO, Event::Others)), Reverse((Duration::ZERO, Event::Wake(0)))]);
    let mut others = Others { case, in_burst: 0 };
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

/// The other users of the limit.
struct Others {
    case: Case,
    /// Calls that are left of the burst under way.
    in_burst: u32,
}

impl Others {
    /// With 2.5 s at 10 calls/s, an absent export leaves 0.6, 2.4 and 6.8 % of the others' calls refused on average
    /// at 30, 60 and 90 %: the traffic behind the table in the reliability notes.
    const BURST: u32 = 25;
    const GAP: Duration = Duration::from_millis(100);
    /// How often the absent look whether they are back.
    const AWAY: Duration = Duration::from_secs(1);

    /// The time until their next call, `None` while they are away.
    fn pause(&mut self, now: Duration, dice: &mut Dice) -> Option<Duration> {
        let percent = (self.case.others)(now);
        if percent == 0 {
            return None;
        }
        let gap = 1.0 / (Limit::PUBLISHED.per_second() * f64::from(percent) / 100.0);
        if self.case.traffic == Traffic::Poisson {
            return Some(dice.pause(gap));
        }
        if self.in_burst > 0 {
            self.in_burst -= 1;
            return Some(Self::GAP);
        }
        self.in_burst = Self::BURST - 1;
        let mean = f64::from(Self::BURST) * gap - f64::from(Self::BURST - 1) * Self::GAP.as_secs_f64();
        Some(dice.pause(mean))
    }
}

/// `SplitMix64`: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    /// In (0, 1].
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        ((bits >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// Exponential, so that calls come at random.
    fn pause(&mut self, mean: f64) -> Duration {
        Duration::from_secs_f64(-mean * self.roll().ln())
    }

    /// One way: 50 ms and a bit; 3 % set up a connection, 1 % lose a packet.
    fn way(&mut self) -> Duration {
        let bit = (-2.0 * self.roll().ln()).sqrt() * (std::f64::consts::TAU * self.roll()).cos();
        let mut millis = 50.0 + 20.0 * bit.abs();
        match self.roll() {
            kind if kind < 0.01 => millis += 200.0 + 200.0 * self.roll(),
            kind if kind < 0.04 => millis += 100.0,
            _ => {}
        }
        Duration::from_secs_f64(millis / 1000.0)
    }
}
