//! Work of a library that may panic, on a thread of its own, so that a panic is an error like others.
//!
//! Owns the panic hook. A release build aborts at a panic, so there the hook stops the panicking thread for good before
//! it comes to that. Nothing is lost: the end of the program frees everything that the thread holds.

use std::cell::RefCell;
use std::io;
use std::panic;
use std::sync::Once;

/// Receives the result of the work, or the library's panic message.
type Tell<T> = Box<dyn FnOnce(Result<T, String>) + Send>;

/// Receives the library's panic message.
type OnPanic = Box<dyn FnOnce(String)>;

thread_local! {
    /// What to do with a panic of this thread, if it is guarded.
    static ON_PANIC: RefCell<Option<OnPanic>> = const { RefCell::new(None) };
}

/// Does the work on a thread of that name and passes on the result.
///
/// # Errors
/// The system gives no thread.
pub(crate) fn start<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
    tell: impl FnOnce(Result<T, String>) + Send + 'static,
) -> io::Result<()> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |why| {
            let Some(on_panic) = ON_PANIC.take() else { return before(why) };
            on_panic(why.payload_as_str().unwrap_or("the library failed").to_owned());
            // The hook keeps a lock that the end of a test wants; where a panic unwinds, the thread ends by itself.
            while cfg!(panic = "abort") {
                std::thread::park();
            }
        }));
    });
    // Taken by whichever comes first: the panic, or the end of the work.
    let tell: Tell<T> = Box::new(tell);
    let tell = std::sync::Arc::new(std::sync::Mutex::new(Some(tell)));
    let panicked = std::sync::Arc::clone(&tell);
    let say = |tell: &std::sync::Mutex<Option<Tell<T>>>, what| {
        if let Some(tell) = tell.lock().ok().and_then(|mut tell| tell.take()) {
            tell(what);
        }
    };
    let guarded = move || {
        ON_PANIC.set(Some(Box::new(move |why| say(&panicked, Err(why)))));
        let done = work();
        ON_PANIC.set(None);
        say(&tell, Ok(done));
    };
    std::thread::Builder::new().name(name.to_owned()).spawn(guarded).map(drop)
}

/// Does the work and waits for it.
///
/// # Errors
/// The library's panic message, or that the system refuses a thread.
pub(crate) fn wait<T: Send + 'static>(name: &str, work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    let (tell, told) = std::sync::mpsc::channel();
    let started = start(name, work, move |done| drop(tell.send(done)));
    started.map_err(|error| format!("no thread for it: {error}"))?;
    told.recv().unwrap_or_else(|_| Err("the library failed".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_and_the_next_work_is_done() {
        assert_eq!(wait("work", || 1), Ok(1));
        assert_eq!(wait("work", || if true { panic!("so") } else { 2 }), Err("so".to_owned()));
        assert_eq!(wait("work", || 3), Ok(3));
    }
}
