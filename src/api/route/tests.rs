//! Tests of `transport_error`.

use super::*;

#[test]
fn a_name_that_does_not_exist_is_told_from_name_servers_that_do_not_answer() {
    for (words, no_such_host) in [
        ("failed to lookup address information: Name or service not known", true),
        ("failed to lookup address information: No address associated with hostname", true),
        ("failed to lookup address information: Name does not resolve", true),
        ("failed to lookup address information: nodename nor servname provided, or not known", true),
        ("No such host is known. (os error 11001)", true),
        ("failed to lookup address information: Temporary failure in name resolution", false),
        ("failed to lookup address information: Try again", false),
        ("failed to lookup address information: Non-recoverable failure in name resolution", false),
        ("This is usually a temporary error during hostname resolution (os error 11002)", false),
    ] {
        assert_eq!(is_no_such_host(words), no_such_host, "{words}");
    }
}
