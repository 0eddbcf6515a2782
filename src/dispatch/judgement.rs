//! What is known about refusals: how the calls of the whole run ended, and how far the network has been given the
//! benefit of the doubt.
//!
//! A record; what a refusal means is decided in `refused`.

use crate::dispatch::chance::Traffic;
use crate::dispatch::crowding::Crowding;
use crate::dispatch::gateway::GatewayRecord;
use crate::dispatch::patience::Patience;

/// What refusals are judged by.
#[derive(Debug, Default)]
pub(crate) struct Judgement {
    pub(crate) traffic: Traffic,
    pub(crate) crowding: Crowding,
    pub(crate) patience: Patience,
    pub(crate) gateway: GatewayRecord,
    /// Requests that were refused, have not succeeded since, and are not known to be bad.
    pub(crate) unsettled: usize,
    /// A wait longer than [`crate::dispatch::Policy::NO_WAIT`] was waited for, five minutes of it.
    pub(crate) forgave_no_wait: bool,
}
