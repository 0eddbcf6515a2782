//! Splits one row of an earlier output into its cells.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::encode::reader::row::OldLinks;
use crate::encode::schema::{Field, Schema};
use crate::offer::ErrorKind;

/// A row to be retried.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failed {
    /// The cell in `offer_id`.
    pub(crate) offer_id: String,
    /// The cell in `network`, where there is such a column.
    pub(crate) network: Option<String>,
    /// The kept cells.
    pub(crate) kept: Vec<String>,
    /// Why it failed.
    pub(crate) kind: ErrorKind,
    /// Whether it has old links.
    pub(crate) links: OldLinks,
}

/// Splits a CSV row if its offer has failed.
pub(crate) fn csv_row(row: &[u8], schema: &Schema, kept: usize) -> Result<Option<Failed>, String> {
    let mut cells = csv(row)?;
    if cells.len() != schema.len() + kept {
        return Err(format!("{} columns where the header has {}", cells.len(), schema.len() + kept));
    }
    let cell = |field| schema.position(field, kept).and_then(|at| cells.get(at)).map(String::as_str);
    let Some(links) = status(cell(Field::Status))? else { return Ok(None) };
    let kind = kind(cell(Field::ErrorKind))?;
    let network = cell(Field::Network).map(str::to_owned);
    let kept = cells.drain(schema.lead()..schema.lead() + kept).collect();
    Ok(Some(Failed { offer_id: cells.swap_remove(0), network, kept, kind, links }))
}

/// Splits a JSON line if its offer has failed.
pub(crate) fn json_row(row: &[u8], schema: &Schema, kept: &[String]) -> Result<Option<Failed>, String> {
    let pairs = json(row)?;
    let text = |name: &str| {
        let value = pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        value.and_then(Value::as_str)
    };
    if !kept_keys(&pairs, schema).eq(kept) {
        return Err("other keys than in the first line".to_owned());
    }
    let Some(links) = status(text("status"))? else { return Ok(None) };
    let kind = kind(text("error_kind"))?;
    let offer_id = text("offer_id").ok_or("no offer_id")?.to_owned();
    let network = text("network").filter(|_| schema.has(Field::Network)).map(str::to_owned);
    let cell = |name: &String| text(name).map(str::to_owned).ok_or_else(|| format!("{name} is not a text"));
    Ok(Some(Failed { offer_id, network, kept: kept.iter().map(cell).collect::<Result<_, _>>()?, kind, links }))
}

/// The keys of a JSON line that are kept columns.
pub(crate) fn kept_keys<'p>(pairs: &'p [(String, Value)], schema: &Schema) -> impl Iterator<Item = &'p String> {
    let schema = schema.clone().with(Field::LastGoodAt);
    // Kept columns come before `status`; one of them may be called last_good_at.
    let status = pairs.iter().position(|(key, _)| key == "status").unwrap_or(pairs.len());
    let is_own = move |at: usize, key: &str| schema.has_key(key) && (key != "last_good_at" || at > status);
    pairs.iter().enumerate().filter(move |(at, (key, _))| !is_own(*at, key)).map(|(_, (key, _))| key)
}

/// The links of a row that has failed; `None` for a good row.
fn status(status: Option<&str>) -> Result<Option<OldLinks>, String> {
    match status {
        Some("ok") => Ok(None),
        Some("error") => Ok(Some(OldLinks::None)),
        Some("stale") => Ok(Some(OldLinks::Stale)),
        Some(other) if !other.is_empty() => {
            Err(format!("the status is \"{}\", neither ok nor error", crate::text::one_line(other, 40)))
        }
        _ => Err("the status is empty: neither ok nor error".to_owned()),
    }
}

fn kind(word: Option<&str>) -> Result<ErrorKind, String> {
    let word = word.unwrap_or_default();
    ErrorKind::from_word(word)
        .ok_or_else(|| format!("\"{}\" in error_kind is not a known error kind", crate::text::one_line(word, 40)))
}

/// The cells of a CSV row that [`crate::encode`] has written.
pub(crate) fn csv(row: &[u8]) -> Result<Vec<String>, String> {
    let row = std::str::from_utf8(row).map_err(|_| "not UTF-8".to_owned())?;
    let mut rest = row.strip_suffix("\r\n").or_else(|| row.strip_suffix('\n')).unwrap_or(row);
    let mut cells = Vec::new();
    loop {
        let mut cell = String::new();
        if let Some(quoted) = rest.strip_prefix('"') {
            rest = quoted;
            loop {
                let (text, after) = rest.split_once('"').ok_or("a quote is not closed")?;
                cell.push_str(text);
                rest = after;
                match rest.strip_prefix('"') {
                    Some(after) => rest = after,
                    None => break,
                }
                cell.push('"');
            }
        } else {
            let (text, after) = rest.split_at(rest.find(',').unwrap_or(rest.len()));
            cell.push_str(text);
            rest = after;
        }
        cells.push(cell);
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None if rest.is_empty() => return Ok(cells),
            None => return Err("text after a closing quote".to_owned()),
        }
    }
}

/// The keys and values of a JSON line, in its order.
pub(crate) fn json(row: &[u8]) -> Result<Vec<(String, Value)>, String> {
    serde_json::from_slice::<Pairs>(row).map(|pairs| pairs.0).map_err(|error| error.to_string())
}

struct Pairs(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}
