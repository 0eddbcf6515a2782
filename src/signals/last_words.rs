//! What is said just before the program is ended because it does not answer.
//!
//! Ends nothing itself.

use std::sync::mpsc::channel;
use std::time::Duration;

use crate::signals::Signal;

/// How to say why the program ends. Called on a thread of its own, since it may block as well.
pub(super) type LastWords = Box<dyn Fn(&str) + Send>;

/// Says why the program is ended, and waits a moment for that.
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

/// Why the program is ended though it has not answered.
fn unresponsive(signal: Signal) -> String {
    let name = signal.name();
    format!("{name}: ended at once: a disk, a pipe or a terminal does not answer\n  what was committed is kept")
}
