//! When to commit: often enough that a kill costs little, rarely enough that commits cost almost nothing.
//!
//! A pure state machine: time is passed in, and it commits nothing itself.

use std::time::{Duration, Instant};

/// How many offers a kill may cost: at the published pace of 5 a second, five seconds of work.
const OFFERS: u64 = 25;
/// No finished offer waits longer than this, where the disk keeps up.
const LONGEST: Duration = Duration::from_secs(5);
/// At a fast pace, how much time of work a kill may cost.
const SHORTEST: Duration = Duration::from_millis(250);
/// A commit that took t is followed by 19 t without one: at most 5 % of the disk's time goes into commits.
const REST: u32 = 19;
/// But never by more than this: a commit that is so slow has waited for other programs.
const LONGEST_REST: Duration = Duration::from_secs(60);

/// Says when the next commit is due.
#[derive(Clone, Debug)]
pub(crate) struct CommitPolicy {
    /// When the last commit began.
    last: Instant,
    earliest: Instant,
    /// Offers appended since the last commit began.
    offers: u64,
    /// When the commit in progress began.
    began: Option<Instant>,
}

impl CommitPolicy {
    /// Starts with nothing to commit.
    pub(crate) fn new(now: Instant) -> Self {
        Self { last: now, earliest: now, offers: 0, began: None }
    }

    /// Another offer's rows were appended.
    pub(crate) fn offer_appended(&mut self) {
        self.offers += 1;
    }

    /// A commit of everything appended begins.
    pub(crate) fn began(&mut self, now: Instant) {
        self.began = Some(now);
        self.offers = 0;
    }

    /// Whether a commit is in progress.
    pub(crate) fn is_under_way(&self) -> bool {
        self.began.is_some()
    }

    /// When the commit in progress began.
    pub(crate) fn under_way_since(&self) -> Option<Instant> {
        self.began
    }

    /// It has ended.
    pub(crate) fn ended(&mut self, now: Instant) {
        if let Some(began) = self.began.take() {
            self.last = began;
            self.earliest = now + (now.saturating_duration_since(began) * REST).min(LONGEST_REST);
        }
    }

    /// When to commit the rows so far; `None` while there is nothing new, or a commit is in progress. May be in the past.
    pub(crate) fn due(&self) -> Option<Instant> {
        if self.is_under_way() {
            return None;
        }
        let wait = match self.offers {
            0 => return None,
            1..OFFERS => LONGEST,
            _ => SHORTEST,
        };
        Some(self.earliest.max(self.last + wait))
    }

    /// Whether to commit now.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.due().is_some_and(|due| due <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Runs `seconds` of virtual time with an offer every `gap`; gives offers per commit and the share of time spent.
    fn run(gap: Duration, cost: Duration, seconds: u64) -> (Vec<u64>, f64) {
        let start = Instant::now();
        let mut policy = CommitPolicy::new(start);
        let (mut now, mut offers, mut commits, mut spent) = (start, 0, Vec::new(), Duration::ZERO);
        while now < start + Duration::from_secs(seconds) {
            now += gap;
            policy.offer_appended();
            offers += 1;
            if policy.is_due(now) {
                policy.began(now);
                now += cost;
                policy.ended(now);
                spent += cost;
                commits.push(std::mem::take(&mut offers));
            }
        }
        (commits, spent.as_secs_f64() / (now - start).as_secs_f64())
    }

    #[test]
    fn at_the_published_pace_a_commit_holds_25_offers() {
        let (commits, _) = run(Duration::from_millis(200), Duration::from_millis(10), 60);
        assert!(commits.iter().all(|&offers| (24..=25).contains(&offers)), "{commits:?}");
    }

    #[test]
    fn at_unlimited_rates_there_are_four_commits_a_second() {
        let (commits, share) = run(Duration::from_micros(50), Duration::from_millis(5), 10);
        assert!((38..=40).contains(&commits.len()), "{}", commits.len());
        assert!(share <= 0.05, "{share}");
    }

    #[test]
    fn a_lone_offer_is_committed_within_5_s_and_nothing_new_is_never_due() {
        let start = Instant::now();
        let mut policy = CommitPolicy::new(start);
        assert_eq!(policy.due(), None);
        policy.offer_appended();
        assert_eq!(policy.due(), Some(start + Duration::from_secs(5)));
        policy.began(start);
        policy.offer_appended();
        assert_eq!(policy.due(), None, "one at a time");
        policy.ended(start + Duration::from_secs(1));
        assert_eq!(policy.due(), Some(start + Duration::from_secs(1 + 19)), "what came meanwhile is next");
        policy.began(start);
        policy.ended(start);
        assert_eq!(policy.due(), None);
    }

    proptest! {
        #[test]
        fn commits_never_take_more_than_5_percent(gap_us in 2_000_u64..500_000, cost_ms in 0_u64..2_000) {
            let (commits, share) = run(Duration::from_micros(gap_us), Duration::from_millis(cost_ms), 20);
            // The last commit's rest may lie past the end of the run.
            let one = cost_ms as f64 / 20_000.0;
            prop_assert!(share <= 0.05 + one, "{} {:?}", share, commits);
        }
    }
}
