//! The place of an outcome, held by the one who learns it and by every row that waits for it.

use std::cell::OnceCell;
use std::rc::Rc;

use crate::offer::Outcome;

/// Where an outcome is put by the one who learns it and found by every row that waits for it.
#[derive(Clone, Debug, Default)]
pub struct Slot(Rc<OnceCell<Outcome>>);

impl Slot {
    /// A place with its outcome in it.
    pub(crate) fn filled(outcome: Outcome) -> Self {
        Self(Rc::new(OnceCell::from(outcome)))
    }

    /// Puts an outcome in; false where there is one already, which stays.
    pub(crate) fn fill(&self, outcome: Outcome) -> bool {
        self.0.set(outcome).is_ok()
    }

    /// The outcome, once it is known.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.0.get()
    }
}
