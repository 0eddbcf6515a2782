//! Which column holds the offer IDs, whether there is a header, and which columns are kept under which names.
//!
//! Pure: the first records and the options in, the decision out. Must not read anything.

use std::collections::HashSet;

use super::error::{InputError, Names};
use super::{ColumnChoice, Keep, Options};
use crate::columns::COLUMNS;
use crate::offer::{InvalidOfferId, OfferId};

/// The headers of the ID column, best first.
const ID_HEADERS: [&str; 4] = ["offer_id", "offerid", "offer id", "id"];

/// What is decided about the columns.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// Whether the first record is the header.
    pub(super) has_header: bool,
    /// The ID column, from 0.
    pub(super) id: usize,
    /// The columns whose cells a row carries: those for the output, then those only for links.
    pub(super) carried: Vec<usize>,
    /// The output's names of the first of these.
    pub(super) kept: Vec<String>,
    /// The names of all columns, each one once.
    pub(super) names: Vec<String>,
}

/// The first records of an input, as far as decisions need them.
#[derive(Debug)]
pub(super) struct Opening {
    /// The first row's cells; `None` in an input without rows.
    pub(super) first: Option<Vec<String>>,
    /// The first row that cannot but be a header, if it is not the first of all.
    pub(super) header_line: Option<u64>,
}

impl Opening {
    /// From the first record, and from what can be seen of those after it.
    pub(super) fn new(first: Option<Vec<String>>, seen: &[(u64, Vec<String>)]) -> Self {
        let later = seen.iter().skip(1).find(|(_, cells)| is_header(cells));
        Self { first, header_line: later.map(|(line, _)| *line) }
    }
}

impl Columns {
    /// Decides about all columns; `input` is the name of the input in messages.
    pub(super) fn decide(input: &str, opening: &Opening, options: &Options) -> Result<Self, InputError> {
        let Some(first) = &opening.first else { return Ok(Self::default()) };
        let (id, has_header) = id_column(input, first, opening.header_line, options)?;
        let names = unique_names(first, has_header);
        let find_all = |option, wanted: &[String]| -> Result<Vec<usize>, InputError> {
            wanted.iter().map(|name| lookup(&names, name, option, input, opening.header_line)).collect()
        };
        let mut carried: Vec<usize> = match &options.keep {
            Keep::None => Vec::new(),
            Keep::All => (0..first.len()).collect(),
            Keep::Columns(wanted) => find_all("--keep", wanted)?,
        };
        carried.retain(|&column| column != id);
        carried.sort_unstable();
        carried.dedup();
        let kept = output_names(carried.iter().filter_map(|&column| names.get(column)));
        for column in find_all("--append", &options.also)? {
            if !carried.contains(&column) {
                carried.push(column);
            }
        }
        Ok(Self { has_header, id, carried, kept, names })
    }

    /// The place of a column among the carried ones.
    pub(super) fn carried_index(&self, name: &str) -> Option<usize> {
        let column = find(&self.names, name)?;
        self.carried.iter().position(|&carried| carried == column)
    }
}

/// The ID column, and whether there is a header.
fn id_column(
    input: &str,
    first: &[String],
    header_line: Option<u64>,
    options: &Options,
) -> Result<(usize, bool), InputError> {
    let names = || unique_names(first, !options.no_headers);
    match &options.column {
        Some(ColumnChoice::Name(name)) => {
            Ok((lookup(&names(), name, "--column", input, header_line)?, !options.no_headers))
        }
        Some(ColumnChoice::Number(number)) => match number.checked_sub(1).and_then(|at| Some((at, first.get(at)?))) {
            Some((column, cell)) => Ok((column, !options.no_headers && !is_like_id(cell))),
            None => Err(unknown(number.to_string(), "--column", names(), input, header_line)),
        },
        None => {
            let known = if options.no_headers { None } else { known_header(first) };
            let found = known.map(|column| (column, true)).or_else(|| {
                // Title rows above a header must not be taken for rows.
                if header_line.is_some() && !options.no_headers { None } else { without_header(first, options) }
            });
            found.ok_or_else(|| InputError::NoIdColumn {
                input: input.to_owned(),
                columns: Names(names()),
                header_line,
            })
        }
    }
}

/// The ID column where no header is known.
fn without_header(first: &[String], options: &Options) -> Option<(usize, bool)> {
    if let [only] = first {
        let is_data = options.no_headers || is_like_id(only) || only.trim().is_empty();
        return Some((0, !is_data));
    }
    first.iter().position(|cell| is_id(cell)).map(|column| (column, false))
}

/// The column with the best of the known headers.
fn known_header(cells: &[String]) -> Option<usize> {
    ID_HEADERS.iter().find_map(|known| cells.iter().position(|cell| cell.trim().eq_ignore_ascii_case(known))).filter(
        // `16,ID` is an offer and the country Indonesia.
        |&column| {
            let is_short = cells.get(column).is_some_and(|cell| cell.trim().len() == 2);
            !(is_short && cells.iter().take(column).any(|cell| is_id(cell)))
        },
    )
}

/// Whether this is a row of names, one of them known to head IDs.
pub(super) fn is_header(cells: &[String]) -> bool {
    known_header(cells).is_some() && !cells.iter().any(|cell| is_id(cell))
}

/// Whether the cell is an offer ID.
pub(super) fn is_id(cell: &str) -> bool {
    OfferId::parse(cell).is_ok()
}

/// Whether the cell is an offer ID or what a spreadsheet has made of one. It then is no header, and gets its answer.
fn is_like_id(cell: &str) -> bool {
    use InvalidOfferId::{Scientific, ThousandsSeparator, TooLong};
    matches!(OfferId::parse(cell), Ok(_) | Err(Scientific | ThousandsSeparator | TooLong { .. }))
}

/// The column of that name: exactly, else in any case.
pub(super) fn find(names: &[String], wanted: &str) -> Option<usize> {
    let wanted = wanted.trim();
    let in_any_case = |name: &String| name.trim().to_lowercase() == wanted.to_lowercase();
    names.iter().position(|name| name.trim() == wanted).or_else(|| names.iter().position(in_any_case))
}

fn lookup(
    names: &[String],
    wanted: &str,
    option: &'static str,
    input: &str,
    header_line: Option<u64>,
) -> Result<usize, InputError> {
    find(names, wanted).ok_or_else(|| unknown(wanted.to_owned(), option, names.to_vec(), input, header_line))
}

fn unknown(
    wanted: String,
    option: &'static str,
    names: Vec<String>,
    input: &str,
    header_line: Option<u64>,
) -> InputError {
    InputError::UnknownColumn { input: input.to_owned(), wanted, option, columns: Names(names), header_line }
}

/// The header's names, each one once: `column_3` where there is none, `name_2` for the second of a name.
fn unique_names(first: &[String], has_header: bool) -> Vec<String> {
    let taken: HashSet<&str> = if has_header { first.iter().map(|cell| cell.trim()).collect() } else { HashSet::new() };
    let mut used = HashSet::new();
    let mut names = Vec::with_capacity(first.len());
    for (index, cell) in first.iter().enumerate() {
        let given = if has_header { cell.trim() } else { "" };
        let base = if given.is_empty() { format!("column_{}", index + 1) } else { given.to_owned() };
        let is_free = |name: &str| !used.contains(name) && (name == given || !taken.contains(name));
        let name = if is_free(&base) { base } else { numbered(&base, is_free) };
        used.insert(name.clone());
        names.push(name);
    }
    names
}

/// The names in the output's header: those of the output's own columns get a prefix.
fn output_names<'a>(names: impl Iterator<Item = &'a String> + Clone) -> Vec<String> {
    let mut used: HashSet<String> = names.clone().cloned().collect();
    let mut rename = |name: &String| {
        if !COLUMNS.contains(&name.as_str()) {
            return name.clone();
        }
        let base = format!("input_{name}");
        let new = if used.contains(&base) { numbered(&base, |name| !used.contains(name)) } else { base };
        used.insert(new.clone());
        new
    };
    names.map(&mut rename).collect()
}

/// `name_2`, `name_3` and so on, the first that is free.
fn numbered(base: &str, is_free: impl Fn(&str) -> bool) -> String {
    let mut number = 2_u64;
    loop {
        let name = format!("{base}_{number}");
        if is_free(&name) {
            return name;
        }
        number += 1;
    }
}
