//! The event loop and what it works with: rows in, calls out, answers in, rows out.
//!
//! The only place where calls run side by side. Decisions are made elsewhere (`dispatch`, `pace`, `reorder`).

pub(crate) mod beat;
pub(crate) mod call_limit;
mod commit_thread;
mod commits;
mod ending;
pub(crate) mod event_loop;
pub(crate) mod fate;
pub(crate) mod feed;
pub(crate) mod goal;
pub(crate) mod history;
mod in_flight;
pub(crate) mod lane;
mod lane_answers;
pub(crate) mod lane_progress;
mod lane_rows;
pub(crate) mod lanes;
pub(crate) mod lookups;
mod misdirected;
pub(crate) mod missing_list;
pub(crate) mod opening;
mod packer;
mod pipe;
mod progress;
pub(crate) mod requests;
pub(crate) mod resume;
pub(crate) mod retry_failed;
pub(crate) mod router;
mod row_encoder;
pub(crate) mod rows;
mod run_tally;
mod same_append;
mod selection;
pub(crate) mod session;
pub(crate) mod spool;
mod timetable;
mod turn;
mod uncalled;
mod unordered;
pub(crate) mod writer;
