//! The names of listening sockets on this machine, as Linux tells them in `/proc/net/unix`.
//!
//! Only reads. Whoever makes a socket chooses its name, line breaks included, so what stands here is only a hint.

use std::collections::HashSet;
use std::io;

/// A listening socket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Listening {
    /// What follows the prefix in its name.
    pub(super) slot: String,
    /// Tells it from a later one of the same name.
    pub(super) inode: u64,
}

/// More are not looked at: nobody has so many runs.
const MOST: usize = 4096;

/// Those whose abstract name begins with `prefix`.
pub(super) fn listening(prefix: &str) -> io::Result<HashSet<Listening>> {
    Ok(find(&std::fs::read("/proc/self/net/unix")?, prefix))
}

/// `ADDRESS: REFERENCES PROTOCOL FLAGS TYPE STATE INODE @NAME`
fn find(table: &[u8], prefix: &str) -> HashSet<Listening> {
    const LISTENS: &str = "00010000";
    const STREAM: &str = "0001";
    // A hundred networks look here a hundred times a second, so only lines that can be ours are taken apart.
    let ours = memchr::memmem::Finder::new(prefix);
    let lines = table.split(|byte| *byte == b'\n').filter(|line| ours.find(line).is_some());
    let lines = lines.filter_map(|line| std::str::from_utf8(line).ok());
    let found = lines.filter_map(|line| {
        let mut fields = line.split_ascii_whitespace().skip(3);
        let (flags, kind, _, inode, name) =
            (fields.next()?, fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        let slot = name.strip_prefix('@')?.strip_prefix(prefix)?;
        let ours =
            flags == LISTENS && kind == STREAM && slot.len() <= 16 && slot.bytes().all(|b| b.is_ascii_hexdigit());
        ours.then_some(Listening { slot: slot.to_owned(), inode: inode.parse().ok()? })
    });
    found.take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listening_streams_of_the_prefix_are_found() {
        let table = b"Num       RefCount Protocol Flags    Type St Inode Path\n\
            00000000b4a51863: 00000002 00000000 00010000 0001 01 64273 @offerlinks/demo_443/0\n\
            0000000030eca21f: 00000003 00000000 00000000 0001 02     0 @offerlinks/demo_443/0\n\
            0000000030eca21f: 00000003 00000000 00000000 0002 01    12 @offerlinks/demo_443/1\n\
            0000000030eca21f: 00000003 00000000 00010000 0005 01    13 @offerlinks/demo_443/2\n\
            0000000030eca21f: 00000003 00000000 00010000 0001 01    14 @offerlinks/demo_443/../x\n\
            0000000030eca21f: 00000003 00000000 00010000 0001 01    15 offerlinks/demo_443/3\n\
            0000000030eca21f: 00000003 00000000 00010000 0001 01    16\n\
            \xff\xfe\n\
            00000000b4a51863: 00000002 00000000 00010000 0001 01 64274 @offerlinks/demo_443/a1\n";
        let mut found: Vec<_> = find(table, "offerlinks/demo_443/").into_iter().map(|l| (l.slot, l.inode)).collect();
        found.sort();
        assert_eq!(found, [("0".to_owned(), 64273), ("a1".to_owned(), 64274)]);
    }
}
