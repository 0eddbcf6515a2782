#!/usr/bin/env bash
# cronexpr 1.7.0 (crates.io): `0 2 L * *`, the last day of each month, never runs on 31 December.
#
# Guess: twelve runs a year, as its description of `L` says.
# Seen: eleven. After 30 November the next run is 31 January, in 2026, 2027 and 2028 alike, in any time zone that was tried; no
# error. The days of December that have numbers come: `0 2 28-31 * *` runs on the 31st.
# What follows: for an export at the end of the month take `0 2 1 * *`, a day later, or look at the next dates of a line for more
# than a year before it goes live.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
cargo -q init --name seen --edition 2021 --vcs none . 2>/dev/null
cargo -q add cronexpr@=1.7.0 2>/dev/null
cat >src/main.rs <<'RUST'
fn main() -> Result<(), cronexpr::Error> {
    for line in ["0 2 L * * UTC", "0 2 L * * Asia/Tokyo", "0 2 28-31 * * UTC"] {
        let mut days = Vec::new();
        for run in cronexpr::parse_crontab(line)?.iter_after("2026-11-01T00:00:00Z")? {
            let day = run?.to_string()[..10].to_owned();
            if day.as_str() >= "2029-01-01" {
                break;
            }
            days.push(day);
        }
        let december = days.iter().filter(|day| day.ends_with("12-31")).count();
        println!("{line}: {} runs, {december} of them on 31 December, the second is {}", days.len(), days[1]);
    }
    Ok(())
}
RUST
seen=$(cargo -q run 2>/dev/null)
echo "$seen"
[ "$seen" = '0 2 L * * UTC: 23 runs, 0 of them on 31 December, the second is 2027-01-31
0 2 L * * Asia/Tokyo: 23 runs, 0 of them on 31 December, the second is 2027-01-31
0 2 28-31 * * UTC: 90 runs, 3 of them on 31 December, the second is 2026-11-29' ]
echo 'as found'
