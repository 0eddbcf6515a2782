//! Which columns are kept, and under which names.
//!
//! Pure: decides from the layout, the first records and the options. Must not read anything, nor look for IDs.

use std::collections::HashSet;

use crate::encode::Schema;
use crate::encode::schema::Field;
use crate::input::error::InputError;
use crate::input::layout::{Layout, Line, Refusal, normal};
use crate::input::names::Names;
use crate::input::options::{Keep, NetworkColumn, WantedColumns};
use crate::input::record::{Record, is_blank};

/// The decision about the columns.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// The ID column, from 0.
    pub(super) id: usize,
    /// The column that names networks, if there is one.
    pub(super) network: Option<usize>,
    /// The columns whose cells a row keeps: those for the output, then those only for links.
    pub(super) carried: Vec<usize>,
    /// Their names in the output, for those that go there.
    pub(super) kept: Vec<String>,
    /// The names of all columns, each one unique.
    pub(super) names: Vec<String>,
    /// Columns that have no name and are empty in the first rows; they are left out.
    pub(super) dropped: Vec<usize>,
}

impl Columns {
    /// Decides about all columns; `input` is the name of the input in messages.
    pub(super) fn decide(
        input: &str,
        layout: &Layout,
        seen: &[Line],
        wanted: &WantedColumns,
    ) -> Result<Self, InputError> {
        let nameless = vec![String::new(); layout.width];
        let cells = layout.header.as_ref().map_or(nameless.as_slice(), |header| header.cells.as_slice());
        let names = unique_names(cells, true);
        let find_all = |option, searched: &[String]| -> Result<Vec<usize>, InputError> {
            searched.iter().map(|name| lookup(&names, name, option, input)).collect()
        };
        let rows = || seen.iter().filter(|(line, _)| *line >= layout.first);
        let is_empty =
            |column: usize| rows().all(|(_, row)| row.get(column).is_none_or(|cell| normal(cell).is_empty()));
        let is_nameless = |column: usize| cells.get(column).is_none_or(|name| normal(name).is_empty());
        let mut dropped = Vec::new();
        let mut carried: Vec<usize> = match &wanted.keep {
            Keep::None => Vec::new(),
            Keep::All => {
                dropped.extend((0..cells.len()).filter(|&column| is_nameless(column) && is_empty(column)));
                (0..cells.len()).collect()
            }
            Keep::Columns(names) => find_all("--keep", names)?,
        };
        dropped.retain(|&column| column != layout.id);
        carried.retain(|column| *column != layout.id && !dropped.contains(column));
        carried.sort_unstable();
        carried.dedup();
        let network = match &wanted.network {
            None | Some(NetworkColumn::Ignored(_)) => None,
            Some(NetworkColumn::Required(name)) => Some(lookup(&names, name, "--network-column", input)?),
            Some(NetworkColumn::Optional(name)) => find(&names, name),
        };
        if wanted.schema.has(Field::Network) {
            carried.retain(|column| Some(*column) != network);
        }
        let kept = output_names(&wanted.schema, carried.iter().filter_map(|&column| names.get(column)));
        let ignored = match &wanted.network {
            Some(NetworkColumn::Ignored(name)) => find(&names, name),
            _ => None,
        };
        for column in find_all("--append", &wanted.also)?.into_iter().chain(network).chain(ignored) {
            if !carried.contains(&column) {
                carried.push(column);
            }
        }
        Ok(Self { id: layout.id, network, carried, kept, names, dropped })
    }

    /// Whether a record has filled cells beyond the last column.
    pub(super) fn has_more(&self, record: &Record) -> bool {
        let width = self.names.len();
        record.count > width && record.iter().skip(width).any(|cell| !is_blank(cell))
    }

    /// The index of the column that names networks, among the carried ones.
    pub(super) fn carried_network(&self) -> Option<usize> {
        self.carried.iter().position(|&carried| Some(carried) == self.network)
    }

    /// The index of a column among the carried ones.
    pub(super) fn carried_index(&self, name: &str) -> Option<usize> {
        let column = find(&self.names, name)?;
        self.carried.iter().position(|&carried| carried == column)
    }
}

/// The column of that name: an exact match, else ignoring case and white space.
pub(super) fn find(names: &[String], wanted: &str) -> Option<usize> {
    let alike = normal(wanted);
    let exactly = names.iter().position(|name| name.trim() == wanted.trim() && !alike.is_empty());
    exactly.or_else(|| names.iter().position(|name| normal(name) == alike && !alike.is_empty()))
}

fn lookup(names: &[String], wanted: &str, option: &'static str, input: &str) -> Result<usize, InputError> {
    find(names, wanted).ok_or_else(|| InputError::NotAList {
        input: input.to_owned(),
        refusal: Refusal::UnknownColumn { wanted: wanted.to_owned(), option, columns: Names(names.to_vec()) },
    })
}

/// The header's names, made unique: `column_3` for a missing name, `name_2` for the second column of a name.
pub(super) fn unique_names(first: &[String], has_header: bool) -> Vec<String> {
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

/// The names in the output's header: a name that the output uses itself gets a prefix.
fn output_names<'a>(schema: &Schema, names: impl Iterator<Item = &'a String> + Clone) -> Vec<String> {
    let mut used: HashSet<String> = names.clone().cloned().collect();
    let mut rename = |name: &String| {
        if !schema.has_name(name) {
            return name.clone();
        }
        let base = format!("input_{name}");
        let new = if used.contains(&base) { numbered(&base, |name| !used.contains(name)) } else { base };
        used.insert(new.clone());
        new
    };
    names.map(&mut rename).collect()
}

/// The first free one of `name_2`, `name_3` and so on.
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
