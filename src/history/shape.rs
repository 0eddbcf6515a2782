//! Finds damage in what the file says of its own tables. SQLite takes a name with a wrong letter for another name, and the
//! first statement that needs the right one may be that of the last commit.
//!
//! Compares names, types and keys, not texts, and leaves alone what users have added to the file.

use std::collections::BTreeSet;

use rusqlite::Connection;

use crate::history::schema;

const TABLES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table'";

/// What there is of a table of the file, not of a temporary one of its name: how a column is called, and what else is said of it.
const PARTS: &str = r#"
SELECT 'column ' || name, type || "notnull" || pk || coalesce(dflt_value, '') FROM pragma_table_info(?1, 'main')
UNION ALL
SELECT 'key', (SELECT group_concat(name) FROM pragma_index_info(key.name, 'main'))
FROM pragma_index_list(?1, 'main') AS key WHERE key."unique" AND key.origin <> 'c'
UNION ALL
SELECT 'column state', 'check' FROM sqlite_schema
WHERE name = ?1 AND instr(sql, 'CHECK (state IN (''good'', ''gone''))')
"#;

/// What of the tables is not as it should be in a file of its version; `None` where all is.
pub(super) fn find(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let mut sound = Connection::open_in_memory()?;
    let sound = sound.transaction()?;
    schema::migrate_to(&sound, schema::version(connection)?)?;
    let mut tables = sound.prepare(TABLES)?;
    let mut tables = tables.query([])?;
    while let Some(table) = tables.next()? {
        let table: String = table.get(0)?;
        let found = parts(connection, &table)?;
        if let Some((part, _)) = parts(&sound, &table)?.difference(&found).next() {
            return Ok(Some(format!("the {part} of the table {table} is not what was written")));
        }
    }
    Ok(None)
}

fn parts(connection: &Connection, table: &str) -> rusqlite::Result<BTreeSet<(String, String)>> {
    let mut statement = connection.prepare_cached(PARTS)?;
    let parts = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?;
    parts.collect()
}
