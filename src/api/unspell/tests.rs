//! Tests of `unspell`.

use super::*;

const KEY: &str = "k3y-THAT-N0B0DY-MAY-SEE";
const EMAIL: &str = "me@a.example";

fn hidden(text: &str) -> String {
    let mut hidden = text.to_owned();
    for range in Needles::of(EMAIL, KEY).find(text).into_iter().rev() {
        hidden.replace_range(range, "*");
    }
    hidden
}

fn each(text: &str, spell: impl Fn(u32) -> String) -> String {
    text.chars().map(|c| spell(c as u32)).collect()
}

#[test]
fn a_secret_is_found_in_every_spelling() {
    let base64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let basic = base64(&format!("{EMAIL}:{KEY}"));
    let hex = |between: &str| KEY.bytes().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(between);
    let url = |text: &str| each(text, |c| format!("%{c:02x}"));
    for (what, spelled) in [
        ("plain", KEY.to_owned()),
        ("lower case", KEY.to_lowercase()),
        ("upper case", KEY.to_uppercase()),
        ("blanks", each(KEY, |c| format!("{} ", char::from_u32(c).unwrap()))),
        ("a line break", KEY.replacen("N0B0", "N0\r\nB0", 1)),
        ("zero-width", KEY.replacen("N0B0", "N0\u{200b}B0", 1)),
        ("soft hyphen", KEY.replacen("N0B0", "N0\u{ad}B0", 1)),
        ("UTF-16", each(KEY, |c| format!("{}\0", char::from_u32(c).unwrap()))),
        ("wide", each(KEY, |c| char::from_u32(c + 0xfee0).unwrap().to_string())),
        ("HTML numbers", each(KEY, |c| format!("&#{c};"))),
        ("HTML numbers in hex", each(KEY, |c| format!("&#x{c:X};"))),
        ("HTML numbers without an end", each(KEY, |c| format!("&#{c:07}"))),
        ("HTML twice", each(KEY, |c| format!("&amp;#{c};"))),
        ("HTML names", KEY.replace('-', "&hyphen;")),
        ("URL", url(KEY)),
        ("URL twice", url(&url(KEY))),
        ("URL three times", url(&url(&url(KEY)))),
        ("URL of HTML", url(&each(KEY, |c| format!("&#{c};")))),
        ("JSON", each(KEY, |c| format!("\\u{c:04x}"))),
        ("JSON twice", each(KEY, |c| format!("\\\\u{c:04X}"))),
        ("JavaScript", each(KEY, |c| format!("\\u{{{c:x}}}"))),
        ("C", each(KEY, |c| format!("\\x{c:02x}"))),
        ("octal", each(KEY, |c| format!("\\{c:03o}"))),
        ("%u", each(KEY, |c| format!("%u{c:04x}"))),
        ("U+", each(KEY, |c| format!("U+{c:04X} "))),
        ("quoted-printable", each(KEY, |c| format!("={c:02X}"))),
        ("hex", hex("")),
        ("hex with blanks", hex(" ")),
        ("hex with colons", hex(":")),
        ("hex of C", format!("0x{}", hex(", 0x"))),
        ("numbers", KEY.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(", ")),
        ("base64 of the key", base64(KEY)),
        ("base64 of :key", base64(&format!(":{KEY}"))),
        ("base64 of a JSON", base64(&format!("{{\"k\":\"{KEY}\"}}"))),
        ("Basic", basic.clone()),
        ("Basic in lower case", basic.to_lowercase()),
        ("base64 of Basic", base64(&format!("Basic {basic}"))),
        ("base64 of Authorization", base64(&format!("Authorization: Basic {basic}\r\n"))),
        ("base64 of base64 of the key", base64(&base64(KEY))),
        ("base64 of hex", base64(&hex(""))),
        ("base64, broken", base64(KEY).replacen("TLV", "TL\nV", 1)),
        ("base64 in a URL", url(&basic)),
    ] {
        for (before, behind) in [("<", ">"), ("no: \"", "\" is it, not abc"), ("ü ", " ü")] {
            let found = hidden(&format!("{before}{spelled}{behind}"));
            let rest = found.strip_prefix(before).and_then(|rest| rest.strip_suffix(behind));
            // A mark before or behind the first code may stay: it reveals nothing.
            let rest = rest.map(|rest| rest.trim_matches([' ', '\0', '0', 'x']));
            assert_eq!(rest, Some("*"), "{what}: {found}");
        }
    }
}

#[test]
fn signs_at_the_ends_of_a_secret_are_its_own() {
    let needles = Needles::of(EMAIL, "\"=secret99=)");
    for (text, range) in [("a \"=secret99=) b", 2..14), ("a SECRET99=) b", 2..12), ("a %22%3Dsecret99%3D%29 b", 2..22)]
    {
        assert_eq!(needles.find(text), std::slice::from_ref(&range), "{text}");
    }
}

#[test]
fn nothing_else_is_found() {
    for text in ["", "key", "k3y-THAT-N0B0DY-MAY-SE", "aHR0cHM6Ly9leGFtcGxlLmNvbS8", "https://a.example/?k3y=THAT&N0=1"]
    {
        assert_eq!(hidden(text), text);
    }
    assert!(Needles::of("a@b", "-----------").find("a ----------- b").is_empty(), "left to the exact forms");
}

#[test]
fn a_secret_across_pieces_is_found_and_the_end_of_a_large_body_is_not_read() {
    for at in [PIECE - 10, PIECE + OVERLAP - 5, 2 * PIECE - 1] {
        let text = format!("{}{KEY}{}", "ä".repeat(at / 2), "x".repeat(100_000));
        assert_eq!(Needles::of(EMAIL, KEY).find(&text), vec![at / 2 * 2..at / 2 * 2 + KEY.len()]);
    }
    assert!(hidden(&format!("{}{KEY}", " ".repeat(READ + PIECE + OVERLAP))).ends_with(KEY));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "([&%\\\\=0xu+#;{}]|[a-f0-9]|\\PC){0,60}") {
        let ranges = Needles::of(EMAIL, KEY).find(&text);
        assert!(ranges.iter().all(|range| text.get(range.clone()).is_some()));
    }
}
