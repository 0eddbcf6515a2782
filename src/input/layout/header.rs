//! Names above columns: which of them are known to head offer IDs, and how names are compared.
//!
//! Pure. Must not know the rows below the names.

use crate::text::is_invisible;

/// How sure a name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Known {
    /// `offer_id` and its kin.
    Offer,
    /// `id`, which may be the ID of anything, and is also the code of Indonesia.
    Id,
}

/// A name for comparisons: in lower case, white space as one blank, without invisible characters.
///
/// `Offer<NBSP>ID` and `Offer<line break>ID` look on screen like `Offer ID`, and `="Offer ID"` does in a spreadsheet.
pub(crate) fn normal(name: &str) -> String {
    let name = name.trim();
    let name = name.strip_prefix("=\"").and_then(|text| text.strip_suffix('"')).unwrap_or(name);
    let seen: String = name.chars().filter(|&c| !is_invisible(c)).collect();
    seen.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Whether the name is known to head offer IDs.
pub(super) fn known(name: &str) -> Option<Known> {
    let name = normal(name);
    let bare = name.trim_matches(|c: char| c.is_whitespace() || matches!(c, '#' | ':' | '.' | '"' | '\'' | '*'));
    match bare {
        "offer_id" | "offerid" | "offer id" | "offer-id" => Some(Known::Offer),
        "id" => Some(Known::Id),
        _ => None,
    }
}

/// Whether this is a word that occurs in headers of offer tables, but not in rows of offer lists.
pub(super) fn is_header_word(cell: &str) -> bool {
    const WORDS: [&str; 36] = [
        "offer",
        "offers",
        "id",
        "ids",
        "no",
        "nr",
        "number",
        "name",
        "names",
        "title",
        "campaign",
        "campaigns",
        "network",
        "advertiser",
        "affiliate",
        "partner",
        "payout",
        "payouts",
        "price",
        "revenue",
        "cost",
        "cap",
        "clicks",
        "conversions",
        "status",
        "country",
        "countries",
        "geo",
        "category",
        "currency",
        "date",
        "note",
        "notes",
        "url",
        "description",
        "type",
    ];
    let name = normal(cell);
    let mut words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).peekable();
    words.peek().is_some() && words.all(|word| WORDS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_name_is_known_however_it_is_written() {
        for name in [
            "offer_id",
            "OFFERID",
            " Offer ID ",
            "Offer\u{a0}ID",
            "Offer\nID",
            "Offer\r\nID",
            "Offer  ID",
            "Offer\u{200b} ID",
            "\u{feff}offer_id",
            "Offer-ID",
            "Offer ID#",
            "Offer ID:",
            "#offer_id",
            "\"offer_id\"",
            "Off\u{ad}er ID",
            "=\"offer_id\"",
        ] {
            assert_eq!(known(name), Some(Known::Offer), "{name:?}");
        }
        assert_eq!((known("Id"), known("I D"), known("offers")), (Some(Known::Id), None, None));
    }
}
