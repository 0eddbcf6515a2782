//! The exit codes: a promise to cron, systemd and scripts.
//!
//! Decided in one place from how the run ended; nothing else in the program knows numbers.

use std::process::Termination;

/// How the program ends. The README has the numbers too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Every offer is exported; an empty input too.
    Success = 0,
    /// The disk or another part of this machine failed, others changed what this run wrote, or the program has a bug. The
    /// old output is untouched, unless the message says that only its folder could not be brought to disk.
    Failure = 1,
    /// The command, the settings or the input are wrong. No call was sent.
    Usage = 2,
    /// Complete, but some offers have error rows.
    SomeFailed = 3,
    /// The network refuses the account, or the host is not the network's.
    Refused = 4,
    /// Stopped early; the same command with `--resume` goes on.
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

    /// What it means, and the way to go on.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Success => "every offer is exported",
            Self::Failure => "this machine failed (disk full, ...): the old output is untouched",
            Self::Usage => "the command, the settings or the input are wrong: no call was sent",
            Self::SomeFailed => {
                "complete, but some offers have error rows, or fewer than --min-ok are ok: --retry-failed"
            }
            Self::Refused => "refused by the network (key, IP, account, host): fix it, then --resume",
            Self::StoppedEarly => "stopped early (outage, --max-duration, --max-errors, lock): --resume goes on",
            Self::HungUp => "stopped, the terminal is gone (SIGHUP): --resume goes on",
            Self::Interrupted => "stopped by Ctrl-C (SIGINT): --resume goes on",
            Self::Terminated => "stopped by SIGTERM: --resume goes on",
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
