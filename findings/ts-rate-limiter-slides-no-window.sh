#!/usr/bin/env bash
# ts-rate-limiter 0.4.0 (npm), `algorithm: 'sliding-window'`: 99 calls pass within a fifth of a second at a limit of 50 a second.
#
# Guess: a sliding window lets 50 calls pass in any second; its description says so ("prevents traffic spikes at window boundaries").
# Seen: one call opens a window, 49 come at its end, 50 more right after it, and all of them pass. When a window that began with a
# first call is over, the times of all its calls are thrown away, those of a moment ago too, and only then the calls of the last
# second are counted. It is the fixed window with another name; `enableSlidingWindow` of its store changes nothing.
# What follows: such a server protects what is behind it half as well as its settings say. A client that spaces its calls is not
# concerned; whoever runs one should halve the limit, or take another limiter.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund ts-rate-limiter@0.4.0 >/dev/null
cat >test.mjs <<'JS'
import { MemoryStorage, RateLimiter } from 'ts-rate-limiter';
const wait = milliseconds => new Promise(done => setTimeout(done, milliseconds));
for (const algorithm of ['sliding-window', 'fixed-window']) {
  const storage = new MemoryStorage({ enableSlidingWindow: true });
  const limiter = new RateLimiter({ windowMs: 1000, maxRequests: 50, algorithm, storage, draftMode: false });
  const passed = async calls => {
    let count = 0;
    for (let call = 0; call < calls; call++) count += (await limiter.consume('client')).allowed;
    return count;
  };
  const first = await passed(1);
  await wait(850);
  const start = performance.now();
  const before = await passed(49);
  await wait(180);
  const after = await passed(50);
  const took = performance.now() - start;
  console.log(`seen ${algorithm} ${first} ${before} ${after} ${took < 900 ? 'quick' : 'slow'}`);
}
process.exit();
JS
seen=$(node test.mjs | grep '^seen')
echo "limit 50 a second; a first call, 49 at the end of its second, 50 just after it:"
echo "$seen"
[ "$seen" = 'seen sliding-window 1 49 50 quick
seen fixed-window 1 49 50 quick' ]
echo 'as found'
