//! The program `offerlinks`. Everything else is in the library, so that tests can reach it.

use std::process::Termination;

/// A call allocates some forty times. Without huge pages, which would take twice the memory.
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> impl Termination {
    offerlinks::main()
}
