#!/usr/bin/env bash
# p-throttle 8.1.1 (npm), `strict: true`: nearly twice the limit runs within one window after the event loop was busy once.
#
# Guess: strict mode, a sliding window, never lets more than `limit` calls run in any `interval`, whatever else happens.
# Seen: it gives each call a planned time and keeps the plan. When the loop is busy (here 1.6 s of a window of 2 s), the
# calls of that window run late, those of the next one on time: nearly 2 x limit within a window as a server sees it. p-queue 9.3.5
# with `strict: true` looks at the clock when a task starts and keeps to the limit in the same test.
# What follows: a limiter for a shared limit has to count when calls leave, not when they were due, as offerlinks does.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund p-throttle@8.1.1 p-queue@9.3.5 >/dev/null
cat >test.mjs <<'JS'
import pThrottle from 'p-throttle';
import PQueue from 'p-queue';
const limit = 50, interval = 2000, busy = 1600;
const block = () => { const end = performance.now() + busy; while (performance.now() < end); };
const worst = times => {
  let most = 0;
  // 25 ms less than the window, so that timers which fire a moment early are not counted.
  for (let first = 0, last = 0; last < times.length; last++) {
    while (times[first] <= times[last] - (interval - 25)) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
};
const measure = async add => {
  const times = [];
  const all = Array.from({length: 3 * limit}, () => add(async () => { times.push(performance.now()); }));
  setTimeout(block, interval - 50);
  await Promise.all(all);
  return worst(times);
};
const throttle = pThrottle({limit, interval, strict: true});
const throttled = throttle(task => task());
const queue = new PQueue({intervalCap: limit, interval, strict: true});
console.log(`p-throttle ${await measure(throttled)} p-queue ${await measure(task => queue.add(task))}`);
JS
seen=$(node test.mjs)
echo "limit 50 in 2 s, most in any 2 s: $seen"
throttled=$(echo "$seen" | cut -d' ' -f2); queued=$(echo "$seen" | cut -d' ' -f4)
[ "$throttled" -ge 75 ] && [ "$queued" -le 50 ]
echo 'as found'
