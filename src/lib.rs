//! Pulls the tracking links of Offerslook offers in bulk.
pub mod input;
pub mod offer;
pub mod settings;
pub mod text;
