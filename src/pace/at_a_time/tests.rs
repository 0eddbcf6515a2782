//! Tests of `at_a_time`.

use std::time::Duration;

use super::*;

const MS: Duration = Duration::from_millis(1);

/// A server that takes some calls at a time and refuses the others after a millisecond.
struct Story {
    at_a_time: AtATime,
    now: Instant,
    sent: u64,
    busy: Vec<(Instant, Permit)>,
    refused: u32,
    passed: u32,
}

impl Story {
    fn new() -> Self {
        let (at_a_time, now) = (AtATime::default(), Instant::now());
        Self { at_a_time, now, sent: 0, busy: Vec::new(), refused: 0, passed: 0 }
    }

    fn known(&self) -> Option<usize> {
        self.at_a_time.most.filter(|most| most.stage != Stage::Trial).map(|most| most.calls)
    }

    /// Time goes on; a call leaves after each `gap`, if it may.
    fn calls(&mut self, calls: u32, gap: Duration, takes: Duration, passes: impl Fn(usize, u64) -> bool) {
        for _ in 0..calls {
            self.now += gap;
            for (end, permit) in self.busy.extract_if(.., |(end, _)| *end <= self.now) {
                self.at_a_time.passed(permit, end);
                self.passed += 1;
            }
            if self.at_a_time.is_full() {
                continue;
            }
            self.sent += 1;
            let permit = Permit { at: self.now, number: self.sent };
            self.at_a_time.send(permit);
            if passes(self.busy.len(), self.sent) {
                self.busy.push((self.now + takes, permit));
            } else {
                self.refused += 1;
                self.at_a_time.refused(permit, self.now + MS, Trial::AtOnce);
            }
        }
    }
}

#[test]
fn finds_out_how_many_pass_at_a_time_and_is_hardly_refused() {
    for (most, takes, gap) in [(1, 350, 202), (2, 600, 202), (2, 1500, 202), (5, 800, 101), (3, 5000, 101)] {
        let mut story = Story::new();
        // The first call goes alone.
        story.calls(1, gap * MS, takes * MS, |_, _| true);
        story.now += takes * MS;
        story.calls(3000, gap * MS, takes * MS, |busy, _| busy < most);
        assert_eq!(story.known(), Some(most), "{takes} {gap}");
        let possible = most as f64 * 3000.0 * f64::from(gap) / f64::from(takes);
        assert!(f64::from(story.passed) >= 0.75 * possible, "{} of {possible}", story.passed);
        assert!(story.refused <= 5 + story.passed / 40, "{most}: {} and {}", story.refused, story.passed);
    }
}

#[test]
fn a_limit_that_is_raised_is_noticed() {
    let mut story = Story::new();
    story.calls(500, 101 * MS, 600 * MS, |busy, _| busy < 2);
    story.calls(3000, 101 * MS, 600 * MS, |busy, _| busy < 4);
    assert_eq!(story.known(), Some(4));
    let mut story = Story::new();
    story.calls(500, 101 * MS, 600 * MS, |busy, _| busy < 4);
    story.calls(3500, 101 * MS, 600 * MS, |busy, _| busy < 2);
    assert!(story.known().is_none_or(|most| most <= 2), "{:?}", story.known());
}

#[test]
fn a_window_that_is_full_costs_few_calls_and_each_time_fewer() {
    let mut story = Story::new();
    // 25 of every 50 calls, however many are in flight.
    story.calls(20_000, 202 * MS, 600 * MS, |_, number| number % 50 < 25);
    assert_eq!(story.known(), None);
    assert!(!story.at_a_time.is_full() && story.at_a_time.rows_wanted > 200, "{}", story.at_a_time.rows_wanted);
}

#[test]
fn refused_when_alone_or_as_late_as_an_answer_it_was_not_the_number_in_flight() {
    for (takes, refused_after, expected) in
        [(100, 1, Explained::No), (600, 590, Explained::No), (600, 1, Explained::Yes)]
    {
        let mut story = Story::new();
        story.calls(8, 202 * MS, takes * MS, |_, _| true);
        let permit = Permit { at: story.now, number: 100 };
        if takes == 100 {
            story.busy.drain(..).for_each(|(end, permit)| story.at_a_time.passed(permit, end));
        }
        story.at_a_time.send(permit);
        let explained = story.at_a_time.refused(permit, story.now + refused_after * MS, Trial::AtOnce);
        assert_eq!(explained, expected, "{takes} {refused_after}");
    }
}

#[test]
fn what_may_be_a_service_that_fails_now_and_then_begins_a_trial_where_it_comes_twice() {
    for (passes, expected) in [(0, Explained::Yes), (20, Explained::Yes), (40, Explained::No)] {
        let mut story = Story::new();
        story.calls(8, 202 * MS, 600 * MS, |_, _| true);
        let refused = |story: &mut Story| {
            story.sent += 1;
            let permit = Permit { at: story.now, number: story.sent };
            story.at_a_time.send(permit);
            story.at_a_time.refused(permit, story.now + MS, Trial::OnSigns)
        };
        assert_eq!(refused(&mut story), Explained::No);
        story.calls(passes, 202 * MS, 600 * MS, |_, _| true);
        assert_eq!(refused(&mut story), expected, "{passes} calls passed meanwhile");
    }
}
