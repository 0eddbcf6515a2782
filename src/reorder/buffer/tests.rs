//! Tests of `buffer`.

use proptest::prelude::*;

use super::*;
use crate::offer::{AnswerBuilder, ErrorKind};

fn offer(n: u64) -> OfferId {
    OfferId::parse(&n.to_string()).unwrap()
}

#[expect(clippy::unnecessary_wraps, reason = "an outcome is what the window takes")]
fn answer(text: &str) -> Outcome {
    Ok(AnswerBuilder::new(Some(text), None).build())
}

#[test]
fn a_row_is_written_only_after_all_before_it() {
    let mut window = ReorderBuffer::new();
    assert_eq!(window.admit("first", 0, offer(1)), Admitted::Asks);
    assert_eq!(window.admit("second", 0, offer(2)), Admitted::Asks);
    window.admit_ready("third", 0);
    window.finish(offer(2), answer("2"));
    assert!(window.pop().is_none());
    window.finish(offer(1), answer("1"));
    let written: Vec<_> = std::iter::from_fn(|| window.pop()).map(|(row, _)| row).collect();
    assert_eq!(written, ["first", "second", "third"]);
    assert!(window.is_empty());
    assert_eq!(window.held, 0);
}

#[test]
fn the_same_offer_is_asked_for_once_before_and_after_its_answer() {
    let mut window = ReorderBuffer::new();
    assert_eq!(window.admit(1, 0, offer(16)), Admitted::Asks);
    assert_eq!(window.admit(2, 0, offer(16)), Admitted::Shares);
    window.finish(offer(16), answer("x"));
    assert_eq!(window.admit(3, 0, offer(16)), Admitted::Shares);
    assert_eq!(std::iter::from_fn(|| window.pop()).count(), 3);
    assert_eq!(window.held, 0);
}

#[test]
fn at_least_the_last_ten_thousand_distinct_offers_are_remembered() {
    let mut window = ReorderBuffer::new();
    for n in 0..10_000 {
        assert_eq!(window.admit((), 0, offer(n)), Admitted::Asks);
        window.finish(offer(n), answer("x"));
        window.pop().unwrap();
    }
    assert_eq!(window.admit((), 0, offer(0)), Admitted::Shares);
    for n in 10_000..30_000 {
        assert_eq!(window.admit((), 0, offer(n)), Admitted::Asks);
        window.finish(offer(n), answer("x"));
    }
    assert!(window.answers.len() <= 10_000 + 1024);
    assert_eq!(window.admit((), 0, offer(1)), Admitted::Asks);
}

#[test]
fn rows_that_nobody_asks_for_any_more_fail_and_those_with_an_answer_keep_it() {
    let mut window = ReorderBuffer::with(Limits::of_each(100));
    for n in 0..3 {
        assert_eq!(window.admit(n, 8, offer(n)), Admitted::Asks);
    }
    window.finish(offer(1), answer("x"));
    assert_eq!(window.admit(3, 8, offer(2)), Admitted::Shares);
    window.fail_waiting(|_| OfferError::local(ErrorKind::Outage, "down"));
    let rows: Vec<_> = std::iter::from_fn(|| window.pop()).map(|(_, slot)| slot).collect();
    let is_ok = |slot: &Option<Slot>| slot.as_ref().and_then(Slot::outcome).unwrap().is_ok();
    assert_eq!(rows.iter().map(is_ok).collect::<Vec<_>>(), [false, true, false, false]);
    assert_eq!(window.held, 0);
}

#[test]
fn a_hundred_buffers_hold_hardly_more_than_one() {
    let one = Limits::of_each(1);
    assert_eq!(one, Limits::of_each(0));
    for buffers in [2, 16, 64] {
        let each = Limits::of_each(buffers);
        assert!(each.held * buffers <= one.held && each.remembered * buffers <= one.remembered);
    }
    assert!(Limits::of_each(10_000).held >= 1 << 20);
}

#[test]
fn large_answers_are_forgotten_before_they_fill_the_memory() {
    let mut window = ReorderBuffer::new();
    let large = "x".repeat(1 << 20);
    for n in 0..100 {
        assert_eq!(window.admit((), 0, offer(n)), Admitted::Asks);
        window.finish(offer(n), answer(&large));
        window.pop().unwrap();
    }
    assert!(window.answers.size() <= ReorderBuffer::<()>::MAX_REMEMBERED_SIZE);
    assert_eq!(window.admit((), 0, offer(99)), Admitted::Shares, "the newest is still known");
}

#[test]
fn the_window_closes_when_full_of_rows_or_of_bytes() {
    let mut window = ReorderBuffer::new();
    for n in 0..ReorderBuffer::<()>::MAX_ROWS as u64 {
        assert!(window.has_room());
        let _ = window.admit((), 0, offer(n));
    }
    assert!(!window.has_room());
    let mut window = ReorderBuffer::new();
    let _ = window.admit((), ReorderBuffer::<()>::MAX_HELD, offer(1));
    assert!(!window.has_room());
}

proptest! {
    #[test]
    fn whatever_the_order_of_answers_rows_leave_in_input_order(
        offers in prop::collection::vec(0u64..40, 1..200),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 200),
    ) {
        let mut window = ReorderBuffer::new();
        let mut asked = Vec::new();
        let mut written = Vec::new();
        for (line, n) in offers.iter().enumerate() {
            if window.admit(line, 8, offer(*n)) == Admitted::Asks {
                asked.push(offer(*n));
            }
            if line % 3 == 0 && !asked.is_empty() {
                let next = asked.swap_remove(picks[line].index(asked.len()));
                window.finish(next, answer(next.as_str()));
            }
            written.extend(std::iter::from_fn(|| window.pop()));
        }
        for (next, _) in asked.into_iter().rev().zip(&picks) {
            window.finish(next, answer(next.as_str()));
        }
        written.extend(std::iter::from_fn(|| window.pop()));
        prop_assert_eq!(written.len(), offers.len());
        for (line, (row, slot)) in written.iter().enumerate() {
            prop_assert_eq!(*row, line);
            let url = slot.as_ref().and_then(Slot::outcome).and_then(|o| o.as_ref().ok()).and_then(|a| a.url().map(str::to_owned));
            prop_assert_eq!(url, Some(offers[line].to_string()));
        }
        prop_assert_eq!(window.held, 0);
    }
}
