//! From who is there to the part of the limit that a run may take.
//!
//! Pure arithmetic. The parts of all runs together are never more than the whole.

use std::num::NonZeroU32;

/// Another run that calls the same server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "a lock on a file does not tell whose it is"))]
pub(super) enum Peer {
    /// Of this user.
    Own,
    /// Of another user, who has this number.
    User(u32),
    /// Of somebody who cannot be identified: each may be another one.
    Unnamed,
    /// Something that does not say who it is, though a run would.
    Silent,
}

/// How many runs there are, and how the limit is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    /// Runs, this one included.
    pub runs: NonZeroU32,
    /// This run takes one part of this many.
    pub parts: NonZeroU32,
}

impl Count {
    /// More users are not distinguished. So whatever others do, this user's runs keep a sixteenth of the limit.
    pub(super) const MOST_USERS: u32 = 16;
    /// More runs of one user are not distinguished.
    const MOST_RUNS: u32 = 100;

    /// Every user gets the same part, and shares it among their runs: who starts many runs, or only pretends to, takes
    /// nothing from other users by that.
    pub(super) fn of(peers: &[Peer]) -> Self {
        let number = |kind: Peer| count(peers.iter().filter(|peer| **peer == kind).count());
        let mut named: Vec<u32> =
            peers.iter().filter_map(|peer| if let Peer::User(user) = peer { Some(*user) } else { None }).collect();
        named.sort_unstable();
        named.dedup();
        let own = (1 + number(Peer::Own)).min(Self::MOST_RUNS);
        let others = count(named.len()) + number(Peer::Unnamed) + number(Peer::Silent).min(1);
        let users = (1 + others).min(Self::MOST_USERS);
        let at_least_one = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        Self { runs: at_least_one(1 + count(peers.len())), parts: at_least_one(own * users) }
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX / 2).min(u32::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Peer::{Own, Silent, Unnamed, User};
    use proptest::prelude::*;

    #[test]
    fn users_share_alike_and_each_shares_among_their_own_runs() {
        let strangers = vec![User(7); 1000];
        let cases: [(&[Peer], u32); 9] = [
            (&[], 1),
            (&[Own, Own], 3),
            (&[User(7)], 2),
            (&[User(7), User(7), Own], 4),
            (&[User(7), User(8)], 3),
            (&[Unnamed, Unnamed], 3),
            (&[Silent, Silent, Silent], 2),
            (&strangers, 2),
            (&[Unnamed; 500], 16),
        ];
        for (peers, parts) in cases {
            let count = Count::of(peers);
            assert_eq!((count.parts.get(), count.runs.get() as usize), (parts, peers.len() + 1), "{peers:?}");
        }
    }

    proptest! {
        /// Some users cannot distinguish the others, as in a user namespace.
        #[test]
        fn all_parts_together_are_never_more_than_the_whole(
            runs in prop::collection::vec((0_u32..8, any::<bool>()), 1..16),
        ) {
            let see = |me: usize| -> Vec<Peer> {
                let other = |(n, (user, _)): (usize, &(u32, bool))| {
                    (n != me).then(|| match *user {
                        user if user == runs[me].0 => Own,
                        _ if runs[me].1 => Unnamed,
                        user => User(user),
                    })
                };
                runs.iter().enumerate().filter_map(other).collect()
            };
            let whole: f64 = (0..runs.len()).map(|me| 1.0 / f64::from(Count::of(&see(me)).parts.get())).sum();
            prop_assert!(whole <= 1.0 + 1e-9, "{whole}");
        }
    }
}
