//! One look at this machine's runs for all networks of a run.
//!
//! The system tells of all of them in one table, so a hundred networks that look at once read it once. Says only how old a
//! look may be; when to look is up to [`machine`](super::machine).

#[cfg(target_os = "linux")]
use std::{
    cell::RefCell,
    io,
    rc::Rc,
    time::{Duration, Instant},
};

#[cfg(target_os = "linux")]
use crate::budget::proc_net::Table;

/// Networks that look within this time look at once. It adds to the time in which a run is noticed, which has to stay far
/// below that for which a newcomer waits.
#[cfg(target_os = "linux")]
const AT_ONCE: Duration = Duration::from_millis(20);

/// What was there, and when.
#[cfg(target_os = "linux")]
type Seen = (Instant, Rc<Table>);

/// What the networks of one run have seen of the machine last. Clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Neighbours {
    #[cfg(target_os = "linux")]
    seen: Rc<RefCell<Option<Seen>>>,
}

#[cfg(target_os = "linux")]
impl Neighbours {
    /// What is there at `now`, or was an instant before; and when that was.
    ///
    /// # Errors
    /// The system does not tell.
    pub(super) fn look(&self, now: Instant) -> io::Result<Seen> {
        let seen = self.seen.borrow().clone();
        match seen {
            Some((at, table)) if now.saturating_duration_since(at) <= AT_ONCE => Ok((at, table)),
            _ => self.look_anew(now),
        }
    }

    /// What is there now: for a newcomer, who must not miss anybody that came before.
    ///
    /// # Errors
    /// The system does not tell.
    pub(super) fn look_anew(&self, now: Instant) -> io::Result<Seen> {
        let table = Rc::new(Table::read()?);
        *self.seen.borrow_mut() = Some((now, Rc::clone(&table)));
        Ok((now, table))
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn who_looks_at_once_sees_the_same_and_a_newcomer_looks_anew() {
        let (neighbours, start) = (Neighbours::default(), Instant::now());
        let (at, first) = neighbours.look(start).unwrap();
        assert_eq!(at, start);
        let (at, second) = neighbours.clone().look(start + AT_ONCE).unwrap();
        assert!(at == start && Rc::ptr_eq(&first, &second), "one look for both");
        let later = start + AT_ONCE + Duration::from_millis(1);
        let (at, third) = neighbours.look(later).unwrap();
        assert!(at == later && !Rc::ptr_eq(&first, &third), "that was too long ago");
        let (_, anew) = neighbours.look_anew(later).unwrap();
        assert!(!Rc::ptr_eq(&third, &anew));
        assert!(Rc::ptr_eq(&neighbours.look(later).unwrap().1, &anew), "what a newcomer sees, all see");
    }
}
