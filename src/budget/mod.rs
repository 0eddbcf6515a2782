//! Who else uses the limit of a network.
//!
//! Counts; what a share means for the pace is the schedule's business.

mod files;
pub(crate) mod machine;
mod parts;
#[cfg(target_os = "linux")]
mod proc_net;
mod server;
#[cfg(target_os = "linux")]
mod sockets;
