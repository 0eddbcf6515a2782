//! Puts answers back into input order, and remembers those of offers that come again.
//!
//! Pure and bounded: must not know of calls, files or time.

mod answer_cache;
pub mod buffer;
pub(crate) mod recent;
mod slab;
mod slot;
pub(crate) mod store;

pub use self::slot::Slot;
