//! Going on near the end of a large input.

use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

use offerlinks::sandbox::{Reply, Script};

use crate::running::Running;
use crate::support::{Place, Scene, long, wait_until};

/// The time from the start of a run to its first call.
fn time_to_first_call(place: &Place<'_>, arguments: &[&str]) -> Duration {
    let calls = place.scene.network.calls().len();
    let begin = Instant::now();
    let running = Running::start(place.export_under(&[], arguments));
    place.scene.wait_for_calls(calls + 1);
    let took = begin.elapsed();
    running.kill();
    took
}

/// The rows before the last tenth hold no ID, so that they cost no call and the test little time; for going on they
/// are rows like any other. The answers to the rest never come.
#[test]
fn going_on_near_the_end_of_a_large_input_takes_little_longer_than_starting() {
    let (rows, most) = if long() { (1_000_000, Duration::from_secs(1)) } else { (100_000, Duration::from_secs(2)) };
    let scene = Scene::scripted(5, Script::new(|_| Some(Reply::Hang)));
    let mut input = "offer_id,campaign\n".to_owned();
    for row in 0..rows {
        let no_id = if row < rows / 10 * 9 { "x" } else { "" };
        writeln!(input, "{no_id}{},\"campaign {row}\"", 1_000_000 + row).unwrap();
    }
    fs::write(scene.input(), input).unwrap();
    let place = scene.place("large");
    let running = place.start(&[]);
    wait_until("nine tenths are committed", || place.committed() == rows / 10 * 9);
    assert!(running.kill().is_killed());
    let going_on = time_to_first_call(&place, &["--resume"]);
    let mut calls = scene.network.calls();
    assert_eq!(calls.pop().unwrap().offer, Some((1_000_000 + rows / 10 * 9).to_string()), "went on at another row");

    fs::write(scene.input(), "offer_id,campaign\n1000001,\n").unwrap();
    let starting = time_to_first_call(&scene.place("small"), &[]);
    println!("first call after {going_on:.0?} at {} of {rows} rows, {starting:.0?} of them to start", rows / 10 * 9);
    assert!(going_on < starting + most, "{going_on:?}, and {starting:?} to start");
}
