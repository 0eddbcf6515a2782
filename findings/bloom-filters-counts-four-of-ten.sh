#!/usr/bin/env bash
# bloom-filters 3.0.4 (npm) and probabilistic-collections 0.7.0 (crates.io), HyperLogLog: 1000 different IDs are 442, 10,000 are infinite.
#
# Guess: both say how large their error is (here 1.6 %), and keep to it within a few times that, whatever the number.
# Seen: bloom-filters, with 4096 registers, gives 43 % of the truth up to some 5000, and is right from 10,000 on: for small numbers the
# count of empty registers decides, by a natural logarithm, and it takes the one to the base of ten (0.434 is log10 e). In
# probabilistic-collections that rule holds where it should not: once no register is empty it divides by zero, and 10,000 IDs and a
# million are `inf`. hyperloglogplus 0.4.1 (crates.io) stays within 2 % all the way.
# What follows: how many offers, links or clicks are different is better counted by `sort -u | wc -l`, which does a million in a second.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund bloom-filters@3.0.4 >/dev/null
cat >count.cjs <<'JS'
const {HyperLogLog} = require('bloom-filters');
let ok = true;
for (const [ids, least, most] of [[1000, 400, 480], [3000, 1200, 1500], [20000, 19000, 21000]]) {
  const sketch = new HyperLogLog(4096);
  for (let id = 0; id < ids; id++) sketch.update(String(100000 + id));
  console.log(`bloom-filters: ${ids} IDs are ${Math.round(sketch.count())} (error said to be ${(sketch.accuracy() * 100).toFixed(1)} %)`);
  ok &&= sketch.count() > least && sketch.count() < most;
}
process.exit(ok ? 0 : 1);
JS
node count.cjs
cargo -q init --name seen --edition 2021 --vcs none . 2>/dev/null
cargo -q add probabilistic-collections@=0.7.0 hyperloglogplus@=0.4.1 2>/dev/null
cat >src/main.rs <<'RUST'
use hyperloglogplus::{HyperLogLog as _, HyperLogLogPlus};
use probabilistic_collections::hyperloglog::HyperLogLog;
use std::collections::hash_map::RandomState;

fn main() {
    for ids in [100_u64, 10_000, 1_000_000] {
        let mut sketch = HyperLogLog::<u64>::new(0.016);
        let mut other = HyperLogLogPlus::<u64, _>::new(12, RandomState::new()).unwrap();
        for id in 100_000..100_000 + ids {
            sketch.insert(&id);
            other.insert(&id);
        }
        println!("{ids} IDs: probabilistic-collections {:.0}, hyperloglogplus {:.0}", sketch.len(), other.count());
        assert!((other.count() / ids as f64 - 1.0).abs() < 0.1);
        assert_eq!(sketch.len().is_infinite(), ids >= 10_000);
    }
}
RUST
cargo -q run --release 2>/dev/null
echo 'as found'
