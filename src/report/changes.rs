//! The changes of a run, and its stale rows, in words.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::offer::tally::Tally;
use crate::report::format;

/// How many offers differ from the last finished run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChangeSummary {
    /// Offers with links for the first time.
    pub new: u64,
    /// Offers with a link that differs.
    pub changed: u64,
    /// Offers without links that had some.
    pub gone: u64,
    /// Offers with links again.
    pub back: u64,
    /// When that run began.
    pub since: Timestamp,
}

/// The line for people; nothing where there is nothing to say.
pub(crate) fn line(changes: Option<&ChangeSummary>, tally: &Tally) -> Option<String> {
    let changes = changes.map(|changes| {
        let kinds = [("new", changes.new), ("changed", changes.changed), ("gone", changes.gone)];
        let back = Some(("back", changes.back)).filter(|(_, n)| *n > 0);
        let kinds: Vec<_> =
            kinds.into_iter().chain(back).map(|(word, n)| format!("{} {word}", format::count(n))).collect();
        let since = changes.since.to_zoned(TimeZone::system()).strftime("%-d %b %H:%M");
        format!("{} since the run of {since}", kinds.join(", "))
    });
    let stale = (tally.stale > 0).then(|| {
        let are = if tally.stale == 1 { "is" } else { "are" };
        let from = tally.oldest_good_at.map(|at| at.to_zoned(TimeZone::system()).strftime("%-d %b").to_string());
        let oldest = from.map(|from| format!(", the oldest from {from}")).unwrap_or_default();
        format!("{} {are} stale{oldest}", format::counted(tally.stale, "offer"))
    });
    let parts: Vec<_> = [changes, stale].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("  {}", parts.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_and_what_is_stale_stand_in_one_line() {
        let time = |text: &str| {
            text.parse::<jiff::civil::DateTime>().unwrap().to_zoned(TimeZone::system()).unwrap().timestamp()
        };
        let changes = ChangeSummary { new: 12, changed: 3, gone: 1, back: 0, since: time("2026-11-26T02:15:00") };
        let oldest_good_at = Some(time("2026-11-24T02:16:00"));
        let stale = Tally { stale: 5, oldest_good_at, ..Tally::default() };
        for (changes, tally, expected) in [
            (None, &Tally::default(), None),
            (Some(&changes), &Tally::default(), Some("  12 new, 3 changed, 1 gone since the run of 26 Nov 02:15")),
            (None, &stale, Some("  5 offers are stale, the oldest from 24 Nov")),
            (
                Some(&ChangeSummary { back: 2, ..changes }),
                &Tally { stale: 1, ..stale.clone() },
                Some(
                    "  12 new, 3 changed, 1 gone, 2 back since the run of 26 Nov 02:15; 1 offer is stale, the oldest from 24 Nov",
                ),
            ),
        ] {
            assert_eq!(line(changes, tally).as_deref(), expected);
        }
    }
}
