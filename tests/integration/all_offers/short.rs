//! A list that breaks off, moves, or does not add up.

use offerlinks::sandbox::{Asked, Reply};

use super::{OLD, asked_for, page, page_of};
use crate::support::{Folder, Ran, called, export_in, network_with, reply, scripted};

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn a_list_that_breaks_off_never_becomes_a_short_export() {
    type Script = fn(&Asked<'_>) -> Option<Reply>;
    let cases: [(&str, Script, i32, &str); 8] = [
        (
            "key",
            |asked| (page_of(asked)? == 2).then(|| reply(401, r#"{"code":13,"message":"Invalid API key"}"#)),
            4,
            "key",
        ),
        ("html", |asked| (page_of(asked)? == 2).then(|| reply(500, "<html>Oops</html>")), 5, "HTTP 500"),
        (
            "refused",
            |asked| (page_of(asked)? == 2).then(|| reply(400, r#"{"code":20,"message":"Parameter error"}"#)),
            4,
            "Parameter",
        ),
        (
            "empty",
            |asked| (page_of(asked)? == 2).then(|| page([], 3, 255)),
            5,
            "speaks of 255 offers, but its pages hold 100",
        ),
        ("cut", |asked| (page_of(asked)? == 2).then_some(Reply::Reset), 5, "does not give the offer list"),
        (
            "total",
            |asked| {
                page_of(asked)
                    .map(|n| page(n * 100 - 99..=n * 100, 3, 999))
                    .filter(|_| page_of(asked) != Some(4))
                    .or_else(|| page_of(asked).map(|_| page([], 3, 999)))
            },
            5,
            "speaks of 999 offers, but its pages hold 300",
        ),
        // Every page begins with the last offer of the page before: one is missing.
        (
            "moved",
            |asked| page_of(asked).map(|n| page(n * 100 - 98 - n..n * 100 + 2 - n, 2, 200)),
            5,
            "speaks of 200 offers, but its pages hold 199",
        ),
        (
            "unsteady",
            |asked| page_of(asked).map(|n| page((n * 100 - 99..=n * 100).map(|id| id + asked.nth), 2, 200)),
            5,
            "each time it was read",
        ),
    ];
    for (name, script, code, words) in cases {
        let network = network_with(|options| {
            options.listed = 250;
            options.script = Some(offerlinks::sandbox::Script::new(script));
        });
        let folder = Folder::new();
        folder.write("links.csv", OLD);
        let run =
            export_in(&folder).output("links.csv").args(&["--all-offers", "--retries", "0", "--max-outage", "0s"]);
        let ran = run.on(&network).run();
        assert_eq!((ran.code, ran.output.as_deref()), (code, Some(OLD)), "{name}: {}", ran.stderr);
        assert!(ran.stderr.contains(words) && ran.stderr.contains("--all-offers"), "{name}: {}", ran.stderr);
        assert_eq!(called(&network), [""; 0], "{name}");
        assert!(!folder.path("links.csv.offers.csv").exists(), "{name}");
    }
}

#[test]
fn a_list_that_moves_once_is_read_again_and_one_that_never_adds_up_is_accepted_if_allowed() {
    let moving = scripted(|asked| {
        let gone = u32::from(asked.nth > 1 || page_of(asked)? > 1);
        let ids = (1..=150).filter(|id| gone == 0 || *id != 5);
        let n = page_of(asked)?;
        Some(page(ids.skip(n as usize * 100 - 100).take(100), 2, 150 - gone))
    });
    let folder = Folder::new();
    let run = export_in(&folder).output("links.csv").args(&["--all-offers"]).on(&moving).run();
    let asked = asked_for(&moving);
    assert!(asked.contains("101") && asked.len() == 149, "{}: {asked:?}", run.stderr);

    let short = scripted(|asked| page_of(asked).map(|n| page((101..=103).take(if n == 1 { 3 } else { 0 }), 1, 7)));
    let run = |arguments: &[&str]| -> Ran {
        let folder = Folder::new();
        export_in(&folder).output("links.csv").args(&["--all-offers"]).args(arguments).on(&short).run()
    };
    run(&[]).expect(5).says(&["--allow-short"]);
    assert_eq!(called(&short), [""; 0]);
    run(&["--allow-short"]).expect(0).says(&["speaks of 7 offers, but its pages hold 3"]);
    assert_eq!(asked_for(&short), ["101", "102", "103"].map(str::to_owned).into());
}
