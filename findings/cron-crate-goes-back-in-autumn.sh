#!/usr/bin/env bash
# cron 0.17.0 (crates.io): in the night in which clocks go back, a half-hourly schedule jumps to and fro in time.
#
# Guess: each run that `after` gives is later than the one before it; the hour that comes twice is gone through twice, as by croner
# 4.0.3.
# Seen: 02:00 and 02:30 of Berlin on 31 October 2027 come as 02:00 in summer time, 02:00 in winter time (an hour later), 02:30 in
# summer time (half an hour earlier), 02:30 in winter time. Who sleeps until the next run and then takes the one after it is called
# late: the run of 00:30 UTC comes when it is 01:00 UTC, right after the one of 01:00.
# What follows: ask for the next run from the present time again each time, or take UTC for the schedule.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
cargo -q init --name seen --edition 2021 --vcs none . 2>/dev/null
cargo -q add cron@=0.17.0 chrono@0.4 chrono-tz@0.10 2>/dev/null
cat >src/main.rs <<'RUST'
use std::str::FromStr;

fn main() {
    let schedule = cron::Schedule::from_str("0 */30 * * * *").expect("valid");
    let start = chrono::DateTime::parse_from_rfc3339("2027-10-30T23:50:00Z").expect("valid").with_timezone(&chrono_tz::Europe::Berlin);
    let runs: Vec<_> = schedule.after(&start).take(5).map(|run| run.to_utc().format("%H:%M").to_string()).collect();
    println!("{}", runs.join(" "));
}
RUST
seen=$(cargo -q run 2>/dev/null)
echo "half-hourly runs in Berlin from 23:50 UTC on 30 October 2027, in UTC: $seen"
[ "$seen" = '00:00 01:00 00:30 01:30 02:00' ]
echo 'as found'
