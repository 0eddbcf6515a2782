#!/usr/bin/env bash
# axios-retry 4.5.0 and axios-retry-after 2.1.0 (npm): told to come back in 30 days, they come back at once.
#
# Guess: `Retry-After: 2592000`, as a monthly quota says, makes them wait or give up; in no case do they call again within a second.
# Seen: the delay goes to a timer that holds 2^31 milliseconds (24.8 days) and takes anything longer for 1 ms. axios-retry makes
# its three retries within a few hundredths of a second; axios-retry-after, which has no limit of its own, calls hundreds of times
# a second for as long as the answer is the same. With `Retry-After: 2` both wait their 2 seconds. ky 1.14.3 waits in both cases.
# What follows: a quota that a client has used up is the moment at which it hammers. A server should name no more than 24 days, and
# a client should give up, as offerlinks does (exit 5 over five minutes).
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund axios@1.21.1 axios-retry@4.5.0 axios-retry-after@2.1.0 ky@1.14.3 >/dev/null
cat >test.mjs <<'JS'
import http from 'node:http';
import axios from 'axios';
import axiosRetry from 'axios-retry';
import retryAfter from 'axios-retry-after';
import ky from 'ky';
const calls = {};
const server = http.createServer((request, response) => {
  const [, client, seconds] = request.url.split('/');
  calls[client + seconds] = (calls[client + seconds] ?? 0) + 1;
  response.writeHead(429, { 'Retry-After': seconds }).end();
});
await new Promise(done => server.listen(0, '127.0.0.1', done));
const base = `http://127.0.0.1:${server.address().port}`;
const retry = axios.create();
axiosRetry(retry, { retries: 3, retryDelay: axiosRetry.exponentialDelay, retryCondition: () => true });
const after = axios.create();
after.interceptors.response.use(null, retryAfter(after));
for (const seconds of [2592000, 2]) {
  retry.get(`${base}/retry/${seconds}`).catch(() => {});
  after.get(`${base}/after/${seconds}`).catch(() => {});
  ky.get(`${base}/ky/${seconds}`, { retry: 3, timeout: false }).catch(() => {});
}
setTimeout(() => {
  const of = client => `${calls[client + 2592000]} ${calls[client + 2]}`;
  console.log(`${of('retry')} ${of('after')} ${of('ky')}`);
  process.exit();
}, 1500);
JS
read -r retry retry2 after after2 ky ky2 <<<"$(node test.mjs 2>/dev/null)"
echo "calls within 1.5 s, Retry-After of 30 days and of 2 s: axios-retry $retry and $retry2, axios-retry-after $after and $after2, ky $ky and $ky2"
[ "$retry" -eq 4 ] && [ "$after" -ge 50 ] && [ "$retry2$after2$ky$ky2" = 1111 ]
echo 'as found'
