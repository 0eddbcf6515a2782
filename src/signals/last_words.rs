//! The last message before the program is ended because it does not respond to a signal.
//!
//! Ends nothing itself.

use std::sync::mpsc::channel;
use std::time::Duration;

use crate::signals::Signal;

/// Prints why the program ends. Called on its own thread, since printing may block as well.
pub(super) type LastWords = Box<dyn Fn(&str) + Send>;

/// Prints why the program is ended, and waits a moment for that.
pub(super) fn say(last_words: LastWords, signal: Signal) {
    let (said, wait) = channel();
    let speak = move || {
        last_words(&unresponsive(signal));
        let _ = said.send(());
    };
    if std::thread::Builder::new().spawn(speak).is_ok() {
        let _ = wait.recv_timeout(Duration::from_millis(100));
    }
}

/// Why the program is ended although it did not respond.
fn unresponsive(signal: Signal) -> String {
    let name = signal.name();
    format!("{name}: ended at once: a disk, a pipe or a terminal does not answer\n  what was committed is kept")
}
