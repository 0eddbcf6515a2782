//! Everything a person or a program sees of a run: events in; console, log, JSON report and metrics out.
//!
//! The only module that words messages and that writes to the terminal. Decides nothing about the run.

mod changes;
mod console;
mod dry_run;
pub(crate) mod event;
#[cfg(test)]
mod example;
mod failed_offer;
mod files;
pub(crate) mod format;
mod json;
mod level;
mod message;
mod metrics;
mod outcome;
mod plan;
mod snapshot;
mod stats;
mod stdout;
mod summary;
mod view;
mod views;

pub(crate) use self::changes::ChangeSummary;
pub(crate) use self::dry_run::{DryRun, InvalidRow, PlannedCalls, PlannedRows, Slowest};
pub(crate) use self::event::Event;
pub(crate) use self::failed_offer::FailedOffer;
pub(crate) use self::format::{duration, with_causes};
pub(crate) use self::outcome::RunOutcome;
pub(crate) use self::plan::{LaneId, LanePlan, Plan};
pub(crate) use self::snapshot::{LaneState, LaneStatus, Snapshot};
pub(crate) use self::stdout::print;
#[cfg(test)]
#[allow(unused_imports, reason = "tests of the loop read it")]
pub(crate) use self::views::Recording;
pub(crate) use self::views::Report;
