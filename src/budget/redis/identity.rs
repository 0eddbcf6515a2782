//! What distinguishes runs and machines in a budget.
//!
//! Runs that see each other (`budget::machine`) have to have one machine, so that theirs is one host's part; those in
//! network namespaces of their own do not see each other, and are hosts of their own.

use super::script::Identity;

/// This run, on this machine.
pub(crate) fn of_run() -> Identity {
    Identity { id: format!("{:016x}", fastrand::u64(..)), machine: machine() }
}

#[cfg(target_os = "linux")]
fn machine() -> String {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let network = std::fs::read_link("/proc/self/ns/net").unwrap_or_default();
    let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    let name = format!("{}-{}", plain(&boot), plain(&network.to_string_lossy()));
    if boot.is_empty() { alone() } else { name }
}

#[cfg(not(target_os = "linux"))]
fn machine() -> String {
    let name = ["COMPUTERNAME", "HOSTNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    let plain = |text: String| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    name.map(plain).filter(|name| !name.is_empty()).unwrap_or_else(alone)
}

/// A run that cannot find out where it runs is a host of its own.
fn alone() -> String {
    format!("{:016x}", fastrand::u64(..))
}
