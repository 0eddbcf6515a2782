//! Runs the real program as its users do: another process, files in a folder, a network on loopback.
//!
//! Looks at nothing but what a user can see, and at the calls that reached the network.
#![cfg_attr(not(unix), allow(unused_imports, dead_code, reason = "some helpers serve only tests of Unix"))]
#![expect(clippy::unwrap_used, reason = "a helper that cannot do its part has to fail its test")]

mod again;
mod all_offers;
mod check;
mod cli;
mod config_file;
mod default_links;
mod docs;
mod dry_run;
mod errors;
mod export;
mod gateways;
mod history;
mod hostile;
mod hostile_server;
mod input;
mod judged;
mod list;
mod machine;
mod min_ok;
mod missing_lists;
mod networks;
mod open_elsewhere;
mod packaging;
mod readers;
mod report_files;
mod retry;
mod same_job;
mod secrets;
mod shapes;
mod sheets;
#[path = "../signals_heard/mod.rs"]
mod signals_heard;
mod spreadsheets;
mod status;
mod stopping;
mod support;
mod views;
