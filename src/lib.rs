//! Pulls the tracking links of Offerslook offers in bulk.
pub mod append;
pub mod flatten;
pub mod offer;
pub mod output;
pub mod settings;
