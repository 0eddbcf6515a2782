//! Tests of `progress`.

use super::*;
use crate::report::example;

#[test]
fn a_line_says_as_much_as_fits_and_never_half_a_word() {
    let (stats, snapshot) = example::run(&["demo"]);
    let line = |width| Line::of_run(&snapshot, &stats).text(width);
    let whole = "50/1,000 offers, 3m 10s left, 5 failed (5 not_found), 5.0 of 5.0 calls/s";
    let length = whole.len();
    for (width, says) in [
        (usize::MAX, whole),
        (length, whole),
        (length - 1, "50/1,000 offers, 3m 10s left, 5 failed, 5.0 of 5.0 calls/s"),
        (57, "50/1,000 offers, 3m 10s left, 5 failed"),
        (40, "50/1,000 offers, 3m 10s left, 5 failed"),
        (20, "50/1,000 offers"),
        (0, "50/1,000 offers"),
    ] {
        assert_eq!(line(width), says, "{width}");
    }
}

#[test]
fn the_slowest_networks_are_those_that_stand_still_and_those_with_the_most_time_left() {
    let (stats, mut snapshot) = example::run(&["a", "b", "c", "d", "e"]);
    let slowest = |snapshot: &Snapshot| slowest(snapshot, &stats, 2).iter().map(|lane| lane.0).collect::<Vec<_>>();
    assert_eq!(slowest(&snapshot), [0, 1], "b has twice the pace of a, and so on");
    snapshot.lanes[4].state = example::outage(snapshot.at);
    assert_eq!(slowest(&snapshot), [0, 4], "in the order of the run");
    snapshot.lanes[4].state = example::refused();
    snapshot.lanes[0].state = LaneState::Complete;
    assert_eq!(slowest(&snapshot), [1, 2], "what is over is not waited for");
}

#[test]
fn a_log_line_for_many_networks_stays_one_line_and_an_answer_has_one_for_each() {
    let names: Vec<_> = (0..100).map(|n| format!("n{n}")).collect();
    let (stats, mut snapshot) = example::run(&names.iter().map(String::as_str).collect::<Vec<_>>());
    snapshot.lanes[1].state = LaneState::Complete;
    snapshot.lanes[2].state = example::refused();
    let Message { text, fields, .. } = progress(&snapshot, &stats);
    assert_eq!(text.lines().count(), 1);
    assert!(text.contains("; networks: 98 calling, 1 complete, 1 stopped; slowest: n0: 50/1,000 offers"), "{text}");
    assert_eq!(fields["networks"].as_array().unwrap().len(), 100);
    let Message { text, fields, level } = status(&snapshot, &stats);
    assert_eq!((text.lines().count(), level), (101, Level::Notice));
    assert!(text.contains("\n  n2: 150/1,000 offers, stopped: it refuses the account"), "{text}");
    let words: Vec<_> = (0..3).map(|n| fields["networks"][n]["state"].as_str().unwrap()).collect();
    assert_eq!(words, ["running", "complete", "refused"]);
}

#[test]
fn the_run_waits_only_where_every_open_network_waits() {
    let (stats, mut snapshot) = example::run(&["a", "b", "c"]);
    for n in [0, 1] {
        snapshot.lanes[n].state = example::outage(snapshot.at);
    }
    assert!(!Line::of_run(&snapshot, &stats).text(usize::MAX).contains("does not answer"));
    snapshot.lanes[2].state = LaneState::Complete;
    assert!(Line::of_run(&snapshot, &stats).text(usize::MAX).contains("does not answer"));
}
