//! From what was typed, the environment and the config file to plain, checked jobs.
//!
//! The leaves decide; nothing here calls a network. Reads the config file, key files and the start of an earlier output.

mod account_error;
mod accounts;
mod all_offers;
mod budget;
mod check;
pub(crate) mod credentials;
pub(crate) mod distinct_paths;
pub(crate) mod endings;
mod environment;
mod error;
mod export;
mod file;
pub(crate) mod history;
mod host;
mod job;
mod job_id;
mod key_command;
mod key_source;
mod legacy_key;
mod list;
pub(crate) mod networks;
mod retry_failed;
mod run_key;
mod views;

pub(crate) use self::accounts::NETWORK_COLUMN;
pub(crate) use self::all_offers::AllOffers;
pub(crate) use self::check::{CheckJob, CheckTarget};
pub(crate) use self::environment::Environment;
pub(crate) use self::error::JobError;
pub(crate) use self::history::{HistoryUse, OnFailure};
pub(crate) use self::job::{Job, RetryFailed, Start, Work};
pub(crate) use self::job_id::comparison::{Comparison, OpenedRows};
pub(crate) use self::list::ListJob;
pub(crate) use self::networks::{Network, NetworkConfig, Networks};
