//! kill -9 at random moments, each followed by the same command, with `--resume` or without.

use std::time::{Duration, Instant};

use crate::support::{Place, Scene, long, random};

/// What the kills of one run have cost, in calls that had to be asked again.
#[derive(Debug, Default)]
struct Cost {
    calls: Vec<usize>,
}

/// Kills a run so often, each time after a time that `moment` gives, and goes on; `bound` says how many calls a kill
/// may cost, given the calls of the last stretch before it.
fn kill_and_go_on(
    place: &Place<'_>,
    arguments: &[&str],
    kills: usize,
    mut moment: impl FnMut() -> Duration,
    bound: impl Fn(&[Instant], Instant) -> usize,
) -> Cost {
    let scene = place.scene;
    let mut cost = Cost::default();
    for kill in 1..=kills {
        let (calls_before, committed_before) = (scene.network.calls().len(), place.committed());
        // The same command resumes, with and without the flag.
        let flag: &[&str] = if kill % 2 == 0 { &["--resume"] } else { &[] };
        let mut running = place.start(&[arguments, flag].concat());
        std::thread::sleep(moment());
        assert!(!running.is_over(), "over before kill {kill} of {kills}: {:?}", running.end());
        let killed = Instant::now();
        assert!(running.kill().is_killed());
        place.assert_old_output();
        let calls: Vec<_> = scene.network.calls()[calls_before..].iter().map(|call| call.at).collect();
        let kept = usize::try_from(place.committed() - committed_before).unwrap();
        let lost = calls.len() - calls.len().min(kept);
        let allowed = bound(&calls, killed);
        assert!(lost <= allowed, "kill {kill} cost {lost} calls; at most {allowed} are allowed");
        cost.calls.push(lost);
    }
    let ended = place.resume();
    ended.assert_says("exported");
    let (calls, offers) = scene.calls();
    // The row that is no ID was kept without a call.
    let most = offers + cost.calls.iter().sum::<usize>() + 1;
    assert!(calls <= most, "{calls} calls for {offers} offers, {cost:?}");
    cost
}

fn show(what: &str, cost: &Cost) {
    let calls = &cost.calls;
    let mean = calls.iter().sum::<usize>() as f64 / calls.len() as f64;
    println!("{what}: {} kills, {mean:.1} calls asked again per kill, at most {:?}", calls.len(), calls.iter().max());
}

/// 50 calls/s: what 25 offers take is longer than the shortest time between two commits, as at the published pace.
#[test]
fn a_kill_at_a_steady_pace_costs_at_most_25_offers_and_those_in_flight() {
    const IN_FLIGHT: usize = 4;
    const MOST: usize = 25 + IN_FLIGHT;
    let (offers, kills) = if long() { (4000, 60) } else { (300, 6) };
    let scene = Scene::in_memory(offers, Duration::from_millis(20));
    let mut random = random();
    let longest = if long() { 1900 } else { 900 };
    let cost = kill_and_go_on(
        &scene.place("steady"),
        &["--rate", "50/s", "-j", "4"],
        kills,
        || Duration::from_millis(random.u64(10..longest)),
        // Where others keep the processor busy, a commit takes its time and is followed by 19 times as much rest.
        |calls, killed| MOST.max(calls.iter().filter(|&&at| at + Duration::from_secs(1) > killed).count() + IN_FLIGHT),
    );
    show("50 calls/s", &cost);
    let over = cost.calls.iter().filter(|&&calls| calls > MOST).count();
    assert!(over * 4 <= kills, "{over} of {kills} kills cost more than {MOST} calls: {cost:?}");
}

#[test]
fn a_kill_at_no_limit_costs_a_quarter_seconds_work() {
    const IN_FLIGHT: usize = 8;
    /// A quarter second, and the rest that a slow commit is followed by.
    const WORK: Duration = Duration::from_millis(400);
    let (offers, kills) = if long() { (20_000, 60) } else { (3_000, 6) };
    let scene = Scene::in_memory(offers, Duration::from_millis(10));
    let mut random = random();
    let cost = kill_and_go_on(
        &scene.place("unlimited"),
        &["-j", "8"],
        kills,
        || Duration::from_millis(random.u64(10..600)),
        |calls, killed| calls.iter().filter(|&&at| at + WORK > killed).count() + IN_FLIGHT,
    );
    show("no limit", &cost);
}
