//! Servers that turn pages well and badly.

use super::*;

fn page(ids: impl IntoIterator<Item = u32>, total_pages: Option<u64>, total_rows: Option<u64>) -> Page {
    let offers = ids.into_iter().map(|id| Listed { id: Some(id.to_string()), ..Listed::default() });
    Page { offers: offers.collect(), total_pages, total_rows }
}

/// Reads to the end, at most 20 pages: the offers, the number of requests, and how it ended.
fn walk(server: impl Fn(u32) -> Page) -> (Vec<String>, u32, Result<(), Endless>) {
    let (offers, asked, end, _) = walk_with_doubt(server);
    (offers, asked, end)
}

fn walk_with_doubt(server: impl Fn(u32) -> Page) -> (Vec<String>, u32, Result<(), Endless>, Paging) {
    let (mut paging, mut offers) = (Paging::new(Nameless::Drop), Vec::new());
    for asked in 1..=20 {
        assert_eq!(paging.page(), asked);
        match paging.take(server(asked)) {
            Err(endless) => return (offers, asked, Err(endless), paging),
            Ok((new, step)) => {
                offers.extend(new.into_iter().filter_map(|offer| offer.id));
                if step == Step::Done {
                    return (offers, asked, Ok(()), paging);
                }
            }
        }
    }
    panic!("asks for ever");
}

/// 25 offers on pages of 10.
fn tens(asked: u32, total_pages: Option<u64>, total_rows: Option<u64>) -> Page {
    page((1..=25).skip(asked as usize * 10 - 10).take(10), total_pages, total_rows)
}

#[test]
fn sane_totals_save_the_empty_page_and_others_are_not_believed() {
    for (pages, rows, calls) in [
        (Some(3), Some(25), 3),
        (Some(3), None, 3),
        (None, Some(25), 3),
        (None, None, 4),
        // As if pages had 100 offers, or a number of something else.
        (Some(1), Some(25), 3),
        (Some(0), Some(25), 3),
        (Some(1), Some(7), 4),
        (Some(999), Some(999), 4),
        (Some(3), Some(999), 4),
        (Some(0), Some(0), 4),
    ] {
        let (offers, asked, end) = walk(|asked| tens(asked, pages, rows));
        assert_eq!((offers.len(), asked, end), (25, calls, Ok(())), "{pages:?} {rows:?}");
    }
}

#[test]
fn a_list_that_is_short_by_the_networks_own_count_is_doubted() {
    type Server = fn(u32) -> Page;
    let moved = |asked: u32| match asked {
        // Offer 5 goes after the first page was read, and 11 moves onto it.
        1 => page(1..=10, Some(3), Some(25)),
        2 => page(12..=21, Some(3), Some(24)),
        _ => page(22..=25, Some(3), Some(24)),
    };
    let missing = |asked: u32| if asked == 2 { page([], Some(3), Some(25)) } else { tens(asked, Some(3), Some(25)) };
    let repeated = |asked: u32| match asked {
        1 => page(1..=10, None, Some(20)),
        _ => page(10..=19, None, Some(20)),
    };
    let doubts: [(Server, Option<Doubt>); 10] = [
        (|asked| tens(asked, Some(3), Some(25)), None),
        (|asked| tens(asked, None, None), None),
        (|asked| tens(asked, Some(1), Some(7)), None),
        (|asked| tens(asked, Some(3), None), None),
        // The number of rows on the page, not of all.
        (|asked| tens(asked, Some(3), Some(if asked == 3 { 5 } else { 10 })), None),
        (|asked| tens(asked, Some(3), Some(999)), Some(Doubt::Offers { said: 999, came: 25 })),
        (|asked| tens(asked, Some(999), None), Some(Doubt::Pages { said: 999, came: 4 })),
        (moved, Some(Doubt::Changed { from: 25, to: 24 })),
        (missing, Some(Doubt::Offers { said: 25, came: 10 })),
        (repeated, Some(Doubt::Offers { said: 20, came: 19 })),
    ];
    for (n, (server, doubt)) in doubts.into_iter().enumerate() {
        let (_, _, end, paging) = walk_with_doubt(server);
        assert_eq!((end, paging.doubt(), paging.is_vouched()), (Ok(()), doubt, false), "{n}");
    }
    let (_, _, _, whole) = walk_with_doubt(|_| page(1..=7, Some(1), Some(7)));
    assert!(whole.doubt().is_none() && whole.is_vouched());
}

#[test]
fn no_offers_at_all_are_one_call() {
    assert_eq!(walk(|_| page([], Some(0), Some(0))), (vec![], 1, Ok(())));
}

#[test]
fn a_server_that_does_not_turn_pages_is_found_out() {
    let (offers, _, end) = walk(|_| page(1..=3, None, None));
    assert_eq!((offers.len(), end), (3, Err(Endless::SamePage { page: 2 })));
    let (offers, _, end) = walk(|asked| page(if asked % 2 == 0 { 1..=3 } else { 2..=4 }, Some(99), None));
    assert_eq!((offers.len(), end), (4, Err(Endless::NothingNew { page: 4 })));
}

#[test]
fn an_offer_that_moves_to_another_page_is_listed_once_and_the_order_is_kept() {
    let pages = [vec![1, 2, 3], vec![3, 4, 5], vec![4, 5], vec![6], vec![]];
    let (offers, asked, end) = walk(|asked| page(pages[asked as usize - 1].clone(), None, None));
    assert_eq!((offers.join(" ").as_str(), asked, end), ("1 2 3 4 5 6", 5, Ok(())));
}

#[test]
fn offers_without_an_id_are_counted() {
    let mut paging = Paging::new(Nameless::Drop);
    let nameless = |id: Option<&str>| Listed { id: id.map(str::to_owned), ..Listed::default() };
    let offers = vec![nameless(None), nameless(Some(" ")), nameless(Some("16"))];
    let (new, step) = paging.take(Page { offers, total_pages: Some(1), total_rows: Some(3) }).unwrap();
    assert_eq!((new.len(), step, paging.nameless(), paging.offers()), (1, Step::Done, 2, 1));
}

proptest::proptest! {
    #[test]
    fn it_always_ends(
        seed: u32,
        pages: Option<u64>,
        rows in proptest::option::of(0_u64..50),
        size in 0_u32..4,
        known in 1_u32..6,
    ) {
        // A server with only a few offers ends after this many pages, whatever it says.
        let (mut paging, mut asked) = (Paging::new(Nameless::Drop), 0);
        loop {
            asked += 1;
            let start = seed.wrapping_mul(asked).wrapping_mul(2_654_435_761);
            let ids = (0..size).map(|n| start.wrapping_add(n) % known);
            match paging.take(page(ids, pages, rows)) {
                Ok((_, Step::Next(_))) => {}
                Ok((_, Step::Done)) | Err(_) => break,
            }
            proptest::prop_assert!(asked < 20);
        }
    }
}
