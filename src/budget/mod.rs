//! Who else uses the limit of a network.
//!
//! Says how much of it a run may use; keeping to that is the pace's business.

use url::Url;

use self::redis::address::Address;
use crate::settings::rate::Limit;

mod files;
pub(crate) mod inheritance;
mod ledger;
pub(crate) mod machine;
mod neighbours;
mod participant;
mod parts;
#[cfg(target_os = "linux")]
mod proc_net;
pub(crate) mod redis;
mod server;
#[cfg(target_os = "linux")]
mod sockets;
pub(crate) mod terms;

pub(crate) use self::neighbours::Neighbours;
pub(crate) use self::participant::{Participant, Remark, SharedLimit};
pub(crate) use self::redis::shared::{Look, Outages, Said};

/// Asks who shares a budget, without taking part in it.
///
/// # Errors
/// Why there is no answer, in words for people.
pub(crate) async fn look(address: &Address, api: &Url, limit: Limit) -> Result<Look, String> {
    redis::shared::look(address, &server::name(api), limit).await
}
