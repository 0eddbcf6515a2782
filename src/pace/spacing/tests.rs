//! Tests of `spacing`.

use super::*;

const MS: Duration = Duration::from_millis(1);
const GAP: Duration = Duration::from_millis(202);

/// Time goes on from call to call, and every answer comes at once.
struct Story {
    spacing: Spacing,
    now: Instant,
}

impl Story {
    fn new() -> Self {
        Self { spacing: Spacing::new(GAP), now: Instant::now() }
    }

    fn pass(&mut self, calls: u32) {
        for _ in 0..calls {
            self.now = self.spacing.earliest().unwrap_or(self.now + GAP);
            self.spacing.send(self.now);
            self.spacing.passed(self.now);
        }
    }

    /// Returns how long the next call has to wait; `None` for a cooldown, which lasts for two seconds.
    fn refuse(&mut self, trial: Trial) -> Option<Duration> {
        self.now = self.spacing.earliest().unwrap_or(self.now + GAP);
        self.spacing.send(self.now);
        let response = self.spacing.refused(self.now, self.now, trial);
        if response == Response::Cooldown {
            self.now += 2000 * MS;
            return None;
        }
        self.spacing.earliest().map(|next| next - self.now)
    }
}

#[test]
fn the_first_refusal_is_followed_by_a_call_one_gap_later() {
    let mut story = Story::new();
    story.pass(20);
    assert_eq!(story.refuse(Trial::AtOnce), Some(GAP));
    story.pass(200);
    assert_eq!((story.spacing.gap(), story.refuse(Trial::AtOnce)), (Some(GAP), Some(GAP)));
}

#[test]
fn where_nothing_has_passed_each_second_cooldown_after_a_window_is_followed_by_three_more_calls() {
    let mut story = Story::new();
    story.spacing.signs_wanted = u32::MAX;
    let gaps: Vec<_> = (0..17).map(|_| story.refuse(Trial::AtOnce).is_some()).collect();
    let calls: Vec<_> = gaps.split(|in_trial| !in_trial).map(<[_]>::len).collect();
    assert_eq!(calls, [0, 0, 0, 3, 0, 3, 0, 3, 0], "{gaps:?}");
}

#[test]
fn what_may_be_a_ban_begins_no_trial_before_there_are_signs() {
    let mut story = Story::new();
    for (passes, begins) in [(20, false), (20, false), (2, false), (9, false), (3, false), (1, true)] {
        story.pass(passes);
        assert_eq!(story.refuse(Trial::OnSigns).is_some(), begins, "{passes}");
    }
}

#[test]
fn a_window_that_is_full_ends_the_trial_after_three_more_calls_and_the_next_one_comes_late() {
    let mut story = Story::new();
    story.pass(20);
    let waits: Vec<_> = (0..4).map(|_| story.refuse(Trial::AtOnce)).collect();
    let out_of_step = GAP..GAP * 2;
    assert_eq!((waits[0], waits[3]), (Some(GAP), None));
    assert!(waits[1..3].iter().all(|wait| wait.is_some_and(|wait| out_of_step.contains(&wait))), "{waits:?}");
    let rows = (1..100).find(|_| {
        story.pass(20);
        story.refuse(Trial::AtOnce).is_some()
    });
    assert_eq!(rows, Some(SIGNS * SIGNS_GROW * ROWS_PER_SIGN));
}

#[test]
fn where_each_second_call_is_refused_the_gap_is_too_short() {
    let mut story = Story::new();
    for _ in 0..4 {
        story.pass(1);
        story.refuse(Trial::AtOnce);
    }
    assert!(story.spacing.gap() > Some(GAP), "{:?}", story.spacing.gap());
}

#[test]
fn a_gap_at_which_many_calls_are_refused_ends_the_trial() {
    let mut story = Story::new();
    story.pass(20);
    story.refuse(Trial::AtOnce);
    let rows = (1..50).find(|_| {
        story.pass(5);
        story.refuse(Trial::AtOnce).is_none()
    });
    assert!(rows.is_some_and(|rows| (3..20).contains(&rows)), "{rows:?}");
}

#[test]
fn a_limiter_that_is_known_to_keep_calls_apart_is_given_another_trial_soon() {
    for (calls, wanted) in [(100, SIGNS * SIGNS_GROW), (600, SIGNS)] {
        let mut story = Story::new();
        story.refuse(Trial::AtOnce);
        story.pass(calls);
        story.spacing.give_up();
        assert_eq!((story.spacing.signs_wanted, story.spacing.gap()), (wanted, None), "{calls}");
    }
}

#[test]
fn a_refusal_that_was_held_back_begins_nothing() {
    let mut story = Story::new();
    story.pass(20);
    story.spacing.refused(story.now, story.now + 10_000 * MS, Trial::AtOnce);
    assert_eq!(story.spacing.gap(), None);
}

#[test]
fn answers_that_come_late_hurry_no_call() {
    let mut story = Story::new();
    story.pass(20);
    let sent: Vec<_> = (1..=3).map(|call| story.now + GAP * call).collect();
    for sent_at in &sent {
        story.spacing.send(*sent_at);
    }
    let now = sent[2] + 100 * MS;
    story.spacing.refused(sent[0], now, Trial::AtOnce);
    story.spacing.send(now + GAP);
    story.spacing.refused(sent[1], now + GAP, Trial::AtOnce);
    assert!(story.spacing.earliest() >= Some(now + 2 * GAP));
}
