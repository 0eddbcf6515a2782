//! Pulls the tracking links of Offerslook offers in bulk.
pub mod api;
pub mod offer;
pub mod settings;
pub mod text;
