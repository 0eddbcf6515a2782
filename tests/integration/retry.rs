//! `--retry-failed`: asks again for what failed, and leaves every other byte as it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use offerlinks::sandbox::{Reply, Sandbox};

use crate::support::{Folder, called, export_in, network, reply, scripted};

const INPUT: &str = "offer_id,note\n1,\"a, b\"\n2,b\n20,c\nx,d\n2,e\n3,f\n";

/// Offer 2 always fails in a way that may pass, until it is mended.
fn network_with_a_bad_offer() -> (Sandbox, Arc<AtomicBool>) {
    let mended = Arc::new(AtomicBool::new(false));
    let is_mended = Arc::clone(&mended);
    let network = scripted(move |asked| {
        let broken = asked.offer == Some("2") && !is_mended.load(Ordering::Relaxed);
        broken.then(|| reply(500, r#"{"code": 51, "message": "internal error"}"#))
    });
    (network, mended)
}

#[test]
fn only_what_may_pass_is_asked_again_and_put_in_its_place() {
    let (network, mended) = network_with_a_bad_offer();
    let folder = Folder::new();
    for (output, options) in
        [("links.csv", &[][..]), ("excel.csv", &["--excel"]), ("links.jsonl", &[]), ("links.xlsx", &[])]
    {
        mended.store(false, Ordering::Relaxed);
        let export = || export_in(&folder).csv(INPUT).output(output).args(options).on(&network);
        let first = export().args(&["--retries", "0"]).run().expect(3);
        mended.store(true, Ordering::Relaxed);
        let before = called(&network).len();
        let again = export().args(&["--retry-failed"]).run().expect(3);
        assert_eq!(called(&network)[before..], ["2"], "{output}");
        let undisturbed =
            export_in(&Folder::new()).csv(INPUT).output(output).args(options).on(&network).run().expect(3);
        if output == "links.xlsx" {
            let rows = |folder: &Folder| std::fs::read(folder.path("links.xlsx.csv")).unwrap();
            assert_eq!(rows(&again.folder), rows(&undisturbed.folder));
        } else {
            assert_ne!(first.output, again.output);
            assert_eq!(again.output, undisturbed.output, "{output}");
        }
        assert!(again.stderr.contains("exported 4 of 6 offers"), "{}", again.stderr);
    }
}

#[test]
fn all_asks_for_refused_offers_too_but_not_for_cells_that_are_no_ids() {
    let network = network();
    let folder = Folder::new();
    let export = || export_in(&folder).csv(INPUT).on(&network);
    let first = export().run().expect(3);
    let before = called(&network).len();
    let again = export().args(&["--retry-failed=all"]).run().expect(3);
    assert_eq!(called(&network)[before..], ["20"]);
    assert_eq!(first.output, again.output);
}

#[test]
fn the_input_is_not_needed() {
    let network = network();
    let folder = Folder::new();
    export_in(&folder).csv(INPUT).on(&network).run().expect(3);
    std::fs::remove_file(folder.path("offers.csv")).unwrap();
    export_in(&folder).output("links.csv").args(&["--retry-failed=all"]).on(&network).run().expect(3);
}

#[test]
fn without_an_output_of_ours_nothing_is_called_and_nothing_changed() {
    let network = network();
    let folder = Folder::new();
    let again = || export_in(&folder).csv(INPUT).args(&["--retry-failed"]).on(&network);
    again().run().expect(2).says(&["links.csv", "--retry-failed"]);
    folder.write("links.csv", "some,other,file\n1,2,3\n");
    let ran = again().run().expect(2).says(&["links.csv", "line 1"]);
    assert_eq!(ran.output.as_deref(), Some("some,other,file\n1,2,3\n"));
    assert!(network.calls().is_empty());
}

#[test]
fn an_interrupted_retry_is_continued() {
    let (network, mended) = network_with_a_bad_offer();
    let folder = Folder::new();
    let export = |arguments: &[&str]| export_in(&folder).csv(INPUT).on(&network).args(arguments);
    let first = export(&["--retries", "0"]).run().expect(3);
    let refusing = scripted(|_| Some(Reply::Http { status: 401, headers: Vec::new(), body: Vec::new() }));
    let stopped = export_in(&folder).csv(INPUT).on(&refusing).args(&["--retry-failed"]).run().expect(4);
    assert_eq!(stopped.output, first.output, "the output is as it was");
    mended.store(true, Ordering::Relaxed);
    let undisturbed = export_in(&Folder::new()).csv(INPUT).on(&network).run().expect(3);
    assert_eq!(export(&["--retry-failed", "--resume"]).run().expect(3).output, undisturbed.output);
}
