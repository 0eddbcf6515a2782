#!/usr/bin/env bash
# ratelimiter 3.4.1 (npm, on Redis): a client that asks a little more often than the limit gets nothing, as long as it asks.
#
# Guess: a refused call costs nothing, as in async-ratelimiter 1.6.10, which calls itself the promise version of it: a client that
# asks too often gets all of the limit.
# Seen: refused calls count in its moving window. At 5 a second, a client that asks every 100 ms gets its first five calls and then
# none, for as long as it keeps asking; async-ratelimiter lets about five a second pass. The readme of neither speaks of it.
# What follows: where such a server refuses, only silence helps: offerlinks keeps still for 2 s and more. Beside a client that never
# slows down nobody gets anything.
set -euo pipefail
command -v redis-server >/dev/null || { echo 'needs redis-server: apt-get install redis-server' >&2; exit 1; }
folder=$(mktemp -d); server=; trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund ratelimiter@3.4.1 async-ratelimiter@1.6.10 ioredis@5.10.1 >/dev/null
redis-server --port 0 --unixsocket "$folder/redis" --save '' --dir "$folder" >/dev/null & server=$!
cat >test.mjs <<'JS'
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
const Redis = require('ioredis'), Limiter = require('ratelimiter'), AsyncLimiter = require('async-ratelimiter');
const db = new Redis({ path: 'redis', retryStrategy: () => 200 });
const passed = async get => {
  let count = 0;
  const end = performance.now() + 6000;
  while (performance.now() < end) {
    count += (await get()).remaining > 0;
    await new Promise(done => setTimeout(done, 100));
  }
  return count;
};
const one = new Limiter({ id: 'one', db, max: 5, duration: 1000 });
const two = new AsyncLimiter({ db, max: 5, duration: 1000 });
console.log(...await Promise.all([
  passed(() => new Promise((done, failed) => one.get((error, limit) => error ? failed(error) : done(limit)))),
  passed(() => two.get({ id: 'two' })),
]));
db.disconnect();
JS
read -r first second <<<"$(node test.mjs)"
echo "passed in 6 s at 5 a second, asked every 100 ms: ratelimiter $first, async-ratelimiter $second"
[ "$first" -le 7 ] && [ "$second" -ge 25 ]
echo 'as found'
