//! Interrupted at any instant, continued as if nothing had happened: shown on the real program.
//!
//! What a case needs that this machine does not give (strace, mounts) is skipped by a printed line that begins with
//! `skipped:`. The long form (4,000 offers, 60 kills at both paces, and every system call) takes some minutes:
//! `OFFERLINKS_LONG=1 cargo test --release --test crash -- --nocapture`. Kills come at random moments; the seed is
//! printed, and `OFFERLINKS_SEED=N` repeats them.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "what cannot be set up has to fail its test")]
#![expect(clippy::print_stdout, reason = "cargo shows it when a test fails, or with --nocapture")]

mod again;
mod beside;
mod blocked;
mod disk;
mod errno;
mod finish;
mod kill;
mod lock;
mod min_ok;
mod networks;
mod running;
mod scale;
mod shapes;
mod signals;
#[path = "../signals_heard/mod.rs"]
mod signals_heard;
mod slow_disk;
mod stream;
mod support;
mod syscalls;
mod tamper;
mod trace;
