//! SIGINT, SIGTERM and SIGHUP in every state that a run can be in.

use std::os::unix::process::ExitStatusExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use offerlinks::sandbox::{Asked, Reply, Script};

use crate::running::Running;
use crate::support::{Place, Scene, skip, wait_until};

const SIGNALS: [(&str, i32); 3] = [("INT", 2), ("TERM", 15), ("HUP", 1)];

/// After so many calls for links everything is answered in its own way, until `repaired` is set.
const GOOD_CALLS: u64 = 40;

fn breaking(repaired: &Arc<AtomicBool>, answer: impl Fn(&Asked<'_>) -> Reply + Send + Sync + 'static) -> Script {
    let repaired = Arc::clone(repaired);
    Script::new(move |asked| (asked.overall > GOOD_CALLS && !repaired.load(Ordering::Relaxed)).then(|| answer(asked)))
}

fn http(status: u16, headers: &[(&str, &str)]) -> Reply {
    let headers = headers.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    Reply::Http { status, headers, body: Vec::new() }
}

/// Sends the signal and checks that it ends the run in time, with the command to resume.
fn stop(place: &Place<'_>, running: Running, (name, number): (&str, i32), most: Duration) {
    let sent = Instant::now();
    running.signal(name);
    let ended = running.end();
    let took = sent.elapsed();
    assert_eq!(ended.status.signal(), Some(number), "{ended:?}");
    assert!(took < most, "SIG{name} took {took:?}");
    place.assert_old_output();
    let name = if name == "INT" { "Ctrl-C".to_owned() } else { format!("SIG{name}") };
    ended.assert_says(&format!("stopped by {name}"));
    ended.assert_says("to continue: offerlinks export");
    ended.assert_says("--resume");
}

#[test]
fn a_signal_while_calls_are_answered_ends_the_run_and_loses_nothing() {
    const LATENCY: Duration = Duration::from_millis(100);
    let scene = Scene::new(60, LATENCY);
    for signal in SIGNALS {
        let place = scene.place(signal.0);
        let before = scene.network.calls().len();
        let running = place.start(&["-j", "4"]);
        scene.wait_for_calls(before + 10);
        stop(&place, running, signal, Duration::from_secs(5));
        // In flight calls were waited for and are kept: nothing at all is asked again.
        place.resume();
        let calls = scene.network.calls().len() - before;
        assert_eq!(calls, 60, "every offer once");
    }
}

#[test]
fn a_signal_while_the_network_has_frozen_the_run_ends_it_at_once() {
    let repaired = Arc::new(AtomicBool::new(false));
    let scene = Scene::scripted(60, breaking(&repaired, |_| http(429, &[("Retry-After", "120")])));
    for (signal, first) in SIGNALS.into_iter().zip([true, false, false]) {
        repaired.store(false, Ordering::Relaxed);
        let place = scene.place(signal.0);
        let before = scene.network.calls().len();
        let running = place.start(&["-j", "2"]);
        scene.wait_for_calls(before + if first { 41 } else { 1 });
        std::thread::sleep(Duration::from_millis(200));
        stop(&place, running, signal, Duration::from_secs(5));
        repaired.store(true, Ordering::Relaxed);
        place.resume();
    }
}

#[test]
fn a_signal_while_an_offer_waits_for_its_retry_ends_the_run_at_once() {
    let repaired = Arc::new(AtomicBool::new(false));
    let scene = Scene::scripted(60, breaking(&repaired, |_| http(500, &[])));
    for (signal, first) in SIGNALS.into_iter().zip([true, false, false]) {
        repaired.store(false, Ordering::Relaxed);
        let place = scene.place(signal.0);
        let before = scene.network.calls().len();
        let running = place.start(&["-j", "2"]);
        scene.wait_for_calls(before + if first { 42 } else { 1 });
        std::thread::sleep(Duration::from_millis(200));
        stop(&place, running, signal, Duration::from_secs(5));
        repaired.store(true, Ordering::Relaxed);
        place.resume();
    }
}

/// The network is silent: calls in flight are waited for, but only for a while, and not at all after a second signal.
#[test]
fn calls_that_never_end_are_waited_for_10_s_or_until_the_second_signal() {
    let repaired = Arc::new(AtomicBool::new(false));
    let scene = Scene::scripted(60, breaking(&repaired, |_| Reply::Hang));
    let (patient, hasty) = (scene.place("patient"), scene.place("hasty"));
    let waiting = patient.start(&["-j", "2"]);
    scene.wait_for_calls(42);
    let other = hasty.start(&["-j", "2"]);
    scene.wait_for_calls(43);
    std::thread::sleep(Duration::from_millis(100));

    other.signal("INT");
    // Within a second it would count as the same signal.
    std::thread::sleep(Duration::from_millis(1100));
    stop(&hasty, other, ("INT", 2), Duration::from_secs(2));

    stop(&patient, waiting, ("TERM", 15), Duration::from_millis(11_500));
    repaired.store(true, Ordering::Relaxed);
    let kept = patient.committed();
    assert!(kept >= 38, "what was answered is kept: {kept}");
    patient.resume();
    hasty.resume();
}

/// GNU timeout sends its signal to its child and then to the whole group, the child included.
#[test]
fn two_signals_at_once_are_one_and_what_was_answered_is_kept() {
    let scene = Scene::new(60, Duration::from_millis(1));
    let place = scene.place("timeout");
    if std::process::Command::new("timeout").arg("--version").output().is_err() {
        return skip("two signals at once", "no timeout");
    }
    let ended = Running::start(place.export_under(&["timeout", "5"], &["--rate", "50/10s", "-q"])).end();
    assert_eq!(ended.status.code(), Some(124), "{ended:?}");
    let (calls, kept) = (scene.calls().0 as u64, place.committed());
    // Also the cell that is no ID is done.
    assert!(kept > 0 && kept + 2 >= calls, "{kept} of {calls} are kept");
    place.resume();
}

#[test]
fn a_hangup_is_ignored_under_nohup() {
    let scene = Scene::new(60, Duration::from_millis(20));
    let place = scene.place("nohup");
    let running = Running::start(place.export_under(&["nohup"], &["-j", "2"]));
    wait_until("calls arrive", || scene.network.calls().len() > 5);
    running.signal("HUP");
    running.end().assert_code(3);
    assert_eq!(std::fs::read_to_string(place.out()).unwrap(), scene.golden);
}
