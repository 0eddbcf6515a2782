//! `check`: from what was typed to plain values.

use std::time::Duration;

use crate::budget::redis::address::Address;
use crate::cli::{AttemptArgs, CheckArgs};
use crate::config::accounts::{CallSettings, Target, Targets, Want};
use crate::config::environment::Environment;
use crate::config::error::JobError;
use crate::settings::console::LogFormat;

/// The settings of a check.
#[derive(Debug)]
pub(crate) struct CheckJob {
    /// The networks, or why they cannot be determined.
    pub targets: Result<Vec<CheckTarget>, JobError>,
    /// Shares the limits with other hosts.
    pub budget: Option<Address>,
    /// Whether to print the answer as it came.
    pub show_reply: bool,
    /// The form of the result.
    pub log_format: LogFormat,
}

/// One of the networks. Wrong settings are a result of the check, not an error.
pub(crate) type CheckTarget = Target;

impl CheckJob {
    /// Interprets the arguments of `check`.
    pub(crate) fn new(arguments: CheckArgs, environment: Environment) -> Self {
        let CheckArgs { show_reply, log_format, account, call, net } = arguments;
        // A check makes a single call.
        let attempts = AttemptArgs { retries: 0, max_outage: Duration::ZERO, max_duration: None };
        let typed = CallSettings { account, call, attempts, net, concurrency: None };
        let mut shared = None;
        let targets = Targets::of(&typed, environment, &Want::Each).map(|found| {
            let Targets { all: mut targets, warnings, budget, .. } = found;
            shared = budget;
            for target in &mut targets {
                target
                    .settings
                    .retain(|setting| !["--show-reply", "--retries", "--max-outage"].contains(&&*setting.name));
            }
            if let Some(first) = targets.first_mut() {
                first.warnings.splice(0..0, warnings);
            }
            targets
        });
        Self { targets, budget: shared, show_reply, log_format: log_format.into() }
    }
}
