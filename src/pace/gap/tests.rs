//! Tests of `gap`.

use super::*;

const MS: Duration = Duration::from_millis(1);

/// Calls at the gap of the search, one after the other, to a limiter that wants `limit` between two calls. Returns the
/// gap at the end and how many calls were refused.
fn search(mut search: GapSearch, limit: Duration, calls: u32) -> (Duration, u32) {
    let (mut since, mut refused) = (search.gap(), 0);
    for _ in 0..calls {
        if since >= limit {
            search.passed(since);
            since = search.gap();
        } else {
            refused += 1;
            assert_eq!(search.refused(since), Fit::Yes);
            since += search.gap();
        }
    }
    (search.gap(), refused)
}

#[test]
fn finds_the_gap_of_the_limiter_within_5_percent_at_little_cost() {
    for (start, limit) in [(101, 200), (202, 250), (202, 333), (202, 1000), (237, 200), (600, 200)] {
        let is_too_short = start < limit;
        let shortest = MS * if limit == 200 { 101 } else { 202 };
        let (gap, refused) = search(GapSearch::new(shortest, MS * start, is_too_short), MS * limit, 300);
        assert!(gap >= MS * limit && gap <= MS * limit * 105 / 100, "{start} to {limit}: {gap:?}");
        assert!(refused <= 20, "{start} to {limit}: {refused} refused");
    }
}

#[test]
fn is_never_shorter_than_the_limit_that_the_user_gave() {
    let (gap, refused) = search(GapSearch::new(202 * MS, 600 * MS, false), 10 * MS, 300);
    assert_eq!((gap, refused), (202 * MS, 0));
}

#[test]
fn a_good_gap_with_refusals_now_and_then_is_kept() {
    let mut search = GapSearch::new(202 * MS, 202 * MS, false);
    for call in 0..2000 {
        if call % 30 == 29 { _ = search.refused(202 * MS) } else { search.passed(202 * MS) }
    }
    assert_eq!(search.gap(), 202 * MS);
}

#[test]
fn where_a_longer_gap_has_others_in_between_a_shorter_one_is_tried() {
    let mut search = GapSearch::new(202 * MS, 300 * MS, false);
    (0..2).for_each(|_| search.passed(300 * MS));
    assert!(search.is_good());
    (0..3).for_each(|_| _ = search.refused(300 * MS));
    assert!(search.gap() < 260 * MS && !search.is_good() && search.tries_shorter(), "{:?}", search.gap());
}

#[test]
fn calls_that_left_at_another_gap_say_nothing() {
    let mut search = GapSearch::new(202 * MS, 202 * MS, false);
    (0..9).for_each(|_| _ = search.refused(150 * MS));
    (0..9).for_each(|_| _ = search.refused(404 * MS));
    (0..9).for_each(|_| search.passed(404 * MS));
    assert!(search.gap() == 202 * MS && !search.is_good() && !search.looks_for_longer());
}

#[test]
fn a_gap_that_was_enough_and_is_refused_was_no_matter_of_gaps() {
    let mut search = GapSearch::new(202 * MS, 202 * MS, true);
    search.passed(410 * MS);
    let fits: Vec<_> = (0..8).map(|_| search.refused(search.gap())).collect();
    assert!(fits[..3].iter().all(|fit| *fit == Fit::Yes) && fits.contains(&Fit::No), "{fits:?}");
    assert!(search.gap() <= 410 * MS, "{:?}", search.gap());
}

#[test]
fn whole_numbers_of_calls_per_second_come_first() {
    for (low, high, expected) in [(202, 404, 252), (253, 404, 336), (202, 455, 336), (337, 758, 505), (337, 404, 368)] {
        let (gap, _) = between(low * MS, high * MS);
        assert_eq!(gap.as_millis(), expected, "{low} to {high}");
    }
}

#[test]
fn a_call_that_another_client_came_before_does_not_make_a_gap_too_short_for_ever() {
    let mut search = GapSearch::new(202 * MS, 337 * MS, false);
    (0..2).for_each(|_| search.passed(337 * MS));
    search.too_short = 253 * MS;
    let tried = (0..CHECK_AFTER * 2).any(|_| {
        search.passed(search.gap());
        search.gap() == 253 * MS
    });
    assert!(tried, "{:?}", search.gap());
}

#[test]
fn no_end_of_gaps_is_tried() {
    let mut search = GapSearch::new(202 * MS, 202 * MS, true);
    assert!((0..14).any(|_| search.refused(search.gap()) == Fit::No), "{:?}", search.gap());
}

#[test]
fn a_gap_that_was_too_short_once_is_tried_again_in_the_end() {
    let mut search = GapSearch::new(202 * MS, 400 * MS, false);
    search.too_short = 390 * MS;
    (0..2000).for_each(|_| search.passed(search.gap()));
    assert_eq!(search.gap(), 202 * MS);
}
