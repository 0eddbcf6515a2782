//! What is wrong with a config file, line by line.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::text;

/// The most mistakes that are listed; a file that is not TOML has one on every line.
const LISTED: usize = 20;

/// The mistakes in a config file. None of them repeats a value.
#[derive(Debug)]
pub(crate) struct Mistakes {
    path: PathBuf,
    /// The line, from 1, and what is wrong with it.
    mistakes: Vec<(usize, String)>,
}

impl Mistakes {
    /// None so far.
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), mistakes: Vec::new() }
    }

    /// Adds a mistake. Only the first of a line is kept: the others mostly follow from it.
    pub(crate) fn add(&mut self, line: usize, message: impl Into<String>) {
        if !self.mistakes.iter().any(|(other, _)| *other == line) {
            self.mistakes.push((line, message.into()));
        }
    }

    /// Whether there is one on this line.
    pub(crate) fn has(&self, line: usize) -> bool {
        self.mistakes.iter().any(|(other, _)| *other == line)
    }

    /// `value`, if there are none.
    pub(crate) fn or<T>(mut self, value: T) -> Result<T, Self> {
        self.mistakes.sort_by_key(|(line, _)| *line);
        if self.mistakes.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl std::error::Error for Mistakes {}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        if let [(line, message)] = self.mistakes.as_slice() {
            return write!(f, "config file {path}, line {line}: {}", text::shown(message));
        }
        write!(f, "config file {path} has {} mistakes:", self.mistakes.len())?;
        for (line, message) in self.mistakes.iter().take(LISTED) {
            write!(f, "\n  line {line}: {}", text::shown(message))?;
        }
        match self.mistakes.len().checked_sub(LISTED) {
            None | Some(0) => Ok(()),
            Some(more) => write!(f, "\n  and {more} more"),
        }
    }
}
