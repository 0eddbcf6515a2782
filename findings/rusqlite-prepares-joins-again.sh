#!/usr/bin/env bash
# rusqlite 0.43.0 with libsqlite3-sys 0.40.0 (crates.io, `bundled`: SQLite 3.54.1): a joined query out of the statement cache is
# prepared again at every use, so the cache gains nothing.
#
# Guess: `prepare_cached` in a loop costs what a statement held outside of the loop costs.
# Seen: a look-up that joins two tables and has a bound parameter is compiled anew 1,000 times of 1,000 (SQLite's own counter of
# repreparations; about ten times the time of the look-up itself). The same statement held outside of the loop: once. The same
# look-up with a subquery in place of the join, out of the cache: never. When a statement goes back to the cache its bindings
# are cleared, and the bundled SQLite is built with STAT4: a plan that has looked at a parameter's value counts as out of date
# when that value changes.
# What follows: hold such statements, or write the look-up with a subquery, as src/history/lookup.rs does (a test counts there).
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
cargo -q init --lib --name seen --edition 2021 --vcs none . 2>/dev/null
mkdir -p examples
cargo -q add rusqlite@=0.43.0 --no-default-features --features bundled,cache 2>/dev/null
cargo -q update -p libsqlite3-sys --precise 0.40.0 2>/dev/null || true
cat >examples/count.rs <<'RUST'
use rusqlite::{params, Connection, StatementStatus};

const JOIN: &str = "SELECT links FROM offer JOIN version ON version.id = offer.version WHERE network = ?1 AND offer_id = ?2";
const SUBQUERY: &str = "SELECT links FROM version WHERE id = (SELECT version FROM offer WHERE network = ?1 AND offer_id = ?2)";

fn main() -> rusqlite::Result<()> {
    let file = Connection::open_in_memory()?;
    file.execute_batch(
        "CREATE TABLE offer (network INTEGER, offer_id TEXT, version INTEGER, UNIQUE (network, offer_id));
         CREATE TABLE version (id INTEGER PRIMARY KEY, links TEXT);",
    )?;
    for id in 0..1000 {
        file.execute("INSERT INTO offer VALUES (1, ?1, ?2)", params![id.to_string(), id])?;
        file.execute("INSERT INTO version VALUES (?1, 'links')", [id])?;
    }
    let cached = |sql: &str| -> rusqlite::Result<i32> {
        let mut again = 0;
        for id in 0..1000 {
            let mut statement = file.prepare_cached(sql)?;
            let _links: String = statement.query_row(params![1, id.to_string()], |row| row.get(0))?;
            again += statement.reset_status(StatementStatus::RePrepare);
        }
        Ok(again)
    };
    let (join, subquery) = (cached(JOIN)?, cached(SUBQUERY)?);
    let mut held = file.prepare(JOIN)?;
    for id in 0..1000 {
        let _links: String = held.query_row(params![1, id.to_string()], |row| row.get(0))?;
    }
    println!("SQLite {}: join {join}, subquery {subquery}, join held {}", rusqlite::version(), held.reset_status(StatementStatus::RePrepare));
    Ok(())
}
RUST
seen=$(cargo -q run --example count 2>/dev/null)
echo "prepared again in 1,000 look-ups, $seen"
case "$seen" in *": join 1000, subquery 0, join held "[01]) echo 'as found' ;; *) exit 1 ;; esac
