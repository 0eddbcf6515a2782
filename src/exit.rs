//! The exit codes: a promise to cron, systemd and scripts.
//!
//! How a run ended decides the code, here and nowhere else. The help of `list`, `check` and `status` and the README repeat
//! the numbers.

use std::process::Termination;

/// How the program ends. The README has the numbers too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Every offer was exported; an empty input too.
    Success = 0,
    /// The disk or another part of this machine failed, others changed what this run wrote, or the program has a bug. The
    /// old output is untouched, unless the message says that only its folder could not be brought to disk.
    Failure = 1,
    /// The command, the settings or the input are wrong. No call was made.
    Usage = 2,
    /// Complete, but some offers have error rows.
    SomeFailed = 3,
    /// The network refuses the account, or the host is not the network's.
    Refused = 4,
    /// Stopped early; the same command with `--resume` continues.
    StoppedEarly = 5,
    /// SIGHUP.
    HungUp = 129,
    /// SIGINT, or Ctrl-C.
    Interrupted = 130,
    /// SIGTERM.
    Terminated = 143,
}

impl ExitCode {
    /// Every code, in the order of its number.
    pub const ALL: [Self; 9] = [
        Self::Success,
        Self::Failure,
        Self::Usage,
        Self::SomeFailed,
        Self::Refused,
        Self::StoppedEarly,
        Self::HungUp,
        Self::Interrupted,
        Self::Terminated,
    ];

    /// Its meaning, and what to do next.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Success => "every offer was exported",
            Self::Failure => "something on this machine failed (disk full, ...): the old output is untouched",
            Self::Usage => "the command, the settings or the input are wrong: no call was made",
            Self::SomeFailed => {
                "finished, but some offers failed, or fewer succeeded than --min-ok: try --retry-failed"
            }
            Self::Refused => "refused by the network (key, IP, account, host): fix it, then run again with --resume",
            Self::StoppedEarly => "stopped early (outage, --max-duration, --max-errors, lock): run again with --resume",
            Self::HungUp => "stopped because the terminal closed (SIGHUP): run again with --resume",
            Self::Interrupted => "stopped by Ctrl-C (SIGINT): run again with --resume",
            Self::Terminated => "stopped by SIGTERM: run again with --resume",
        }
    }

    /// The number.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl Termination for ExitCode {
    fn report(self) -> std::process::ExitCode {
        self.code().into()
    }
}
