//! Opens the file: makes it where it is missing, brings it to this version, and refuses what is damaged, foreign or newer.
//!
//! The journal is a file that is deleted (`journal_mode=DELETE`), not a write-ahead log. With a log, a reader of another
//! user can leave files behind that keep the owner from writing; a closed file cannot be read from a folder that one may
//! not write; a copy of the file alone may miss all of a run; and a reader that stays open lets the log grow without end.
//! There is one writer, and a commit every few seconds, so the log's one advantage, readers during a write, is worth
//! milliseconds here. `synchronous=EXTRA`, because the checkpoint that follows a commit must never outlive it.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::history::damage;
use crate::history::error::{HistoryError, has_hot_journal};
use crate::history::schema;
use crate::history::templates::Templates;

/// How every SQLite file begins.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// How long a commit waits for other programs that use the file.
const PATIENCE: Duration = Duration::from_secs(300);

/// Statements that are kept prepared.
const STATEMENTS: usize = 32;

/// Bytes of a page of a new file. Of an offer with four links three and a half fit into 4,096 bytes, and each page is a
/// write of its own: larger ones save a third of the system's time. Where offers come in no order each commit writes the
/// whole page around each of them, so they are not larger yet.
const PAGE: i64 = 8 << 10;

/// Pages that are kept in memory, in KiB.
const CACHE_KIB: i64 = 8 << 10;

/// The same between commits for the connection that writes: with more, each new page would take the memory of one that the
/// processor has long forgotten. Offers in random order gain nothing from more. A commit still may fill all of the above
/// before it writes anything, since from then on nobody else can read.
const CACHE_TO_WRITE_KIB: i64 = 4 << 10;

/// A history that is open.
#[derive(Debug)]
pub(crate) struct Database {
    path: PathBuf,
    connection: Connection,
    templates: Templates,
}

impl Database {
    /// Opens the history at `path` to write to it. One that is not there is made; an older one is brought to this version.
    ///
    /// # Errors
    /// It is damaged, another program's or a newer version's, or cannot be opened or written.
    pub(crate) fn open(path: &Path) -> Result<Self, HistoryError> {
        Self::open_to_write(path).map_err(|error| error.if_damaged().if_not_writable())
    }

    fn open_to_write(path: &Path) -> Result<Self, HistoryError> {
        check_file(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let mut database = Self::connect(path, flags)?;
        let failed = HistoryError::sql(path);
        let connection = &mut database.connection;
        connection.pragma_update(None, "synchronous", "EXTRA").map_err(failed)?;
        connection.pragma_update(None, "page_size", PAGE).map_err(failed)?;
        if !is_current(connection, path)? {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
            // Another run may have made it meanwhile.
            if !is_current(&transaction, path)? {
                schema::migrate(&transaction).map_err(failed)?;
            }
            transaction.commit().map_err(failed)?;
        }
        probe(connection).map_err(failed)?;
        // Now the size of its pages is known, without which the second is taken for another number of them.
        connection.pragma_update(None, "cache_size", -CACHE_TO_WRITE_KIB).map_err(failed)?;
        connection.pragma_update(None, "cache_spill", -CACHE_KIB).map_err(failed)?;
        database.check()?;
        Ok(database)
    }

    /// Opens the history at `path` only to look things up; it has to be there. One of an earlier version stays as it is.
    ///
    /// # Errors
    /// As [`Self::open`], and it is missing or empty, or of version 1.
    pub(crate) fn open_to_read(path: &Path) -> Result<Self, HistoryError> {
        check_file(path)?;
        if !path.exists() {
            return Err(HistoryError::Missing(path.to_owned()));
        }
        let opened = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE);
        let database = opened.map_err(HistoryError::if_damaged)?;
        if database.can_be_read().map_err(HistoryError::if_damaged)? {
            return Ok(database);
        }
        match schema::version(&database.connection).map_err(database.error())? {
            0 => Err(HistoryError::Empty(path.to_owned())),
            _ => Err(HistoryError::Earlier(path.to_owned())),
        }
    }

    /// Whether it is of this version, or is read alike from now on; nothing in it changes.
    fn can_be_read(&self) -> Result<bool, HistoryError> {
        let Self { path, connection, .. } = self;
        Ok(is_current(connection, path)?
            || schema::read_alike(connection).map_err(self.error())?
            // Another run may have brought it up to date meanwhile.
            || is_current(connection, path)?)
    }

    /// Whether the history at `path` could be opened. Changes nothing.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(crate) fn look(path: &Path) -> Result<(), HistoryError> {
        check_file(path)?;
        match Self::look_into(path) {
            // A run would undo the half commit first.
            Err(HistoryError::Sql { source, .. }) if has_hot_journal(&source) => Ok(()),
            looked => looked.map_err(HistoryError::if_damaged),
        }
    }

    fn look_into(path: &Path) -> Result<(), HistoryError> {
        Self::open_as_it_is(path)?.map_or(Ok(()), |database| database.check())
    }

    /// Opens a history of this version or one that is read alike, without changing it; `None` where it is neither.
    fn open_as_it_is(path: &Path) -> Result<Option<Self>, HistoryError> {
        let database = Self::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        Ok(database.can_be_read()?.then_some(database))
    }

    /// Opens the history at `path` to find out what a run would look up. Changes nothing, and has nothing in it where it is
    /// not there, is of version 1, or a half commit in it would have to be undone first.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(crate) fn open_to_plan(path: &Path) -> Result<Self, HistoryError> {
        match if path.exists() { Self::open_as_it_is(path) } else { Ok(None) } {
            Ok(Some(database)) => return Ok(database),
            Ok(None) => {}
            Err(HistoryError::Sql { source, .. }) if has_hot_journal(&source) => {}
            Err(error) => return Err(error.if_damaged()),
        }
        let failed = HistoryError::sql(path);
        let mut connection = Connection::open_in_memory().map_err(failed)?;
        let transaction = connection.transaction().map_err(failed)?;
        schema::migrate(&transaction).map_err(failed)?;
        transaction.commit().map_err(failed)?;
        Ok(Self { path: path.to_owned(), connection, templates: Templates::default() })
    }

    /// Opens a history that is there, to write to it; an older one is brought to this version.
    ///
    /// # Errors
    /// As [`Self::open`], and it is missing or empty.
    pub(crate) fn open_existing(path: &Path) -> Result<Self, HistoryError> {
        match Self::open_to_read(path) {
            Ok(_) | Err(HistoryError::Earlier(_)) => Self::open(path),
            Err(error) => Err(error),
        }
    }

    fn connect(path: &Path, flags: OpenFlags) -> Result<Self, HistoryError> {
        let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let failed = HistoryError::sql(path);
        let connection = Connection::open_with_flags(as_file(path), flags).map_err(failed)?;
        connection.busy_timeout(PATIENCE).map_err(failed)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.pragma_update(None, "cache_size", -CACHE_KIB).map_err(failed)?;
        // Every key is one that this program has just read; checking each again would cost a look-up for every row.
        connection.pragma_update(None, "foreign_keys", false).map_err(failed)?;
        Ok(Self { path: path.to_owned(), connection, templates: Templates::default() })
    }

    /// Reads all of it once: damage is to be found before the first call, not in mid-run.
    fn check(&self) -> Result<(), HistoryError> {
        match damage::find(&self.connection).map_err(self.error())? {
            None => Ok(()),
            Some(why) => Err(HistoryError::NotOurs { path: self.path.clone(), why: format!("is damaged ({why})") }),
        }
    }

    /// Makes an error of one of SQLite's.
    pub(crate) fn error(&self) -> impl Fn(rusqlite::Error) -> HistoryError + Copy + use<'_> {
        HistoryError::sql(&self.path)
    }

    /// The connection.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The templates that answers were of.
    pub(super) fn templates(&self) -> &Templates {
        &self.templates
    }

    /// The connection, for a transaction.
    pub(crate) fn connection_mut(&mut self) -> (&mut Connection, &Path) {
        (&mut self.connection, &self.path)
    }
}

/// The same file, by a name that is none of those with a meaning to SQLite: `:memory:` and `file:...` are files like any other.
fn as_file(path: &Path) -> PathBuf {
    if path.is_absolute() { path.to_owned() } else { Path::new(".").join(path) }
}

/// Finds out whether the file can be written, and a journal made beside it: SQLite does neither before the first change,
/// which would be after the first calls.
fn probe(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.pragma_update(None, "user_version", schema::VERSION)?;
    transaction.rollback()
}

/// Whether the file has this version's tables; false where it has none, or those of an earlier version.
fn is_current(connection: &Connection, path: &Path) -> Result<bool, HistoryError> {
    // At one time: another run may be making the file.
    let sql = "SELECT application_id, user_version, (SELECT count(*) = 0 FROM sqlite_schema)
        FROM pragma_application_id, pragma_user_version";
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let (id, version, is_empty) = connection.query_row(sql, [], read).map_err(HistoryError::sql(path))?;
    match (id, version) {
        (0, 0) if is_empty => Ok(false),
        (schema::APPLICATION_ID, schema::VERSION) => Ok(true),
        (schema::APPLICATION_ID, version) if version > schema::VERSION => {
            Err(HistoryError::Newer { path: path.to_owned(), version })
        }
        (schema::APPLICATION_ID, _) => Ok(false),
        _ => Err(HistoryError::NotOurs { path: path.to_owned(), why: "is the database of another program".to_owned() }),
    }
}

/// Refuses what SQLite would take for an empty database and overwrite: it does so with any file of one byte.
fn check_file(path: &Path) -> Result<(), HistoryError> {
    let not_ours = |why: &str| Err(HistoryError::NotOurs { path: path.to_owned(), why: why.to_owned() });
    let unreadable = |source| HistoryError::Open { path: path.to_owned(), source };
    let found = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return check_folder(path),
        found => found.map_err(unreadable)?,
    };
    if !found.is_file() {
        return not_ours("is not a file");
    }
    let mut begin = Vec::new();
    File::open(path).and_then(|file| file.take(16).read_to_end(&mut begin)).map_err(unreadable)?;
    // A kill while the file was being made leaves it empty, or with a journal that SQLite undoes.
    if begin.is_empty() || begin == MAGIC || journal(path).exists() {
        return Ok(());
    }
    not_ours("is no SQLite database")
}

/// The journal of an interrupted transaction.
fn journal(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-journal");
    name.into()
}

fn check_folder(path: &Path) -> Result<(), HistoryError> {
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    if folder.is_dir() {
        return Ok(());
    }
    let source = io::Error::new(io::ErrorKind::NotFound, "there is no such folder");
    Err(HistoryError::Open { path: path.to_owned(), source })
}
