#!/usr/bin/env bash
# indicatif 0.18.6, kdam 0.6.4 (crates.io) and progressbar2 4.6.0 (PyPI): the bar of a resumed run says 0 s where 196 s are left.
#
# Guess: who continues at 9000 of 10,000 and says so (`with_position`, `initial`, `initial_value`) gets an estimate from what has been
# done since, as with tqdm 4.70.1: at 5 a second 196 s, after 20 of them.
# Seen: the 9000 count as done in the first instant. indicatif's mean over 15 s still has 6000 a second after 4 s, and `reset_eta`
# after `with_position` changes nothing, because it counts from 0 again. kdam, a port of tqdm, and progressbar2's `ETA` divide by
# the time since the start, and take far longer to come near the truth.
# What follows: start the bar at 0, with the rest as its length. offerlinks works out the time left by itself, from its own calls.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
cargo -q init --name seen --edition 2021 --vcs none . 2>/dev/null
cargo -q add indicatif@=0.18.6 kdam@=0.6.4 2>/dev/null
cat >src/main.rs <<'RUST'
use std::{thread::sleep, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget};
use kdam::BarExt;

fn main() {
    let bar = || ProgressBar::with_draw_target(Some(10_000), ProgressDrawTarget::hidden()).with_position(9000);
    let (plain, reset) = (bar(), bar());
    reset.reset_eta();
    let mut kdam = kdam::tqdm!(total = 10_000, initial = 9000);
    for _ in 0..20 {
        sleep(Duration::from_millis(200));
        plain.inc(1);
        reset.inc(1);
        let _ = kdam.update(1);
    }
    println!("\nindicatif {}", plain.eta().as_secs());
    println!("indicatif-reset {}", reset.eta().as_secs());
    println!("kdam {}", kdam.render().split(['<', ',']).nth(1).unwrap_or_default());
}
RUST
seen=$(cargo -q run 2>/dev/null)
python3 -m venv venv
venv/bin/pip -q install progressbar2==4.6.0 tqdm==4.70.1
cat >bars.py <<'PY'
import io, time

import progressbar, tqdm

shown = io.StringIO()
bar = progressbar.ProgressBar(max_value=10_000, initial_value=9000, fd=shown, widgets=[progressbar.ETA()])
bar.start()
other = tqdm.tqdm(total=10_000, initial=9000, file=io.StringIO())
for done in range(9001, 9021):
    time.sleep(0.2)
    bar.update(done)
    other.update()
bar.update(9020, force=True)
print("progressbar2", shown.getvalue().strip().split("\r")[-1].split()[-1])
rate = other.format_dict["rate"] or 20 / other.format_dict["elapsed"]
print("tqdm", round((10_000 - other.n) / rate))
PY
seen="$seen
$(venv/bin/python bars.py)"
echo "$seen"
left() { echo "$seen" | grep "^$1 " | cut -d' ' -f2; }
[ "$(left indicatif)" -le 5 ] && [ "$(left indicatif-reset)" -le 5 ] && [ "$(left kdam)" = 00:00 ] && [ "$(left progressbar2)" = 0:00:00 ]
[ "$(left tqdm)" -ge 150 ] && [ "$(left tqdm)" -le 250 ]
echo 'as found'
