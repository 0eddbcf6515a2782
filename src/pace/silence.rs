//! Silence of the server: when calls are overdue, nothing new leaves but one call at a time, further and further apart.
//!
//! A call is overdue when it has been out for far longer than answers usually take and no call that left after it was
//! answered either. So a single slow answer stops nobody, but a server that reads nothing, a line that is cut and a
//! limiter that holds its refusals back (a tarpit) find few calls instead of many. Once bitten, one call leaves at a time
//! until an answer comes as quickly as usual. Knows nothing of limits.

use std::time::{Duration, Instant};

use crate::pace::Permit;
use crate::pace::travelling::Travelling;

/// No answer is overdue before that: busy servers pause now and then, and to wait for one that does costs nothing.
const PATIENCE: Duration = Duration::from_millis(500);

/// The time from a call into the silence to the next one; it doubles with each.
const FIRST_GAP: Duration = Duration::from_secs(2);
const LONGEST_GAP: Duration = Duration::from_secs(60);

/// The same while the last one may still be answered. Tarpits hold their refusals for 10 s by default.
const GAP_IN_FLIGHT: Duration = Duration::from_secs(15);

/// Whether the server is heard of.
#[derive(Debug, Default)]
pub(crate) struct Silence {
    /// The call with the highest number that was answered.
    answered: Option<u64>,
    usual: Option<Usual>,
    /// When the answer came from which that was learned last. Calls that left before that teach nothing more: what holds
    /// up many calls at once, holds them up once.
    learned: Option<Instant>,
    /// Calls that left into the silence since something was last heard.
    probes: u32,
    /// Calls were overdue, and none was answered in the usual time since.
    careful: bool,
}

impl Silence {
    /// When the next call may leave, at the latest if nothing is heard until then; `now` if at once.
    pub(crate) fn earliest(&mut self, travelling: &Travelling, now: Instant) -> Instant {
        if self.is_overdue(travelling, now) {
            self.careful = true;
            let gap = (FIRST_GAP * (1 << self.probes.min(16))).min(LONGEST_GAP);
            let gap = if travelling.in_flight() > 0 { gap.max(GAP_IN_FLIGHT) } else { gap };
            return travelling.last_left().map_or(now, |sent_at| now.max(sent_at + gap));
        }
        if self.careful && travelling.in_flight() > 0 { now + PATIENCE } else { now }
    }

    /// A call leaves.
    pub(crate) fn send(&mut self, travelling: &Travelling, now: Instant) {
        self.probes += u32::from(self.is_overdue(travelling, now));
    }

    /// An answer came to a call; whether it `passed`, because a refusal that was held back says nothing about how long
    /// answers take.
    pub(crate) fn answered(&mut self, permit: Permit, now: Instant, passed: bool) {
        let took = now.saturating_duration_since(permit.at);
        if self.answered.is_none_or(|answered| permit.number > answered) {
            self.answered = Some(permit.number);
            self.probes = 0;
        }
        self.careful &= self.usual.is_none_or(|usual| took > usual.longest());
        if passed && self.learned.is_none_or(|learned| permit.at >= learned) {
            self.learned = Some(now);
            self.usual = Some(self.usual.map_or(Usual::first(took), |usual| usual.and(took)));
        }
    }

    /// Before the first answer nothing is usual, and the schedule sends one call at a time anyway.
    fn is_overdue(&self, travelling: &Travelling, now: Instant) -> bool {
        let Some(usual) = self.usual else { return false };
        travelling.oldest_above(self.answered).is_some_and(|sent_at| sent_at + usual.longest() <= now)
    }
}

/// How long answers usually take: mean and mean deviation in seconds, as TCP keeps them (RFC 6298).
#[derive(Clone, Copy, Debug)]
struct Usual {
    mean: f64,
    deviation: f64,
}

impl Usual {
    fn first(took: Duration) -> Self {
        Self { mean: took.as_secs_f64(), deviation: took.as_secs_f64() / 2.0 }
    }

    /// An answer that was overdue counts as twice the longest usual time at most: a stall of a minute is nothing that
    /// could be expected from then on, while a server that has become slow is got used to within a few answers.
    fn and(self, took: Duration) -> Self {
        let took = took.min(2 * self.longest()).as_secs_f64();
        Self {
            deviation: 0.75 * self.deviation + 0.25 * (took - self.mean).abs(),
            mean: 0.875 * self.mean + 0.125 * took,
        }
    }

    fn longest(self) -> Duration {
        PATIENCE.max(Duration::try_from_secs_f64(self.mean + 4.0 * self.deviation).unwrap_or(LONGEST_GAP))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const SECOND: Duration = Duration::from_secs(1);

    /// Silence and the calls that it is about, as [`crate::pace::Pace`] keeps them.
    struct Story {
        silence: Silence,
        travelling: Travelling,
        t0: Instant,
        sent: u64,
    }

    impl Story {
        /// A server that has answered 20 calls within 2 ms each.
        fn new() -> Self {
            let t0 = Instant::now();
            let mut story = Self { silence: Silence::default(), travelling: Travelling::default(), t0, sent: 0 };
            for n in 0..20 {
                let at = 202 * n * MS;
                let call = story.send(at);
                story.answer(call, at + 2 * MS, true);
            }
            story
        }

        fn send(&mut self, at: Duration) -> Permit {
            let permit = Permit { at: self.t0 + at, number: self.sent };
            self.sent += 1;
            self.silence.send(&self.travelling, permit.at);
            self.travelling.send(permit);
            permit
        }

        fn answer(&mut self, call: Permit, at: Duration, passed: bool) {
            self.travelling.answered(call);
            self.silence.answered(call, self.t0 + at, passed);
        }

        /// How long the next call has to wait.
        fn wait(&mut self, at: Duration) -> Duration {
            self.silence.earliest(&self.travelling, self.t0 + at) - (self.t0 + at)
        }
    }

    #[test]
    fn a_slow_answer_among_others_stops_nobody() {
        let mut story = Story::new();
        let slow = story.send(5 * SECOND);
        for n in 0..30 {
            let at = 5 * SECOND + 200 * MS * (n + 1);
            assert_eq!(story.wait(at), Duration::ZERO);
            let call = story.send(at);
            story.answer(call, at + 2 * MS, true);
        }
        story.answer(slow, 12 * SECOND, true);
        assert_eq!(story.wait(12 * SECOND), Duration::ZERO);
    }

    #[test]
    fn calls_that_hang_stop_all_others_until_one_is_answered_in_the_usual_time() {
        let mut story = Story::new();
        let calls: Vec<_> = (0..3).map(|n| story.send(5 * SECOND + 200 * MS * n)).collect();
        assert_eq!(story.wait(5499 * MS), Duration::ZERO);
        assert_eq!(story.wait(5500 * MS), 14_900 * MS, "15 s from the last one");
        // A tarpit answers after 10 s, in the order in which it was called.
        for (call, n) in calls.into_iter().zip(0..) {
            assert!(story.wait(15 * SECOND + 200 * MS * n) > Duration::ZERO);
            story.answer(call, 15 * SECOND + 200 * MS * n, false);
        }
        assert_eq!(story.wait(16 * SECOND), Duration::ZERO);
        let alone = story.send(18 * SECOND);
        assert!(story.wait(18_001 * MS) > Duration::ZERO, "one at a time");
        story.answer(alone, 18_002 * MS, true);
        assert_eq!(story.wait(18_002 * MS), Duration::ZERO);
        story.send(18_204 * MS);
        assert_eq!(story.wait(18_206 * MS), Duration::ZERO, "and as many as ever from then on");
    }

    #[test]
    fn calls_into_the_silence_leave_further_and_further_apart() {
        let mut story = Story::new();
        let mut at = 5 * SECOND;
        let mut gaps = Vec::new();
        for _ in 0..8 {
            let call = story.send(at);
            story.travelling.lost(call, story.t0 + at + SECOND);
            let wait = story.wait(at + SECOND);
            gaps.push((wait + SECOND).as_secs());
            at += SECOND + wait;
        }
        assert_eq!(gaps, [2, 4, 8, 16, 32, 60, 60, 60]);
        let call = story.send(at);
        story.answer(call, at + 2 * MS, true);
        assert_eq!(story.wait(at + 3 * MS), Duration::ZERO);
    }

    #[test]
    fn a_server_that_has_become_slow_is_got_used_to_and_a_long_stall_is_not() {
        let mut usual = Usual::first(2 * MS);
        assert_eq!(usual.longest(), PATIENCE);
        for _ in 0..4 {
            usual = usual.and(3 * SECOND);
        }
        assert!(usual.longest() > 3 * SECOND, "{usual:?}");
        let mut usual = Usual::first(2 * MS);
        usual = usual.and(60 * SECOND);
        assert!(usual.longest() < 3 * SECOND, "{usual:?}");
        for _ in 0..20 {
            usual = usual.and(2 * MS);
        }
        assert_eq!(usual.longest(), PATIENCE);
    }
}
