//! The output of `-V` and `--version`, for bug reports.
//!
//! `build.rs` finds it out.

/// The version, and the commit that it was built from.
pub(super) const SHORT: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("OFFERLINKS_BUILT_FROM"), ")");

/// The same, with the target and the features, each in a line of its own.
pub(super) const LONG: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\ncommit:   ",
    env!("OFFERLINKS_BUILT_FROM"),
    "\ntarget:   ",
    env!("OFFERLINKS_TARGET"),
    "\nfeatures: ",
    env!("OFFERLINKS_FEATURES")
);
