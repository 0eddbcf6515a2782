//! Which network a row belongs to: the one that its cell names.
//!
//! Pure. Must not know of rows or lanes: a name in, a place out.

use std::collections::HashMap;

use crate::config::Networks;
use crate::text::shown_start;

/// Finds networks by name. As in the config file and on the command line, upper and lower case are the same.
#[derive(Debug)]
pub(crate) struct Router {
    /// By name in lower case.
    places: HashMap<String, usize>,
    /// The names, for people.
    names: String,
}

impl Router {
    /// Finds these.
    pub(crate) fn new(networks: &Networks) -> Self {
        let names: Vec<_> = networks.iter().map(|network| network.name.as_str()).collect();
        Self::of(&names)
    }

    fn of(names: &[&str]) -> Self {
        /// More are counted: a message stands in every row.
        const NAMED: usize = 10;
        let places = names.iter().enumerate().map(|(place, name)| (name.to_ascii_lowercase(), place)).collect();
        // By name: the message stands in rows, which a run writes that continues another with the file in another order.
        let mut sorted = names.to_vec();
        sorted.sort_by_key(|name| name.to_ascii_lowercase());
        let mut listed = sorted.get(..NAMED.min(names.len())).unwrap_or_default().join(", ");
        let more = names.len().saturating_sub(NAMED);
        if more > 0 {
            listed += &format!(" and {more} more");
        }
        Self { places, names: listed }
    }

    /// The place of the network that a cell names. Neither case nor white space around the name counts.
    ///
    /// # Errors
    /// It names none: why, for the row's message.
    pub(crate) fn route(&self, cell: &str) -> Result<usize, String> {
        let name = cell.trim();
        // Most rows name it in lower case, and cost no copy then.
        let place = self.places.get(name).or_else(|| self.places.get(&name.to_ascii_lowercase()));
        place.copied().ok_or_else(|| {
            let Self { names, .. } = self;
            if name.is_empty() {
                return format!("the row names no network; there are {names}");
            }
            format!("no network is called \"{}\"; there are {names}", shown_start(name, 60))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_names_a_network_in_any_case_or_the_message_says_which_there_are() {
        let router = Router::of(&["demo", "Acme"]);
        for (cell, route) in [
            ("demo", Ok(0)),
            ("DEMO", Ok(0)),
            (" acme\t", Ok(1)),
            ("Acme", Ok(1)),
            ("aCME", Ok(1)),
            ("acm", Err("no network is called \"acm\"; there are Acme, demo")),
            ("Demo 2", Err("no network is called \"Demo 2\"; there are Acme, demo")),
            ("", Err("the row names no network; there are Acme, demo")),
            (" ", Err("the row names no network; there are Acme, demo")),
        ] {
            assert_eq!(router.route(cell), route.map_err(str::to_owned), "{cell:?}");
        }
        assert_eq!(router.route("x"), Router::of(&["Acme", "demo"]).route("x"), "whatever their order in the file");
        let many: Vec<_> = (0..100).map(|n| format!("n{n:02}")).collect();
        let message = Router::of(&many.iter().map(String::as_str).collect::<Vec<_>>()).route("x").unwrap_err();
        assert!(message.ends_with("n08, n09 and 90 more"), "{message}");
        let long = router.route(&"x".repeat(1000)).unwrap_err();
        assert!(long.len() < 200, "{long}");
    }
}
