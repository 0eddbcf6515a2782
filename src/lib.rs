//! Pulls the tracking links of Offerslook offers in bulk.

pub mod api;
pub mod exit;
pub mod input;
pub mod offer;
pub mod sandbox;
pub mod schedule;
pub mod settings;
pub mod summary;
pub mod text;
