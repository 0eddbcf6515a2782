//! The names of listening sockets on this machine, from `/proc/net/unix` of Linux.
//!
//! Only reads. Whoever makes a socket chooses its name, line breaks included, so what stands here is only a hint.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read};

/// A listening socket.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Listening {
    /// What follows the prefix in its name.
    pub(super) slot: String,
    /// Tells it from a later one of the same name.
    pub(super) inode: u64,
}

/// More are not looked at: nobody has that many runs.
const MOST: usize = 4096;

/// The bytes of a table of some hundred sockets.
const USUAL_SIZE: usize = 32 << 10;

/// What the sockets of this program are called by, whatever they stand for.
pub(super) const NAMES: &str = "offerlinks/";

/// The listening sockets of this program's runs at one moment.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// By what the run calls.
    sockets: HashMap<String, HashSet<Listening>>,
}

impl Table {
    /// As the system tells it now.
    ///
    /// # Errors
    /// There is no such table here.
    pub(super) fn read() -> io::Result<Self> {
        // The system does not say how long it is, and each growth would be another call.
        let mut table = Vec::with_capacity(USUAL_SIZE);
        File::open("/proc/self/net/unix")?.read_to_end(&mut table)?;
        Ok(Self::parse(&table))
    }

    fn parse(table: &[u8]) -> Self {
        // Most sockets are others', so only lines that can be ours are taken apart.
        let ours = memchr::memmem::Finder::new(NAMES);
        let lines = table.split(|byte| *byte == b'\n').filter(|line| ours.find(line).is_some());
        let mut found = Self::default();
        for (server, listening) in lines.filter_map(|line| socket(std::str::from_utf8(line).ok()?)) {
            let of_server = found.sockets.entry(server.to_owned()).or_default();
            if of_server.len() < MOST {
                of_server.insert(listening);
            }
        }
        found
    }

    /// Those of the runs that call `server`.
    pub(super) fn listening(&self, server: &str) -> HashSet<Listening> {
        self.sockets.get(server).cloned().unwrap_or_default()
    }
}

/// Takes `ADDRESS: REFERENCES PROTOCOL FLAGS TYPE STATE INODE @NAME` apart: a socket of a run, and what that run calls.
fn socket(line: &str) -> Option<(&str, Listening)> {
    const LISTENS: &str = "00010000";
    const STREAM: &str = "0001";
    let mut fields = line.split_ascii_whitespace().skip(3);
    let (flags, kind, _, inode, name) =
        (fields.next()?, fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let (server, slot) = name.strip_prefix('@')?.strip_prefix(NAMES)?.rsplit_once('/')?;
    let is_slot = slot.len() <= 16 && slot.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_run = flags == LISTENS && kind == STREAM && is_slot;
    is_run.then_some((server, Listening { slot: slot.to_owned(), inode: inode.parse().ok()? }))
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
            00000000b4a51863: 00000002 00000000 00010000 0001 01 64274 @offerlinks/demo_443/a1\n\
            00000000b4a51863: 00000002 00000000 00010000 0001 01 64275 @offerlinks/demo_443/more/2\n";
        let mut found: Vec<_> =
            Table::parse(table).listening("demo_443").into_iter().map(|l| (l.slot, l.inode)).collect();
        found.sort();
        assert_eq!(found, [("0".to_owned(), 64273), ("a1".to_owned(), 64274)]);
    }
}
