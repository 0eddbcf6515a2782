//! What came of a run, and what holds of every one: it ends with a documented exit code, without a panic, and the API
//! key is nowhere to be seen.

use std::fs;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use offerlinks::sandbox::EMAIL;

use super::{Folder, KEY};

/// The exit codes that the README promises; a death by signal counts as the shell counts it.
const DOCUMENTED: [i32; 10] = [0, 1, 2, 3, 4, 5, 129, 130, 141, 143];

/// The one file in which the key may be.
pub(crate) const KEY_FILE: &str = "key";

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) folder: Folder,
    pub(crate) took: Duration,
    /// A death by signal is 128 + its number.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The content of the output file, if there is one and it is text.
    pub(crate) output: Option<String>,
}

impl Ran {
    /// What holds of every run.
    pub(super) fn check(&self) {
        assert!(DOCUMENTED.contains(&self.code), "{self:#?}");
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        let in_header = STANDARD.encode(format!("{EMAIL}:{KEY}"));
        let hidden = |text: &[u8]| [KEY.as_bytes(), in_header.as_bytes()].iter().all(|key| !contains(text, key));
        assert!(hidden(self.stdout.as_bytes()), "the key is in stdout: {}", self.stdout);
        assert!(hidden(self.stderr.as_bytes()), "the key is in stderr: {}", self.stderr);
        for name in self.folder.names().iter().filter(|name| *name != KEY_FILE) {
            let content = fs::read(self.folder.path(name)).unwrap_or_default();
            assert!(hidden(&content), "the key is in {name}");
        }
    }

    /// Fails the test, with all that is known, unless the program ended with this code.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }

    /// Fails the test unless stderr holds all of these.
    #[track_caller]
    pub(crate) fn says(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.stderr.contains(part), "{part:?} is not in: {}", self.stderr);
        }
        self
    }

    /// The records of the output, the header first.
    pub(crate) fn records(&self) -> Vec<Vec<String>> {
        records(self.output.as_deref().unwrap_or(&self.stdout))
    }

    /// Cells of the output by the names of their columns.
    pub(crate) fn cells<const N: usize>(&self, names: [&str; N]) -> Vec<[String; N]> {
        let records = self.records();
        let (header, rows) = records.split_first().unwrap();
        let places = names.map(|name| header.iter().position(|column| column == name).unwrap());
        rows.iter().map(|row| places.map(|place| row[place].clone())).collect()
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Reads a CSV text.
pub(crate) fn records(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}
