//! The final summary of a list.

use serde_json::json;

use crate::report::event::{ListEnded, NetworkList};
use crate::report::format::counted;
use crate::report::level::Level;
use crate::report::message::form::Message;

/// The final summary of a list.
pub(crate) fn list_ended(ended: &ListEnded) -> Message {
    let ListEnded { ending, code, networks, offers, calls, output, took } = ended;
    let failed: Vec<&NetworkList> = networks.iter().filter(|network| network.why.is_some()).collect();
    let mut fields = json!({"event": "ended", "complete": failed.is_empty(), "ending": ending,
        "exit_code": code.code(), "offers": offers, "output": output, "calls": calls, "seconds": took.as_secs_f64()});
    let of_networks = match networks.len() {
        0 | 1 => String::new(),
        several => {
            let each = networks.iter();
            let each = each.map(|list| json!({"network": &*list.network, "offers": list.offers, "error": list.why}));
            fields["networks"] = each.collect();
            format!(" of {} of {several} networks", several - failed.len())
        }
    };
    let listed =
        format!("listed {}{of_networks} to {output} with {}", counted(*offers, "offer"), counted(*calls, "call"));
    let why = |list: &&NetworkList| list.why.clone().unwrap_or_default();
    let lines =
        || failed.iter().map(|list| format!("\n  {}: {}", list.network, why(list))).collect::<Vec<_>>().concat();
    match failed.as_slice() {
        [] => Message::new(Level::Info, listed, fields),
        [only] if networks.len() == 1 => {
            let text = format!("{}\n  nothing was written: run the same command again", why(only));
            Message::new(Level::Error, text, fields)
        }
        all if all.len() == networks.len() => {
            let text = format!("no network gave its list; nothing was written: run the same command again{}", lines());
            Message::new(Level::Error, text, fields)
        }
        some => {
            let missing = format!("not in it: {} with {}", counted(some.len() as u64, "network"), "these errors");
            Message::new(Level::Error, format!("{listed}\n  {missing}{}", lines()), fields)
        }
    }
}
