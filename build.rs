//! Tells the program what it was built from: commit, target and features, for `--version`. Tells the linker in which order
//! to put the functions.
//!
//! Never fails: in a tarball without git the commit is what `cargo package` wrote down, or unknown. Builds for development
//! name no commit, so that a commit does not build everything again.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=OFFERLINKS_COMMIT");
    println!("cargo::rustc-env=OFFERLINKS_BUILT_FROM={}", built_from());
    println!("cargo::rustc-env=OFFERLINKS_TARGET={}", variable("TARGET").unwrap_or_else(|| "unknown".to_owned()));
    println!("cargo::rustc-env=OFFERLINKS_FEATURES={}", features());
    println!("cargo::rerun-if-changed={ORDER}");
    if is_release() && is_for_this_machine() {
        for argument in [in_order(), PACKED.to_owned()] {
            if links(&argument) == Some(true) {
                println!("cargo::rustc-link-arg-bins={argument}");
            }
        }
    }
}

/// Names the functions that an export runs through: together they take 3 MiB less memory than where they are, because Linux
/// maps 64 KiB around each that is called. `.ci/order` writes it.
const ORDER: &str = "packaging/linux/order.ld";

/// Half a MiB less: the list of what is to be relocated at the start is read as a whole. Needs glibc 2.36 where it runs.
const PACKED: &str = "-Wl,-z,pack-relative-relocs";

fn in_order() -> String {
    format!("-Wl,-T,{}", Path::new(&variable("CARGO_MANIFEST_DIR").unwrap_or_default()).join(ORDER).display())
}

fn is_release() -> bool {
    variable("PROFILE").is_some_and(|profile| profile == "release")
}

/// Programs for other machines are left as they are, since nothing could be tried.
fn is_for_this_machine() -> bool {
    variable("TARGET").is_some_and(|target| target.ends_with("-linux-gnu") && variable("HOST") == Some(target))
}

/// Whether this machine's linker takes an argument, and what it makes of it runs: ld.lld (rustc's own) and GNU ld take the
/// order, mold does not.
fn links(argument: &str) -> Option<bool> {
    let folder = variable("OUT_DIR")?;
    let (source, program) = (Path::new(&folder).join("probe.rs"), Path::new(&folder).join("probe"));
    std::fs::write(&source, "fn main() {}").ok()?;
    let mut command = Command::new(variable("RUSTC")?);
    let flags = variable("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    command.args(flags.split('\u{1f}').filter(|flag| !flag.is_empty()));
    if let Some(linker) = variable("RUSTC_LINKER") {
        command.arg(format!("-Clinker={linker}"));
    }
    command.arg(format!("-Clink-arg={argument}")).arg("-o").arg(&program).arg(&source);
    let is_linked = command.output().ok()?.status.success();
    Some(is_linked && Command::new(&program).status().ok()?.success())
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The commit, and its date where git tells it.
fn built_from() -> String {
    if let Some(commit) = variable("OFFERLINKS_COMMIT") {
        return commit;
    }
    if !is_release() {
        return "development build".to_owned();
    }
    from_git().or_else(from_package).unwrap_or_else(|| "unknown".to_owned())
}

fn from_git() -> Option<String> {
    // A tarball that was unpacked within somebody's repository is not of its commit.
    let (top, here) = (git(&["rev-parse", "--show-toplevel"])?, variable("CARGO_MANIFEST_DIR")?);
    if Path::new(&top).canonicalize().ok()? != Path::new(&here).canonicalize().ok()? {
        return None;
    }
    // The log grows with every commit and checkout; the sources decide whether they are those of the commit.
    for name in ["logs/HEAD", "HEAD", "index"] {
        let path = git(&["rev-parse", "--git-path", name])?;
        if Path::new(&path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    for path in ["src", "Cargo.toml", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={path}");
    }
    let commit = git(&["log", "-1", "--format=%h %cs", "--abbrev=10"])?;
    let is_changed = !git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty();
    Some(if is_changed { format!("{commit}, with changes") } else { commit })
}

fn git(arguments: &[&str]) -> Option<String> {
    let done = Command::new("git").args(arguments).output().ok().filter(|done| done.status.success())?;
    Some(String::from_utf8(done.stdout).ok()?.trim().to_owned())
}

/// What `cargo package` puts beside the sources: `{"git": {"sha1": "..."}}`.
fn from_package() -> Option<String> {
    let text = std::fs::read_to_string(".cargo_vcs_info.json").ok()?;
    let after = text.split_once("\"sha1\"")?.1.split_once('"')?.1;
    after.get(..10).filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit())).map(str::to_owned)
}

/// The features that were chosen, in the order of their names.
fn features() -> String {
    let names = std::env::vars().filter_map(|(name, _)| name.strip_prefix("CARGO_FEATURE_").map(str::to_lowercase));
    let mut names: Vec<_> = names.map(|name| name.replace('_', "-")).filter(|name| name != "default").collect();
    names.sort();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
