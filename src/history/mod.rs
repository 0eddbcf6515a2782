//! What earlier runs have learned: an SQLite file with the last good links of every offer, and what changed when.
//!
//! Owns the file's schema, which is a contract (docs/history.md), and all SQL. Must not know of calls, outputs or flags.
//!
//! - [`schema`]: the tables, their version and how an older file gets it
//! - [`database`]: opening, and refusing what is foreign, newer or, as [`damage`] and [`shape`] find, damaged
//! - [`stored`]: an answer as a row of the file
//! - [`facts`]: what a run has learned since its last commit; [`commit`]: writes that in one transaction, by [`confirm`],
//!   [`new_offers`] and [`record`]
//! - [`listed`]: offers that have vanished from the network's own list
//! - [`runs`]: which run a fact belongs to, and since which run changes are counted
//! - [`lookup`]: the last good links of an offer
//! - [`diff`], [`changes`], [`timeline`], [`prune`]: what the file says to people

mod alike;
mod answers;
pub(crate) mod changes;
mod commit;
mod confirm;
mod damage;
pub(crate) mod database;
pub(crate) mod diff;
pub(crate) mod error;
pub(crate) mod facts;
pub(crate) mod listed;
pub(crate) mod lookup;
mod new_offers;
pub(crate) mod prune;
pub(crate) mod record;
pub(crate) mod runs;
mod schema;
mod shape;
mod stored;
mod template;
mod templates;
pub(crate) mod timeline;

#[cfg(test)]
mod tests;

pub(crate) use self::database::Database;
pub(crate) use self::error::HistoryError;
