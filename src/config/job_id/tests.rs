//! The text in a checkpoint, and what is said of a difference.

use super::*;

fn id() -> JobId {
    JobId {
        network: "https://demo.api.offerslook.com/".into(),
        email: "me@example.com".into(),
        networks: Vec::new(),
        network_column: None,
        rows_of: RowsOf::Input(ReadingId {
            sheet: None,
            delimiter: Some(",".into()),
            header_line: Some(1),
            skipped_lines: 0,
            column: 2,
            column_name: Some("Offer ID".into()),
        }),
        kept: vec!["campaign".into()],
        format: "csv".into(),
        append: "s={row.campaign}".into(),
        keep_last_good: false,
        links: LinksId::All,
    }
}

fn network(name: &str) -> NetworkId {
    NetworkId { name: name.into(), url: format!("https://{name}.example/"), email: "me@example.com".into() }
}

#[test]
fn another_set_of_networks_is_another_job() {
    let several = |names: &[&str]| JobId { networks: names.iter().map(|name| network(name)).collect(), ..id() };
    let (then, mut moved) = (several(&["acme", "demo"]), several(&["acme", "demo"]));
    assert!(then.differences(&then, true).is_empty());
    assert_eq!(
        several(&["acme", "demo", "shop"]).differences(&then, true),
        ["the set of networks differs: \"acme,demo\" then, \"acme,demo,shop\" now"]
    );
    moved.networks[0].url = "https://elsewhere.example/".into();
    assert_eq!(moved.differences(&then, true), ["the account of a network differs: another then, this now"]);
    moved.network_column = Some("site".into());
    assert!(moved.differences(&then, false).iter().any(|difference| difference.contains("--network-column")));
}

/// A change here makes every interrupted run "another job": raise the checkpoint's format instead.
#[test]
fn the_text_in_a_checkpoint_is_pinned() {
    let retry = JobId { rows_of: RowsOf::FailedRows(WhichId::All), format: "csv_excel".into(), ..id() };
    let passing = JobId { rows_of: RowsOf::FailedRows(WhichId::Passing), format: "jsonl".into(), ..id() };
    let listed = JobId { rows_of: RowsOf::AllOffers(vec![("type".into(), "personal".into())]), ..id() };
    let several = JobId {
        network: String::new(),
        email: String::new(),
        networks: vec![network("acme"), network("demo")],
        network_column: Some("site".into()),
        ..id()
    };
    let default = JobId { links: LinksId::Default, ..id() };
    let texts = [id(), retry, passing, listed, default, several].map(|id| serde_json::to_string(&id).unwrap());
    insta::assert_snapshot!(texts.join("\n"), @r#"
    {"network":"https://demo.api.offerslook.com/","email":"me@example.com","rows_of":{"input":{"sheet":null,"delimiter":",","header_line":1,"column":2,"column_name":"Offer ID"}},"kept":["campaign"],"format":"csv","append":"s={row.campaign}"}
    {"network":"https://demo.api.offerslook.com/","email":"me@example.com","rows_of":{"failed_rows":"all"},"kept":["campaign"],"format":"csv_excel","append":"s={row.campaign}"}
    {"network":"https://demo.api.offerslook.com/","email":"me@example.com","rows_of":{"failed_rows":"passing"},"kept":["campaign"],"format":"jsonl","append":"s={row.campaign}"}
    {"network":"https://demo.api.offerslook.com/","email":"me@example.com","rows_of":{"all_offers":[["type","personal"]]},"kept":["campaign"],"format":"csv","append":"s={row.campaign}"}
    {"network":"https://demo.api.offerslook.com/","email":"me@example.com","rows_of":{"input":{"sheet":null,"delimiter":",","header_line":1,"column":2,"column_name":"Offer ID"}},"kept":["campaign"],"format":"csv","append":"s={row.campaign}","links":"default"}
    {"network":"","email":"","networks":[{"name":"acme","url":"https://acme.example/","email":"me@example.com"},{"name":"demo","url":"https://demo.example/","email":"me@example.com"}],"network_column":"site","rows_of":{"input":{"sheet":null,"delimiter":",","header_line":1,"column":2,"column_name":"Offer ID"}},"kept":["campaign"],"format":"csv","append":"s={row.campaign}"}
    "#);
    for text in texts {
        let read: JobId = serde_json::from_str(&text).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }
}

#[test]
fn a_field_that_is_not_known_is_another_job() {
    let mut value = id().to_value();
    value["max_age"] = "3d".into();
    assert!(serde_json::from_value::<JobId>(value).is_err());
}

type Change = fn(&mut JobId);

fn reading(id: &mut JobId) -> &mut ReadingId {
    match &mut id.rows_of {
        RowsOf::Input(reading) => reading,
        RowsOf::AllOffers(_) | RowsOf::FailedRows(_) => panic!("no input"),
    }
}

#[test]
fn what_differs_is_named() {
    let cases: [(Change, &[&str]); 14] = [
        (|_| {}, &[]),
        (|id| reading(id).skipped_lines = 2, &["--skip-lines differs: 0 then, 2 now"]),
        (
            |id| id.network = "sandbox".into(),
            &["the network differs: https://demo.api.offerslook.com/ then, sandbox now"],
        ),
        (|id| id.email = "you@example.com".into(), &["the e-mail differs: me@example.com then, you@example.com now"]),
        (|id| id.append = "a=1".into(), &["--append differs: \"s={row.campaign}\" then, \"a=1\" now"]),
        (|id| id.links = LinksId::Default, &["--links differs: all then, default now"]),
        (|id| id.append.clear(), &["--append differs: \"s={row.campaign}\" then, nothing now"]),
        (|id| id.kept.clear(), &["the set of kept columns (--keep) differs: \"campaign\" then, none now"]),
        (|id| id.format = "csv_excel".into(), &["the format differs: CSV then, CSV for spreadsheets (--excel) now"]),
        (|id| reading(id).delimiter = Some(";".into()), &["--delimiter differs: \",\" then, \";\" now"]),
        (|id| reading(id).header_line = None, &["the header differs: line 1 then, none now"]),
        (|id| reading(id).sheet = Some("A".into()), &["--sheet differs: none then, \"A\" now"]),
        (
            |id| (reading(id).column, reading(id).column_name) = (3, None),
            &["the column of the IDs differs: column 2 \"Offer ID\" then, column 3 now"],
        ),
        (
            |id| (id.rows_of, id.email) = (RowsOf::FailedRows(WhichId::Passing), "you@example.com".into()),
            &[
                "the e-mail differs: me@example.com then, you@example.com now",
                "what is asked for differs: the offers of an input then, the failed rows of the output (--retry-failed) now",
            ],
        ),
    ];
    for (change, expected) in cases {
        let mut now = id();
        change(&mut now);
        assert_eq!(now.differences(&id(), true), expected);
    }
    let mut elsewhere = id();
    (elsewhere.network, elsewhere.email) = (String::new(), String::new());
    assert!(elsewhere.differences(&id(), false).is_empty());
}
