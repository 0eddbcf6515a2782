//! What differs between two jobs, for people.

use super::{JobId, NetworkId, ReadingId, RowsOf, WhichId};
use crate::encode::RowFormat;
use crate::text::shown_start;

impl JobId {
    /// The differences between this job and an earlier one.
    pub(super) fn differences(&self, then: &Self, with_account: bool) -> Vec<String> {
        let Self { network, email, networks, network_column, rows_of, kept, format, append, keep_last_good, links } =
            self;
        let mut differences = Vec::new();
        let mut tell = |what: &str, then: String, now: String| {
            if then != now {
                differences.push(format!("{what} differs: {then} then, {now} now"));
            }
        };
        if with_account {
            tell("the network", shown(&then.network), shown(network));
            tell("the e-mail", shown(&then.email), shown(email));
            tell("the set of networks", names(&then.networks), names(networks));
            if names(&then.networks) == names(networks) && then.networks != *networks {
                tell("the account of a network", "another".to_owned(), "this".to_owned());
            }
        }
        tell(
            "--network-column",
            quoted_or_none(then.network_column.as_deref()),
            quoted_or_none(network_column.as_deref()),
        );
        match (&then.rows_of, rows_of) {
            (RowsOf::Input(then), RowsOf::Input(now)) => now.differences(then, &mut tell),
            (then, now) => tell("what is asked for", then.words(), now.words()),
        }
        tell("the set of kept columns (--keep)", columns(&then.kept), columns(kept));
        tell("the format", shown(RowFormat::title(&then.format)), shown(RowFormat::title(format)));
        tell("--append", quoted(&then.append), quoted(append));
        let used = |is_used: bool| if is_used { "used" } else { "not used" }.to_owned();
        tell("--keep-last-good", used(then.keep_last_good), used(*keep_last_good));
        tell("--links", then.links.word(), links.word());
        differences
    }
}

impl RowsOf {
    fn words(&self) -> String {
        match self {
            Self::Input(_) => "the offers of an input".to_owned(),
            Self::AllOffers(query) => {
                let query: Vec<_> = query.iter().map(|(field, value)| format!("{field}={value}")).collect();
                format!("the account's list (--all-offers) with {}", quoted(&query.join("&")))
            }
            Self::FailedRows(WhichId::Passing) => "the failed rows of the output (--retry-failed)".to_owned(),
            Self::FailedRows(WhichId::All) => "all failed rows of the output (--retry-failed=all)".to_owned(),
        }
    }
}

impl ReadingId {
    fn differences(&self, then: &Self, tell: &mut impl FnMut(&str, String, String)) {
        let Self { sheet, delimiter, header_line, skipped_lines, column, column_name: _ } = self;
        tell("--sheet", quoted_or_none(then.sheet.as_deref()), quoted_or_none(sheet.as_deref()));
        tell("--delimiter", quoted_or_none(then.delimiter.as_deref()), quoted_or_none(delimiter.as_deref()));
        let header = |line: Option<u64>| line.map_or_else(|| "none".to_owned(), |line| format!("line {line}"));
        tell("the header", header(then.header_line), header(*header_line));
        tell("--skip-lines", then.skipped_lines.to_string(), skipped_lines.to_string());
        if then.column != *column {
            tell("the column of the IDs", then.column(), self.column());
        }
    }

    fn column(&self) -> String {
        match &self.column_name {
            Some(name) => format!("column {} {}", self.column, quoted(name)),
            None => format!("column {}", self.column),
        }
    }
}

fn names(networks: &[NetworkId]) -> String {
    columns(&networks.iter().map(|network| network.name.clone()).collect::<Vec<_>>())
}

fn shown(text: &str) -> String {
    shown_start(text, 200).into_owned()
}

fn columns(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { quoted(&names.join(",")) }
}

fn quoted(text: &str) -> String {
    if text.is_empty() { "nothing".to_owned() } else { format!("\"{}\"", shown_start(text, 100)) }
}

fn quoted_or_none(text: Option<&str>) -> String {
    text.map_or_else(|| "none".to_owned(), |text| format!("\"{}\"", shown_start(text, 100)))
}
