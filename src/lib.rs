//! Pulls the tracking links of Offerslook offers in bulk.
pub mod offer;
pub mod sandbox;
pub mod settings;
