//! The config file: defaults, and the networks that an affiliate works with.
//!
//! `location` finds and reads the file, `parse` turns its text into a [`ConfigFile`], `keys` knows what may stand in it,
//! `mistakes` says what is wrong and on which line. Nothing here reads a key, runs a command or knows flags.
//!
//! No text of the file is ever repeated in a message, other than names of keys and tables: any value may be a secret
//! in the wrong place.

mod keys;
mod location;
mod mistakes;
mod parse;
mod permissions;
mod settings;
mod text;
mod values;

pub(crate) use self::location::{ConfigFileError, NamedBy, find};
pub(crate) use self::settings::{AtLine, ConfigFile, Defaults, FileNetwork, KeyEntry};
