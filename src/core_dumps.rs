//! Keeps the API key out of core dumps, and away from other programs of the same user.
//!
//! Knows nothing of keys: the whole process is closed, before anything secret is in it.

/// No core dump of this process is written from now on, and only root may look into its memory.
///
/// Does as much as the system allows and says nothing where it does not: a key in a core dump needs a crash besides.
#[cfg(unix)]
pub(crate) fn forbid() {
    let _ = nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_CORE, 0, 0);
    // A dump that goes through a pipe (systemd-coredump, apport) asks for no limit, only for this.
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_dumpable(false);
}

/// Elsewhere there is no such switch.
#[cfg(not(unix))]
pub(crate) fn forbid() {}
