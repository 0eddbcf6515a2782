#!/usr/bin/env bash
# ofetch 1.5.1 (npm): with a `timeout`, a call that took too long is never made again, whatever `retry` says.
#
# Guess: `{ timeout: 300, retry: 2 }` gives each of three attempts 300 ms. A first answer that is late is given up, and the second
# attempt, which the server answers at once, gives the result, as with ky 1.14.3 and up-fetch 2.6.1.
# Seen: the server sees one call, and ofetch throws a timeout. The retries are made, but with the abort signal of the first attempt,
# which has gone off: they end before anything is sent. (A change that mends it was proposed in August 2026.)
# What follows: put the retry around ofetch with `retry: 0`. For other failures (503, 429) its retries work.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund ofetch@1.5.1 ky@1.14.3 up-fetch@2.6.1 >/dev/null
cat >late.mjs <<'JS'
import { createServer } from 'node:http';
import ky from 'ky';
import { ofetch } from 'ofetch';
import { up } from 'up-fetch';
let calls = 0;
const server = createServer((request, response) => {
  calls++;
  if (request.url === '/503' && calls === 1) { response.statusCode = 503; response.end(); }
  else setTimeout(() => response.end('links'), request.url === '/late' && calls === 1 ? 1500 : 0);
}).listen(0, '127.0.0.1');
await new Promise(done => server.once('listening', done));
const url = `http://127.0.0.1:${server.address().port}`;
const asText = { parseResponse: response => response.text() };
for (const [name, call] of [
  ['ofetch, late', () => ofetch(`${url}/late`, { timeout: 300, retry: 2 })],
  ['ofetch, 503', () => ofetch(`${url}/503`, { timeout: 300, retry: 2 })],
  ['ky, late', () => ky(`${url}/late`, { timeout: 300, retry: { limit: 2, retryOnTimeout: true } }).text()],
  ['up-fetch, late', () => up(fetch)(`${url}/late`, { timeout: 300, retry: { attempts: 2, when: ({ error }) => error }, ...asText })],
]) {
  calls = 0;
  const result = await call().catch(error => error.name);
  console.log(`${name}: ${calls} ${result}`);
}
process.exit();
JS
seen=$(node late.mjs)
echo "$seen"
[ "$seen" = 'ofetch, late: 1 FetchError
ofetch, 503: 2 links
ky, late: 2 links
up-fetch, late: 2 links' ]
echo 'as found'
