//! Plain, checked values for every other module: what the user asked for, with defaults filled in.
//!
//! Nothing here knows clap, reads the environment twice or opens a connection.

pub mod console;
pub mod known_keys;
pub mod links;
pub mod network;
pub mod origin;
pub(crate) mod pasted;
pub mod rate;
pub mod report_files;
pub mod units;
