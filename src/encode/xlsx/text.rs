//! A text as it has to lie in a workbook, so that every program reads it back as it was.
//!
//! Excel writes a control character as `_x0007_`, so a text that looks like one needs an escape (`_x005F_x0007_`), which
//! the library sees to. But LibreOffice 7.4 takes `_x7_` for one too, and programs that undo the escape undo it for four
//! digits only. A text in two runs of equal look is read as one text by all of them, and as an escape by none.
//! Owns these rules; must not write files.

/// How a text is written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Written<'t> {
    /// As it is: the library escapes what it must.
    Plain(&'t str),
    /// In runs, which the library does not escape.
    Runs(Vec<String>),
}

/// Tells how a text is written.
pub(crate) fn written(text: &str) -> Written<'_> {
    // rust_xlsxwriter 0.102 takes a text that begins and ends like this for the XML of runs.
    let looks_like_runs = text.starts_with("<r>") && text.ends_with("</r>");
    // The library escapes `_x0041_`, and SheetJS takes `_X0041_` for the same.
    let is_missed = |found: &Escape| (found.digits == 4) == found.is_capital;
    if !looks_like_runs && !escapes(text).any(|found| is_missed(&found)) {
        return Written::Plain(text);
    }
    let cuts = escapes(text).filter(|found| found.digits != 4 && !found.is_capital).map(|found| found.at + 2);
    let mut runs = Vec::new();
    let mut start = 0;
    for end in cuts.chain([text.len()]) {
        runs.push(escaped(text.get(start..end).unwrap_or_default()));
        start = end;
    }
    Written::Runs(runs)
}

/// With `_x005F_` for the `_` before four hexadecimal digits and another `_`.
fn escaped(run: &str) -> String {
    let mut escaped = String::with_capacity(run.len() + 6);
    let mut start = 0;
    for found in escapes(run).filter(|found| found.digits == 4) {
        escaped.push_str(run.get(start..found.at).unwrap_or_default());
        escaped.push_str("_x005F");
        start = found.at;
    }
    escaped.push_str(run.get(start..).unwrap_or_default());
    escaped
}

/// Something that looks like the escape of a character.
struct Escape {
    at: usize,
    digits: usize,
    is_capital: bool,
}

/// Where `_x`, hexadecimal digits and `_` stand. The last `_` of one may be the first of the next.
fn escapes(text: &str) -> impl Iterator<Item = Escape> {
    text.match_indices('_').filter_map(|(at, _)| {
        let rest = text.get(at + 1..)?;
        let is_capital = rest.starts_with('X');
        let digits = rest.strip_prefix(['x', 'X'])?;
        let count = digits.bytes().take_while(u8::is_ascii_hexdigit).count();
        let ends = count > 0 && digits.as_bytes().get(count) == Some(&b'_');
        ends.then_some(Escape { at, digits: count, is_capital })
    })
}

/// The XML of runs, as it lies in the table of shared texts. The library takes a text for it by its beginning and its end;
/// its own runs it writes into the cells there, where fewer programs look for them.
pub(crate) fn runs_in_xml(runs: &[String]) -> String {
    let mut xml = String::new();
    for run in runs {
        let white = [' ', '\t', '\n'];
        let is_padded = run.starts_with(white) || run.ends_with(white);
        xml.push_str(if is_padded { "<r><t xml:space=\"preserve\">" } else { "<r><t>" });
        for c in run.chars() {
            match c {
                '&' => xml.push_str("&amp;"),
                '<' => xml.push_str("&lt;"),
                '>' => xml.push_str("&gt;"),
                '\t' | '\n' => xml.push(c),
                '\0'..'\x20' | '\u{fffe}' | '\u{ffff}' => xml.push_str(&format!("_x{:04X}_", u32::from(c))),
                _ => xml.push(c),
            }
        }
        xml.push_str("</t></r>");
    }
    xml
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_looks_like_an_escape_is_written_in_runs() {
        let runs = |runs: &[&str]| Written::Runs(runs.iter().map(|run| (*run).to_owned()).collect());
        for (text, expected) in [
            ("promo", Written::Plain("promo")),
            ("a_xyz_b", Written::Plain("a_xyz_b")),
            ("a_x0041_b", Written::Plain("a_x0041_b")),
            ("promo_x2_de", runs(&["promo_x", "2_de"])),
            ("_x10_", runs(&["_x", "10_"])),
            ("a_x2_x3_b", runs(&["a_x", "2_x", "3_b"])),
            ("_x2_é_x0041_", runs(&["_x", "2_é_x005F_x0041_"])),
            ("_x00002_", runs(&["_x", "00002_"])),
            ("a_X2_b", Written::Plain("a_X2_b")),
            ("a_X0041_b", runs(&["a_x005F_X0041_b"])),
            ("<r>x_x0041_</r>", runs(&["<r>x_x005F_x0041_</r>"])),
        ] {
            assert_eq!(written(text), expected, "{text}");
        }
    }

    #[test]
    fn runs_are_whole_xml() {
        let runs = ["a<&".to_owned(), " \u{1}\r\n".to_owned()];
        assert_eq!(
            runs_in_xml(&runs),
            "<r><t>a&lt;&amp;</t></r><r><t xml:space=\"preserve\"> _x0001__x000D_\n</t></r>"
        );
    }
}
