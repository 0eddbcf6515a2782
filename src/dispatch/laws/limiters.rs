//! Networks that act like real limiters: every good offer has its links in the end, few calls are refused, and most of
//! what is free is used.

use std::cell::RefCell;
use std::time::Duration;

use super::{SECOND, offers};
use crate::dispatch::laws::drive::{Asked, Story, policy, run_seeded};
use crate::dispatch::laws::reply::Reply;
use crate::dispatch::{Policy, Responder};
use crate::offer::ErrorKind;

const TEN: Duration = Duration::from_secs(10);

/// How a limiter says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum No {
    /// 429 or 503.
    Told,
    /// A bare 403.
    Forbidden,
    /// 500 with a page.
    Broken,
    /// The connection is closed.
    Reset,
    /// A page with a status that is no error.
    Page,
    /// A redirect to a page of the same host.
    Redirect,
}

impl No {
    const ALL: [Self; 6] = [Self::Told, Self::Forbidden, Self::Broken, Self::Reset, Self::Page, Self::Redirect];

    fn reply(self) -> Reply {
        match self {
            Self::Told => Reply::throttled(),
            Self::Forbidden => Reply::bad(ErrorKind::InvalidResponse, 403).by(Responder::ForeignPage),
            Self::Broken => Reply::bad(ErrorKind::ServerError, 500),
            Self::Reset => Reply::closed(),
            Self::Page => Reply::bad(ErrorKind::InvalidResponse, 200).by(Responder::ForeignPage),
            Self::Redirect => Reply::bad(ErrorKind::Redirect, 302),
        }
    }
}

/// What counts, and until when.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// So many calls in each fixed window of so long.
    Fixed(usize, Duration),
    /// So many in any window; refused calls count or not.
    Sliding(usize, Duration, bool),
    /// One call per gap.
    Gap(Duration),
    /// A bucket with room for the first number of calls, refilled with the second number per second.
    Bucket(f64, f64),
    /// A fixed window, and who exceeds it is banned for so long, longer with each call if the flag says so.
    Ban(usize, Duration, Duration, bool),
    /// Every n-th call of all, whenever it comes.
    Every(u64),
    /// So much of the calls, by chance.
    Random(f64),
}

/// What it has seen.
#[derive(Debug, Default)]
struct Seen {
    window: Duration,
    used: usize,
    log: Vec<Duration>,
    last: Option<Duration>,
    banned: Duration,
    tokens: f64,
    calls: u64,
}

impl Seen {
    fn passes(&mut self, kind: Kind, at: Duration, random: &mut fastrand::Rng) -> bool {
        self.calls += 1;
        match kind {
            Kind::Fixed(most, window) => self.in_window(most, window, at),
            Kind::Sliding(most, window, refused_count) => {
                self.log.retain(|before| *before + window > at);
                let passes = self.log.len() < most;
                if passes || refused_count {
                    self.log.push(at);
                }
                passes
            }
            Kind::Gap(gap) => {
                let passes = self.last.is_none_or(|last| at >= last + gap);
                if passes {
                    self.last = Some(at);
                }
                passes
            }
            Kind::Bucket(size, per_second) => {
                let before = self.last.replace(at).unwrap_or_default();
                let full = if self.calls == 1 { size } else { self.tokens };
                self.tokens = (full + at.saturating_sub(before).as_secs_f64() * per_second).min(size);
                let passes = self.tokens >= 1.0;
                self.tokens -= f64::from(u8::from(passes));
                passes
            }
            Kind::Ban(most, window, ban, prolonged) => {
                if at < self.banned {
                    if prolonged {
                        self.banned = at + ban;
                    }
                    return false;
                }
                let passes = self.in_window(most, window, at);
                if !passes {
                    self.banned = at + ban;
                    self.used = 0;
                }
                passes
            }
            Kind::Every(nth) => !self.calls.is_multiple_of(nth),
            Kind::Random(share) => random.f64() >= share,
        }
    }

    fn in_window(&mut self, most: usize, window: Duration, at: Duration) -> bool {
        if at >= self.window + window {
            (self.window, self.used) = (at, 0);
        }
        self.used += 1;
        self.used <= most
    }
}

/// Exports `count` offers through a limiter. `others` is how many calls per second somebody else makes, evenly.
fn export(kind: Kind, no: No, (others, seed): (f64, u64), count: u64, bad: impl Fn(u64) -> bool) -> (Story, f64) {
    let limiter = RefCell::new(Seen::default());
    let mut random = fastrand::Rng::with_seed(seed);
    let mut next_other = random.f64();
    let policy = Policy { max_outage: 900 * SECOND, ..policy() };
    let story = run_seeded(&offers(count), policy, seed, |asked: Asked| {
        let mut limiter = limiter.borrow_mut();
        while others > 0.0 && next_other <= asked.at.as_secs_f64() {
            limiter.passes(kind, Duration::from_secs_f64(next_other), &mut random);
            next_other += (0.8 + 0.4 * random.f64()) / others;
        }
        let passes = limiter.passes(kind, asked.at, &mut random);
        if passes && !bad(asked.offer) { Reply::good() } else { no.reply() }
    });
    let refused = story.sent.iter().filter(|sent| !sent.passed).count() as f64 / story.sent.len() as f64;
    (story, refused)
}

/// The seeds of a law: a few, so that all tests take seconds, or twenty times as many with `OFFERLINKS_LONG=1`.
fn seeds(few: u64) -> std::ops::Range<u64> {
    0..if std::env::var_os("OFFERLINKS_LONG").is_some() { 20 * few } else { few }
}

const NOBODY: fn(u64) -> bool = |_| false;

/// Limiter, calls of others per second, and the longest time that 300 offers may take, in seconds: three quarters of what
/// is free are used.
const LIMITERS: &[(Kind, f64, u32)] = &[
    (Kind::Fixed(50, TEN), 0.0, 65),
    (Kind::Fixed(50, TEN), 2.5, 160),
    (Kind::Fixed(50, TEN), 0.3, 90),
    (Kind::Fixed(25, TEN), 0.0, 170),
    (Kind::Sliding(50, TEN, false), 2.5, 180),
    (Kind::Sliding(50, TEN, true), 2.5, 240),
    (Kind::Sliding(25, TEN, true), 0.0, 200),
    (Kind::Gap(Duration::from_millis(333)), 0.0, 260),
    (Kind::Gap(Duration::from_millis(250)), 0.0, 220),
    (Kind::Bucket(50.0, 5.0), 2.5, 160),
    (Kind::Bucket(5.0, 2.5), 0.0, 180),
    (Kind::Ban(46, TEN, Duration::from_secs(5), false), 0.0, 130),
    (Kind::Ban(46, TEN, Duration::from_secs(30), false), 0.0, 320),
    (Kind::Ban(45, TEN, TEN, true), 0.0, 260),
];

#[test]
fn no_limiter_makes_a_wrong_row_whatever_it_answers() {
    for (kind, others, longest) in LIMITERS {
        for no in No::ALL {
            // What may be a service that fails now and then takes more calls to be known.
            let most = if no == No::Told { 0.12 } else { 0.27 };
            for seed in seeds(4) {
                let case = format!("{kind:?} {no:?} {others} {seed}");
                let (story, refused) = export(*kind, no, (*others, seed), 300, NOBODY);
                assert_eq!(story.complete().errors(), [], "{case}");
                assert!(refused <= most, "{case}: {refused}");
                if no == No::Told {
                    let refused = story.sent.iter().filter(|sent| !sent.passed).count();
                    assert_eq!(story.throttled, refused as u64, "{case}: each is counted");
                }
                assert!(story.took <= *longest * SECOND, "{case}: {:?}", story.took);
            }
        }
    }
}

#[test]
fn what_a_limiter_refuses_before_anything_has_passed_is_counted_as_refused() {
    for no in No::ALL {
        // A page for longer than that is taken for that of a wrong host.
        let longest = if no == No::Page { 14 } else { 60 };
        for seconds in [8, 14, 40, 60].into_iter().filter(|seconds| *seconds <= longest) {
            let network = |asked: Asked| if asked.at < seconds * SECOND { no.reply() } else { Reply::good() };
            let story = run_seeded(&offers(50), policy(), 7, network);
            let refused = story.complete().sent.iter().filter(|sent| !sent.passed).count();
            assert_eq!((story.errors(), story.throttled), (vec![], refused as u64), "{no:?} {seconds}");
            assert!(story.retries == 0 || no == No::Page, "{no:?} {seconds}: {}", story.retries);
        }
    }
}

#[test]
fn a_limiter_that_refuses_every_second_call_makes_no_row() {
    for kind in [Kind::Every(2), Kind::Every(3), Kind::Every(7), Kind::Random(0.5), Kind::Random(0.3)] {
        for no in No::ALL {
            for seed in seeds(3) {
                let (story, _) = export(kind, no, (0.0, seed), 200, NOBODY);
                // By chance the first six calls are refused: that ends a run.
                if story.sent.iter().all(|sent| !sent.passed) {
                    continue;
                }
                assert_eq!(story.complete().errors(), [], "{kind:?} {no:?} {seed}");
            }
        }
    }
}

#[test]
fn a_service_that_fails_now_and_then_hardly_slows_the_run() {
    for (share, no, slower) in [(0.02, No::Broken, 1.10), (0.05, No::Broken, 1.25), (0.05, No::Reset, 1.25)] {
        let took: Duration = (0..10).map(|seed| export(Kind::Random(share), no, (0.0, seed), 300, NOBODY).0.took).sum();
        assert!(took <= crate::dispatch::laws::calm(300).mul_f64(10.0 * slower), "{share} {no:?}: {:?}", took / 10);
    }
}

#[test]
fn every_seventh_offer_that_is_always_refused_ends_as_an_error_row() {
    for no in No::ALL {
        for (nth, longest) in [(7, 240), (20, 140), (300, 110)] {
            for seed in seeds(3) {
                let (story, _) = export(Kind::Random(0.0), no, (0.0, seed), 300, |offer| offer % nth == 0);
                let bad: Vec<u64> = story.complete().errors().iter().map(|(offer, _)| *offer).collect();
                assert!(
                    bad.iter().copied().eq((1..=300).filter(|offer| offer % nth == 0)),
                    "{no:?} {nth} {seed}: {bad:?}"
                );
                assert!(story.took <= longest * SECOND, "{no:?} {nth} {seed}: {:?}", story.took);
            }
        }
    }
}

#[test]
fn bad_offers_are_told_from_good_ones_beside_a_limiter_too() {
    for kind in [Kind::Fixed(25, TEN), Kind::Gap(Duration::from_millis(333)), Kind::Ban(46, TEN, TEN, false)] {
        for no in No::ALL {
            for seed in seeds(3) {
                let (story, _) = export(kind, no, (0.3, seed), 200, |offer| offer % 40 == 0);
                let bad: Vec<u64> = story.complete().errors().iter().map(|(offer, _)| *offer).collect();
                assert_eq!(bad, [40, 80, 120, 160, 200], "{kind:?} {no:?} {seed}");
                assert!(story.took <= 900 * SECOND, "{kind:?} {no:?} {seed}: {:?}", story.took);
            }
        }
    }
}
