//! Pulls the tracking links of Offerslook offers in bulk.

pub mod exit;
pub mod offer;
pub mod schedule;
pub mod settings;
pub mod summary;
