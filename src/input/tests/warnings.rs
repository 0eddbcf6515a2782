//! Rows that are read, with a warning.

use super::*;

#[test]
fn a_row_that_may_have_moved_is_no_offer() {
    let content = "name,offer_id\n\"19\\\" TV, 55\",16\nx,17\n";
    assert_eq!(show(content.as_bytes(), &options()), "[name]\n2: \" 55\\\"\" Shifted [19\\ TV]\n3: 17 [x]");
    assert_eq!(show(b"offer_id,name\n16,x,y\n", &options()), "[name]\n2: 16 [x]");
}

#[test]
fn rows_without_an_id_are_counted_as_totals_or_repeated_headers() {
    let (_dir, source) = file(b"offer_id,n\n16,a\noffer_id,n\n17,b\nTotal,2\n");
    let mut input = Input::open(&source, &options()).unwrap();
    assert_eq!(rows(&mut input).len(), 4);
    let odd = input.oddities();
    assert_eq!((odd.first_repeated_header, odd.first_total, odd.has_grown), (Some(3), Some(5), false));
    let Source::File(path) = source else { panic!() };
    std::fs::write(path, b"offer_id,n\n16,a\noffer_id,n\n17,b\nTotal,2\n18,c\n").unwrap();
    assert!(input.oddities().has_grown);
}

#[test]
fn odd_rows_are_counted_and_never_dropped_silently() {
    let (_dir, source) = file(b"id,a\n16,x,,\n17,x,y\n18,x,,y\n");
    let mut input = Input::open(&source, &options()).unwrap();
    assert_eq!(rows(&mut input).len(), 3);
    assert_eq!(
        input.oddities(),
        InputWarnings { rows_too_long: 2, first_too_long: Some(3), ..InputWarnings::default() }
    );
}
