//! File names that do not mean a file of that name on Windows.
//!
//! Pure, so that its table is tested on every system; [`destination`](super::destination) asks only on Windows.

/// Why this name is impossible on Windows, if it is: rows would go to a device or to another file, without an error.
/// `name` is the last part of the path.
pub(crate) fn flaw(name: &str) -> Option<&'static str> {
    if name.chars().any(|sign| sign < ' ' || r#"<>:"|?*"#.contains(sign)) {
        return Some(r#"a name on Windows cannot contain any of < > : " | ? *"#);
    }
    if name.ends_with(['.', ' ']) {
        return Some("Windows drops a dot or a blank at the end of a name");
    }
    is_reserved(name).then_some("Windows keeps that name for a device, whatever follows the dot")
}

/// Whether it is the bare name of a device that rows may be written to: the console or nothing.
pub(crate) fn is_stream(name: &str) -> bool {
    ["NUL", "CON", "CONOUT$"].iter().any(|device| name.eq_ignore_ascii_case(device))
}

/// Older versions of Windows look only at the part before the first dot; Windows 11 still reserves the bare names.
fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end().to_uppercase();
    if ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"].contains(&stem.as_str()) {
        return true;
    }
    // Windows counts the superscripts as digits.
    let number = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
    number.is_some_and(|number| {
        let mut signs = number.chars();
        matches!((signs.next(), signs.next()), (Some('1'..='9' | '¹' | '²' | '³'), None))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_not_be_files_are_refused() {
        for name in [
            "aux.csv",
            "AUX",
            "con.csv",
            "nul.tar.gz",
            "Nul",
            "prn",
            "com1.csv",
            "LPT9",
            "com².csv",
            "CONIN$",
            "nul .csv",
            "links.csv.",
            "links.csv ",
            "links:2026.csv",
            "a?.csv",
            "a*b",
            "\"x\"",
            "a|b",
            "<a>",
            "a\tb",
        ] {
            assert!(flaw(name).is_some(), "{name:?}");
        }
        for name in [
            "links.csv",
            "auxiliary.csv",
            "my.aux.csv",
            "console.csv",
            "com.csv",
            "com10.csv",
            "com0",
            "lpt.csv",
            "ñ €.csv",
            ".csv",
        ] {
            assert_eq!(flaw(name), None, "{name:?}");
        }
    }

    #[test]
    fn only_the_bare_names_of_the_console_and_of_nothing_take_rows() {
        for (name, is) in
            [("nul", true), ("CON", true), ("conout$", true), ("nul.csv", false), ("aux", false), ("x", false)]
        {
            assert_eq!(is_stream(name), is, "{name}");
        }
    }
}
