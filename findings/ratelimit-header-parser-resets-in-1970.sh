#!/usr/bin/env bash
# ratelimit-header-parser 0.1.0 (npm): beside X-RateLimit headers a `Retry-After` of 7 seconds becomes a reset in January 1970.
#
# Guess: without a reset header the wait in seconds counts from now; a time in milliseconds is seen as one; headers of the
# newest IETF draft are read, or nothing is given back.
# Seen: Retry-After is read as seconds since 1970, so the reset has always passed and whoever waits for it does not wait. The
# same 7 in RateLimit-Reset counts from now. A time in milliseconds is a date some 57,000 years ahead. Of draft 8
# (`"default";r=12;t=7`) there is an answer of NaN, NaN and an invalid date, which compares as "not over the limit".
# What follows: offerlinks reads each of these with bounds, and only ever to slow down (docs/limiters.md).
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund ratelimit-header-parser@0.1.0 >/dev/null
cat >read.cjs <<'JS'
const {parseRateLimit} = require('ratelimit-header-parser');
const start = Date.now();
const show = (name, headers) => {
  const {limit, remaining, reset} = parseRateLimit(headers);
  const ahead = reset - start;
  const when = ahead > 0 && ahead < 60000 ? 'some seconds ahead' : `year ${reset.getUTCFullYear()}`;
  console.log(`${name}: limit ${limit}, remaining ${remaining}, reset ${when}`);
};
const old = {'x-ratelimit-limit': '50', 'x-ratelimit-remaining': '0'};
show('Retry-After', {...old, 'retry-after': '7'});
show('RateLimit-Reset', {'ratelimit-limit': '50', 'ratelimit-remaining': '0', 'ratelimit-reset': '7'});
show('milliseconds', {...old, 'x-ratelimit-reset': '1795842886755'});
show('draft 8', {'ratelimit': '"default";r=12;t=7', 'ratelimit-policy': '"default";q=50;w=10'});
JS
seen=$(node read.cjs)
echo "$seen"
[ "$seen" = 'Retry-After: limit 50, remaining 0, reset year 1970
RateLimit-Reset: limit 50, remaining 0, reset some seconds ahead
milliseconds: limit 50, remaining 0, reset year 58877
draft 8: limit NaN, remaining NaN, reset year NaN' ]
echo 'as found'
