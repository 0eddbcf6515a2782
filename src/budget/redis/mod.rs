//! One limit shared by several hosts, through Redis or Valkey.
//!
//! | part | does |
//! |---|---|
//! | `script.lua` | divides the limit, by the server's clock; one call of it is one step |
//! | `script` | its arguments and its answers |
//! | `member` | decides when to renew the lease and what may be used, with Redis and without |
//! | `places` | how places are taken and given up, and when the slots are |
//! | `link` | the connection, in a task of its own |
//! | `shared` | joins the two |
//! | `address`, `identity` | where the budget is, and who the run is |

pub(crate) mod address;
mod identity;
#[cfg(test)]
mod laws;
mod link;
pub(crate) mod member;
mod places;
pub(crate) mod script;
pub(crate) mod shared;
