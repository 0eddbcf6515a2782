//! The form of a message: a level, a text for people and fields for programs.

use serde_json::{Value, json};

use crate::report::level::Level;

/// A message, as text and as fields.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Message {
    /// How much it matters.
    pub(crate) level: Level,
    /// For people. Further lines are indented by two blanks.
    pub(crate) text: String,
    /// For programs; an object whose `event` says what happened.
    pub(crate) fields: Value,
}

impl Message {
    pub(crate) fn new(level: Level, text: impl Into<String>, fields: Value) -> Self {
        Self { level, text: text.into(), fields }
    }

    /// One that has nothing to add for programs but its name.
    pub(super) fn plain(level: Level, name: &str, text: impl Into<String>) -> Self {
        Self::new(level, text, json!({"event": name}))
    }
}
