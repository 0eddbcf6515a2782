//! Two runs on one output.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use crate::support::{Scene, wait_until};

#[test]
fn a_second_run_on_the_same_output_ends_at_once_and_names_the_holder() {
    let scene = Scene::new(500, Duration::from_millis(20));
    let place = scene.place("held");
    let first = place.start(&["-j", "1"]);
    wait_until("a commit", || place.committed() > 0);
    // By another way to the same file.
    let link = scene.place("link");
    fs::remove_file(link.out()).unwrap();
    symlink(place.out(), link.out()).unwrap();
    let calls = scene.network.calls().len();
    let begin = Instant::now();
    for (place, arguments) in [(&place, &[][..]), (&place, &["--resume"]), (&place, &["--retry-failed"]), (&link, &[])]
    {
        let second = place.run(arguments);
        second.assert_code(5);
        second.assert_says(&format!("process {} since ", first.id()));
        second.assert_says("links.csv");
        assert!(second.took < Duration::from_secs(2), "{second:?}");
    }
    // One call at a time, 20 ms each: what is more than these would be the second run's.
    let most = calls + 2 + usize::try_from(begin.elapsed().as_millis() / 20).unwrap();
    assert!(scene.network.calls().len() <= most, "the second run sent calls");

    assert!(first.kill().is_killed());
    place.assert_old_output();
    place.resume();
}
