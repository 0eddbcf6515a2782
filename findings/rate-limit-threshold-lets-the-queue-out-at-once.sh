#!/usr/bin/env bash
# rate-limit-threshold 0.2.1 (npm): at 5 a second, 40 calls that start together are 5 now and 35 at the same moment one second later.
#
# Guess: whoever awaits `limit()` before a call stays within 5 in a second, whether calls are made one after another or side by side, as
# with valvelet 1.1.1 and function-rate-limit: 40 of them take 7 s.
# Seen: a call that has to wait works out when the oldest of the five is a second old, and waits for that alone. It takes no place while it
# waits, so that all others work out the same moment. Ten calls a second by a timer, each of which does not wait for the one before, are
# made at ten a second from beginning to end: the limit does nothing. In a plain loop, as in its readme, it holds.
# What follows: put a queue of one around `limit()`, or take another limiter where calls run side by side.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund rate-limit-threshold@0.2.1 valvelet@1.1.1 >/dev/null
cat >run.mjs <<'JS'
import {RateLimitThreshold} from 'rate-limit-threshold';
import valvelet from 'valvelet';

const pause = ms => new Promise(resolve => setTimeout(resolve, ms));
const most = times => Math.max(...times.map(from => times.filter(time => time >= from && time < from + 950).length));
const wrapped = {
  'rate-limit-threshold': () => {
    const limiter = new RateLimitThreshold(5, 1);
    return async call => { await limiter.limit(); call(); };
  },
  valvelet: () => valvelet(async call => call(), 5, 1000),
};
const seen = {};
for (const [name, make] of Object.entries(wrapped)) {
  const together = [], spaced = [];
  const first = make(), second = make();
  const all = Array.from({length: 40}, () => first(() => together.push(Date.now())));
  for (let number = 0; number < 30; number++) {
    all.push(second(() => spaced.push(Date.now())));
    await pause(100);
  }
  await Promise.all(all);
  seen[name] = [most(together), most(spaced)];
  console.log(`${name}: most in a second: 40 together ${seen[name][0]}, one each 100 ms ${seen[name][1]}`);
}
const [[together, spaced], others] = Object.values(seen);
process.exit(together >= 30 && spaced >= 8 && Math.max(...others) <= 5 ? 0 : 1);
JS
node run.mjs
echo 'as found'
