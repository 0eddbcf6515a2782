//! Runs of one machine, known by abstract Unix sockets: they have no file, so no TMPDIR, no umask, no private /tmp and
//! no cleaner comes between, and the system frees them however a run ends.
//!
//! Owns the names and the asking. Anybody on the machine may take such a name, so a name alone proves nothing: who
//! listens is asked of the kernel.

use std::collections::HashMap;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

use nix::errno::Errno;
use nix::sys::socket::{self, AddressFamily, SockFlag, SockType, UnixAddr, sockopt};

use crate::budget::parts::Peer;
use crate::budget::proc_net::{Listening, NAMES, Table};

/// The slots that are tried first, in their order, so that they can be asked one by one where /proc is missing.
const FIRST: u32 = 100;
/// As many who asked are let go at a time: who asks without end is not served without end.
const MOST_GUESTS: u32 = 5000;
/// So many looks at an empty table pass before callers are let go all the same: a run stands in the table before it calls, and
/// to ask the system each time costs a hundred networks more than a call.
const IDLE_LOOKS: u32 = 16;
/// What the kernel says of a user that has no number here: in a user namespace everybody outside of it.
const UNMAPPED: u32 = 65534;

/// A place among the runs that call one server.
#[derive(Debug)]
pub(super) struct Sockets {
    /// What is called, as it stands in the names of all runs that call it.
    server: String,
    own: String,
    listener: UnixListener,
    /// This run's user, as others see it.
    user: u32,
    known: HashMap<Listening, u32>,
    /// Looks since those who asked were let go.
    looks: u32,
}

/// What came of asking a socket who listens there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Nobody,
    User(u32),
    /// Somebody, who cannot be asked.
    Silent,
}

impl Sockets {
    /// Takes a place among the runs that call `server`.
    pub(super) fn join(server: &str) -> io::Result<Self> {
        let random = std::iter::repeat_with(|| format!("{:x}", fastrand::u64(1 << 60..)));
        for own in (0..FIRST).map(|slot| format!("{slot:x}")).chain(random.take(3)) {
            let address = SocketAddr::from_abstract_name(name(server, &own))?;
            match UnixListener::bind_addr(&address) {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) => return Err(error),
                Ok(listener) => {
                    listener.set_nonblocking(true)?;
                    let Asked::User(user) = ask(&name(server, &own))? else { continue };
                    return Ok(Self {
                        server: server.to_owned(),
                        own,
                        listener,
                        user,
                        known: HashMap::new(),
                        looks: 0,
                    });
                }
            }
        }
        Err(io::Error::other("others have taken all its places"))
    }

    /// The other runs; `table` is what the system tells of sockets, where it does.
    pub(super) fn peers(&mut self, table: Option<&Table>) -> io::Result<Vec<Peer>> {
        let Some(table) = table else {
            self.let_guests_go();
            return self.peers_one_by_one();
        };
        let mut there = table.listening(&self.server);
        there.retain(|listening| listening.slot != self.own);
        self.looks += 1;
        if !there.is_empty() || self.looks >= IDLE_LOOKS {
            self.let_guests_go();
        }
        self.known.retain(|listening, _| there.contains(listening));
        let mut peers = Vec::new();
        for listening in there {
            if let Some(user) = self.known.get(&listening) {
                peers.push(self.peer(*user));
                continue;
            }
            match ask(&name(&self.server, &listening.slot))? {
                Asked::Nobody => {}
                Asked::Silent => peers.push(Peer::Silent),
                Asked::User(user) => {
                    peers.push(self.peer(user));
                    self.known.insert(listening, user);
                }
            }
        }
        Ok(peers)
    }

    /// Nobody has to wait for an answer: the kernel said who listens here when they connected.
    fn let_guests_go(&mut self) {
        self.looks = 0;
        (0..MOST_GUESTS).take_while(|_| self.listener.accept().is_ok()).for_each(drop);
    }

    /// Without /proc only the first slots can be found.
    fn peers_one_by_one(&self) -> io::Result<Vec<Peer>> {
        let others = (0..FIRST).map(|slot| format!("{slot:x}")).filter(|slot| *slot != self.own);
        let asked = others.map(|slot| ask(&name(&self.server, &slot))).collect::<io::Result<Vec<_>>>()?;
        let peer = |asked: Asked| match asked {
            Asked::Nobody => None,
            Asked::Silent => Some(Peer::Silent),
            Asked::User(user) => Some(self.peer(user)),
        };
        Ok(asked.into_iter().filter_map(peer).collect())
    }

    fn peer(&self, user: u32) -> Peer {
        match user {
            UNMAPPED => Peer::Unnamed,
            user if user == self.user => Peer::Own,
            user => Peer::User(user),
        }
    }
}

fn name(server: &str, slot: &str) -> String {
    [NAMES, server, "/", slot].concat()
}

/// Asks who listens on a name. Never waits: a plain connect blocks without end where a queue is full.
fn ask(name: &str) -> io::Result<Asked> {
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    let socket = socket::socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
    let address = UnixAddr::new_abstract(name.as_bytes())?;
    match socket::connect(std::os::fd::AsRawFd::as_raw_fd(&socket), &address) {
        Ok(()) => Ok(Asked::User(socket::getsockopt(&socket, sockopt::PeerCredentials)?.uid())),
        // Nobody listens, or something that is no run has taken the name.
        Err(Errno::ECONNREFUSED | Errno::EPROTOTYPE) => Ok(Asked::Nobody),
        // Somebody does, and the queue is full (`EAGAIN`) or a rule of the system keeps them apart.
        Err(_) => Ok(Asked::Silent),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;

    use super::*;

    /// No other test, and no run, has this name.
    fn server() -> String {
        format!("test-{}-{:x}", std::process::id(), fastrand::u64(..))
    }

    fn peers(sockets: &mut Sockets) -> Vec<Peer> {
        sockets.peers(Some(&Table::read().unwrap())).unwrap()
    }

    fn address(server: &str, slot: u32) -> SocketAddr {
        SocketAddr::from_abstract_name(format!("offerlinks/{server}/{slot:x}")).unwrap()
    }

    #[test]
    fn runs_of_one_server_see_each_other_come_and_go() {
        let (server, other) = (server(), server());
        let mut first = Sockets::join(&server).unwrap();
        assert_eq!(peers(&mut first), []);
        let elsewhere = Sockets::join(&other).unwrap();
        let mut second = Sockets::join(&server).unwrap();
        for _ in 0..3 {
            assert_eq!(peers(&mut first), [Peer::Own]);
            assert_eq!(peers(&mut second), [Peer::Own]);
            assert_eq!(second.peers_one_by_one().unwrap(), [Peer::Own]);
        }
        drop((first, elsewhere));
        assert_eq!(peers(&mut second), []);
        assert_eq!(Sockets::join(&server).unwrap().own, "0", "a place that is free again is taken");
    }

    #[test]
    fn names_that_others_have_taken_keep_nobody_out() {
        let server = server();
        let squatters: Vec<_> =
            (0..FIRST).map(|slot| UnixDatagram::bind_addr(&address(&server, slot)).unwrap()).collect();
        let mut first = Sockets::join(&server).unwrap();
        assert_eq!((peers(&mut first), first.own.as_str()), (vec![], "0"), "other sockets have other names");
        drop(squatters);
        drop(first);
        let squatters: Vec<_> =
            (0..FIRST).map(|slot| UnixListener::bind_addr(&address(&server, slot)).unwrap()).collect();
        let mut first = Sockets::join(&server).unwrap();
        let mut second = Sockets::join(&server).unwrap();
        assert_eq!(peers(&mut first).len(), squatters.len() + 1);
        assert_eq!(peers(&mut second).len(), squatters.len() + 1);
    }

    #[test]
    fn who_asks_is_let_go_at_once_where_there_are_runs_and_soon_where_there_are_none() {
        use std::io::Read;
        use std::os::unix::net::UnixStream;
        let is_gone = |guest: &mut UnixStream| guest.read(&mut [0]).is_ok_and(|read| read == 0);
        let guest = |server: &str| {
            let guest = UnixStream::connect_addr(&address(server, 0)).unwrap();
            guest.set_nonblocking(true).unwrap();
            guest
        };
        let server = server();
        let mut run = Sockets::join(&server).unwrap();
        for look in 0..IDLE_LOOKS {
            run.looks = look;
            let mut asks = guest(&server);
            assert_eq!(peers(&mut run), []);
            assert_eq!(is_gone(&mut asks), look + 1 == IDLE_LOOKS, "{look}");
        }
        let _other = Sockets::join(&server).unwrap();
        let mut asks = guest(&server);
        assert_eq!(peers(&mut run), [Peer::Own]);
        assert!(is_gone(&mut asks));
    }

    #[test]
    fn a_full_queue_blocks_nobody() {
        let server = server();
        let socket = socket::socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC, None).unwrap();
        let name = UnixAddr::new_abstract(format!("offerlinks/{server}/0").as_bytes()).unwrap();
        socket::bind(std::os::fd::AsRawFd::as_raw_fd(&socket), &name).unwrap();
        socket::listen(&socket, socket::Backlog::new(0).unwrap()).unwrap();
        let _full = std::os::unix::net::UnixStream::connect_addr(&address(&server, 0)).unwrap();
        let mut run = Sockets::join(&server).unwrap();
        assert_eq!(peers(&mut run), [Peer::Silent]);
        assert_eq!(run.peers_one_by_one().unwrap(), [Peer::Silent]);
    }

    #[test]
    fn a_name_that_is_bound_and_not_listened_on_is_nobody() {
        let server = server();
        let socket = socket::socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC, None).unwrap();
        let name = UnixAddr::new_abstract(format!("offerlinks/{server}/0").as_bytes()).unwrap();
        socket::bind(std::os::fd::AsRawFd::as_raw_fd(&socket), &name).unwrap();
        let mut run = Sockets::join(&server).unwrap();
        assert_eq!((peers(&mut run), run.own.as_str()), (vec![], "1"));
    }
}
