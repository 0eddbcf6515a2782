//! The program `offerlinks`. Everything else is in the library, so that tests can reach it.

use std::process::Termination;

fn main() -> impl Termination {
    offerlinks::main()
}
