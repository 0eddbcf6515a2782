//! What the ending of an output's name says about its format.

use std::ffi::OsStr;
use std::path::Path;

/// File name endings that would make other programs misread the output.
const FOREIGN: [&str; 31] = [
    "xls", "xlsb", "xlsm", "xlt", "xltx", "xltm", "xlam", "xlw", "ods", "ots", "fods", "sxc", "numbers", "gnumeric",
    "pdf", "html", "htm", "xml", "doc", "docx", "odt", "rtf", "parquet", "db", "sqlite", "gz", "bz2", "xz", "zst",
    "zip", "7z",
];

/// The ending, in lower case.
pub(crate) fn ending(path: &Path) -> Option<String> {
    path.extension().and_then(OsStr::to_str).map(str::to_ascii_lowercase)
}

/// Whether an ending belongs to a format that this program never writes.
pub(crate) fn is_foreign(ending: &str) -> bool {
    FOREIGN.contains(&ending)
}

/// Whether people and programs expect something other than CSV in a file of this name.
pub(crate) fn is_no_csv(path: &Path) -> bool {
    ending(path).is_some_and(|ending| is_foreign(&ending) || ["xlsx", "json", "jsonl", "ndjson"].contains(&&*ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_goes_to_no_file_that_says_it_is_something_else() {
        for (name, is_refused) in [
            ("offers.csv", false),
            ("offers", false),
            ("offers.txt", false),
            ("offers.tsv", false),
            ("-", false),
            ("offers.XLSX", true),
            ("offers.ods", true),
            ("offers.json", true),
            ("offers.ndjson", true),
            ("offers.csv.gz", true),
            ("offers.sqlite", true),
        ] {
            assert_eq!(is_no_csv(Path::new(name)), is_refused, "{name}");
        }
    }
}
