//! A second look at what an earlier run has left: `--resume` over whole outputs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use offerlinks::sandbox::{Asked, Reply, Sandbox};

use crate::support::{Folder, export, export_in, network, reply, scripted};

/// A network that answers so until the test says that it is repaired.
fn mendable(answer: impl Fn(&Asked<'_>) -> Option<Reply> + Send + Sync + 'static) -> (Sandbox, impl Fn()) {
    let repaired = Arc::new(AtomicBool::new(false));
    let is_mended = Arc::clone(&repaired);
    let network = scripted(move |asked| if is_mended.load(Ordering::Relaxed) { None } else { answer(asked) });
    (network, move || repaired.store(true, Ordering::Relaxed))
}

const CSV: &str = "offer_id,note\n16,a\n17,b\n20,c\n18,d\nabc,e\n17,f\n101,g\n";

#[test]
fn an_outage_that_outlasts_patience_writes_no_error_rows_and_can_be_continued() {
    let whole = export().csv(CSV).on(&network()).run().expect(3).output;
    let (network, mend) = mendable(|asked| (asked.overall > 2).then_some(Reply::Reset));
    let arguments = ["-j", "1", "--retries", "0", "--max-outage", "1s"];
    let stopped = export().csv(CSV).args(&arguments).on(&network).run().expect(5).says(&["--max-outage", "--resume"]);
    assert_eq!(stopped.output, None);
    mend();
    let resumed = export_in(&stopped.folder).csv(CSV).args(&arguments).args(&["--resume"]).on(&network).run().expect(3);
    assert_eq!(resumed.output, whole);
}

#[test]
fn an_interrupted_run_of_another_input_is_set_aside_with_a_warning() {
    let (network, mend) =
        mendable(|asked| (asked.overall > 2).then(|| reply(401, r#"{"code":13,"message":"bad key"}"#)));
    let stopped = export().csv(CSV).args(&["-j", "1"]).on(&network).run().expect(4);
    mend();
    let run = export_in(&stopped.folder).csv("offer_id\n16\n").args(&["--resume"]).on(&network);
    let ran = run.run().expect(0).says(&["starting over", "links.csv.partial.old"]);
    assert_eq!(ran.output.unwrap(), crate::support::fixture("offer-16.csv"));
}

#[test]
fn a_run_resumed_during_an_outage_that_looks_like_missing_offers_writes_no_rows() {
    let network = scripted(|asked| (asked.overall > 2).then(|| reply(404, "404 page not found")));
    let folder = Folder::new();
    let offers: Vec<_> = (1..13).map(|id: u32| id.to_string()).collect();
    folder.write("links.csv", "the old output");
    let run = || export_in(&folder).offers(&offers).args(&["--max-outage", "1s", "--retries", "0"]).on(&network);
    run().run().expect(5);
    let ran = run().args(&["--resume"]).run().expect(5).says(&["--max-outage", "--resume"]);
    assert_eq!(ran.output.as_deref(), Some("the old output"));
}
