//! Keeps the API key out of core dumps, and away from other programs of the same user.
//!
//! Knows nothing of keys: it protects the whole process, before anything secret is in memory.

/// From now on no core dump of this process is written, and only root may read its memory.
///
/// Does what the system allows, and is silent where it does not: a key in a core dump also needs a crash.
#[cfg(unix)]
pub(crate) fn forbid() {
    let _ = nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_CORE, 0, 0);
    // A dump through a pipe (systemd-coredump, apport) ignores the limit and respects only this.
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_dumpable(false);
}

/// Elsewhere there is no such switch.
#[cfg(not(unix))]
pub(crate) fn forbid() {}
