//! Lists of names in messages.

use std::fmt;

/// Sheets by the flags that choose them: `--sheet Offers or --sheet "My list"`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SheetFlags(pub Vec<String>);

impl fmt::Display for SheetFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 5;
        for (index, name) in self.0.iter().take(SHOWN).enumerate() {
            let name: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            let is_plain = name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
            let quote = if is_plain { "" } else { "\"" };
            write!(f, "{}--sheet {quote}{name}{quote}", if index == 0 { "" } else { " or " })?;
        }
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// A list of names as it is shown to people: the first twenty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Names(pub Vec<String>);

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 20;
        const LONGEST: usize = 60;
        for (index, name) in self.0.iter().take(SHOWN).enumerate() {
            let short: String = name.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
            write!(f, "{}{short}", if index == 0 { "" } else { ", " })?;
        }
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}
