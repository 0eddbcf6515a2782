//! Hosts that share the limit of a network through a real redis-server.
//!
//! Each host is a network namespace, so that it knows of the others only through Redis. What a case needs that this machine does
//! not give (redis-server, root, `ip`, `cc`) is skipped by a printed line that begins with `skipped:`. The long trials
//! are run by `cargo test --test budget -- --ignored --nocapture`, and take about ten minutes.
#![cfg(target_os = "linux")]
#![expect(clippy::print_stdout, reason = "cargo shows it when a test fails, or with --nocapture")]
#![expect(clippy::unwrap_used, reason = "a helper that cannot do its part has to fail its test")]

mod faults;
mod redis;
mod share;
mod single;
mod site;
mod slow;
