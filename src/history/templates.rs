//! The templates of the file: what versions name, and how answers that wait get the names of theirs.
//!
//! A template stays what it is, and stays in the file for as long as a version names it: [`prune`](crate::history::prune) takes
//! the others out, so whoever names one finds its key, or writes it, in the same transaction. A key never means another one.

use std::cell::RefCell;
use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::history::answers::{Answers, Columns};
use crate::history::facts::{Fact, What};
use crate::history::stored::{Form, StoredAnswer};
use crate::history::template::Template;
use crate::offer::OfferId;

/// The file has no more of them: whoever reads it has all of them in memory, and looks through them for each commit.
const MOST: i64 = 256;

const READ: &str = "SELECT url, impression_pixel, links FROM template WHERE id = ?1";
const FIND: &str = "SELECT id FROM template WHERE url = ?1 AND impression_pixel IS ?2 AND links = ?3";
const ADD: &str = "INSERT INTO template (url, impression_pixel, links)
    SELECT ?1, ?2, ?3 WHERE (SELECT count(*) FROM template) < ?4";

/// A template of the file.
pub(super) fn template_of(connection: &Connection, key: i64) -> rusqlite::Result<Template> {
    let read = |row: &Row<'_>| {
        let links = row.get_ref(2)?.as_str()?;
        Ok(Template::read(row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str_or_null()?, links))
    };
    connection.prepare_cached(READ)?.query_row([key], read)
}

/// Templates that were read.
#[derive(Debug, Default)]
pub(super) struct Templates {
    known: RefCell<BTreeMap<i64, Template>>,
}

impl Templates {
    /// Does something with a template of the file.
    pub(super) fn with<T>(
        &self,
        connection: &Connection,
        key: i64,
        with: impl FnOnce(&Template) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let mut known = self.known.borrow_mut();
        match known.entry(key) {
            std::collections::btree_map::Entry::Occupied(known) => with(known.get()),
            std::collections::btree_map::Entry::Vacant(unknown) => with(unknown.insert(template_of(connection, key)?)),
        }
    }
}

/// Answers that wait, with the names of their templates.
#[derive(Debug)]
pub(super) struct Templated<'b> {
    pub answers: &'b Answers,
    keys: Vec<Option<i64>>,
}

impl<'b> Templated<'b> {
    /// Finds the templates of facts in the file, or writes them there.
    pub(super) fn new(connection: &Connection, answers: &'b Answers, facts: &[&Fact]) -> rusqlite::Result<Self> {
        let templates = answers.templates();
        let mut is_named = vec![false; templates.len()];
        for fact in facts {
            if let What::Links(StoredAnswer { form: Form::Of { template }, .. }) = fact.what
                && let Some(is_named) = is_named.get_mut(template)
            {
                *is_named = true;
            }
        }
        let key = |(template, is_named)| if is_named { key(connection, template) } else { Ok(None) };
        let keys = templates.iter().zip(is_named).map(key).collect::<Result<_, _>>()?;
        Ok(Self { answers, keys })
    }

    /// What is to be written for an offer.
    pub(super) fn columns(&self, stored: StoredAnswer, offer: &OfferId) -> Columns<'b> {
        self.answers.columns(stored, offer.as_str(), &self.keys)
    }
}

/// The key of a template; `None` where the file takes no more of them.
fn key(connection: &Connection, template: &Template) -> rusqlite::Result<Option<i64>> {
    let (url, pixel, links) = template.texts();
    let found = connection.prepare_cached(FIND)?.query_row(params![url, pixel, links], |row| row.get(0)).optional()?;
    if found.is_some() {
        return Ok(found);
    }
    let added = connection.prepare_cached(ADD)?.execute(params![url, pixel, links, MOST])?;
    Ok((added > 0).then(|| connection.last_insert_rowid()))
}
