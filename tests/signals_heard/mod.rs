//! Programs under test receive signals, though the test runner may ignore them (`nohup`, `&` in a script).

use std::fs;
use std::process::Command;

/// SIGHUP, SIGINT and SIGTERM in the mask of Linux.
const MASK: u64 = 1 << 0 | 1 << 1 | 1 << 14;

/// A command that receives signals.
pub(crate) fn command(program: &str) -> Command {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    if ignored & MASK == 0 {
        return Command::new(program);
    }
    let mut command = Command::new("env");
    command.args(["--default-signal=HUP,INT,TERM", program]);
    command
}
