#!/usr/bin/env bash
# effect 4.1.0 (npm), RateLimiter of effect/persistence: the turns of callers that gave up waiting are kept, and nobody gets them.
#
# Guess: a call that is interrupted while it waits for its turn gives the turn back, as aiolimiter, asyncio-throttle and throttler
# (PyPI) do.
# Seen: a turn is booked when the waiting begins, and kept. At 5 calls a second, 40 callers that give up after 0.2 s leave a queue
# of eight seconds behind in which nothing is called at all; with the fixed window and with the token bucket alike. Where each
# caller has a shorter patience than the queue is long, nobody is ever served again as long as new ones keep coming.
# What follows: beside this limiter a deadline for a call has to stand around the call and not around the waiting, or the waiting
# callers have to be few.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund effect@4.1.0 >/dev/null
cat >test.mjs <<'JS'
import { Effect, Layer } from 'effect';
import { RateLimiter } from 'effect/persistence';
const layer = RateLimiter.layer.pipe(Layer.provide(RateLimiter.layerStoreMemory));
const waits = algorithm => Effect.gen(function*() {
  const limited = yield* RateLimiter.makeWithRateLimiter;
  let called = 0;
  const call = limited({ algorithm, onExceeded: 'delay', window: '1 seconds', limit: 5, key: 'network' })(
    Effect.sync(() => { called++; }));
  for (let first = 0; first < 5; first++) yield* call;
  yield* Effect.all(Array.from({ length: 40 }, () => Effect.timeoutOption(call, '200 millis')), { concurrency: 'unbounded' });
  const before = called;
  const start = performance.now();
  yield* call;
  return `${algorithm}: ${before - 5} of 40 impatient callers served, the next one waits ${Math.round((performance.now() - start) / 1000)} s`;
}).pipe(Effect.provide(layer));
for (const algorithm of ['fixed-window', 'token-bucket']) console.log(await Effect.runPromise(waits(algorithm)));
JS
seen=$(node test.mjs)
echo "$seen"
waited() { echo "$seen" | grep "^$1" | grep -o '[0-9]* s$' | cut -d' ' -f1; }
[ "$(waited fixed-window)" -ge 6 ] && [ "$(waited token-bucket)" -ge 6 ]
echo 'as found'
