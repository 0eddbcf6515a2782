#!/usr/bin/env bash
# undici 7.30.2 and axios-retry 4.5.0 (npm): a Retry-After in one of the three forms of an HTTP date is taken for local time.
#
# Guess: `Sat Nov 28 14:00:08 2026` is an HTTP date (RFC 9110, 5.6.7: old, to be accepted, and in UTC like the others). Eight seconds
# ahead, it makes a client wait eight seconds, wherever the client is, as ky 2.1.0, got 16.1.0 and httpx-retries 0.6.0 (PyPI) do.
# Seen: it goes to JavaScript's Date, which takes a text without a zone for local time. In Tokyo the moment is past, so the retry
# follows at once; in New York it is hours away, and the call waits that long. (undici 8.13.1 does the same on Node 26.) The other old
# form, `Saturday, 28-Nov-26 14:00:08 GMT`, has its zone with it and is read right.
# What follows: run such a client with TZ=UTC, or let the server send seconds. offerlinks reads all three forms as UTC.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund undici@7.30.2 axios@1.21.1 axios-retry@4.5.0 ky@2.1.0 got@16.1.0 >/dev/null
python3 -m venv venv
venv/bin/pip -q install httpx==0.28.1 httpx-retries==0.6.0
cat >server.py <<'PY'
import datetime, http.server

due = {}


class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        at = due.get(self.path)
        self.send_response(200 if at else 429)
        if at:
            self.send_header("Seen", "early" if now < at - datetime.timedelta(seconds=1) else "in time")
        else:
            due[self.path] = at = now.replace(microsecond=0) + datetime.timedelta(seconds=8)
            self.send_header("Retry-After", at.strftime("%a %b %e %H:%M:%S %Y" if "asctime" in self.path else "%A, %d-%b-%y %H:%M:%S GMT"))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
print(server.server_port, flush=True)
server.serve_forever()
PY
python3 server.py >port & server=$!
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
until [ -s port ]; do sleep 0.1; done
cat >wait.mjs <<'JS'
import axios from 'axios';
import axiosRetry from 'axios-retry';
import got from 'got';
import ky from 'ky';
import { Agent, request, RetryAgent } from 'undici';
const agent = new RetryAgent(new Agent(), { statusCodes: [429], maxRetries: 2, maxTimeout: 1e8 });
const again = axios.create();
axiosRetry(again, { retries: 2, retryCondition: () => true });
const clients = {
  undici: async url => (await request(url, { dispatcher: agent })).headers.seen,
  'axios-retry': async url => (await again.get(url)).headers.seen,
  ky: async url => (await ky(url, { retry: 2, timeout: false })).headers.get('seen'),
  got: async url => (await got(url, { retry: { limit: 2 } })).headers.seen,
};
const seen = await Promise.all(['asctime', 'rfc850'].flatMap(form => Object.entries(clients).map(async ([name, call]) => {
  const late = new Promise(done => setTimeout(done, 25000, 'still waiting'));
  const end = await Promise.race([call(`${process.argv[2]}/${form}/${name}/${process.env.TZ}`).catch(() => 'gives up'), late]);
  return `${process.env.TZ} ${form} ${name}: ${end}`;
})));
console.log(seen.join('\n'));
process.exit();
JS
cat >wait.py <<'PY'
import os, sys

import httpx
from httpx_retries import Retry, RetryTransport

client = httpx.Client(transport=RetryTransport(retry=Retry(total=2, status_forcelist=[429], max_backoff_wait=1e8)))
answer = client.get(f"{sys.argv[1]}/asctime/httpx-retries/{os.environ['TZ']}")
print(os.environ["TZ"], "asctime httpx-retries:", answer.headers["seen"])
PY
url="http://127.0.0.1:$(cat port)"
for zone in Asia/Tokyo America/New_York; do
  (TZ=$zone node wait.mjs "$url"; TZ=$zone venv/bin/python wait.py "$url" 2>/dev/null) >"${zone##*/}" & eval "${zone##*/}=$!"
done
wait "$Tokyo" "$New_York"
cat Tokyo New_York | tee seen
[ "$(cat seen)" = 'Asia/Tokyo asctime undici: early
Asia/Tokyo asctime axios-retry: early
Asia/Tokyo asctime ky: in time
Asia/Tokyo asctime got: in time
Asia/Tokyo rfc850 undici: in time
Asia/Tokyo rfc850 axios-retry: in time
Asia/Tokyo rfc850 ky: in time
Asia/Tokyo rfc850 got: in time
Asia/Tokyo asctime httpx-retries: in time
America/New_York asctime undici: still waiting
America/New_York asctime axios-retry: still waiting
America/New_York asctime ky: in time
America/New_York asctime got: in time
America/New_York rfc850 undici: in time
America/New_York rfc850 axios-retry: in time
America/New_York rfc850 ky: in time
America/New_York rfc850 got: in time
America/New_York asctime httpx-retries: in time' ]
echo 'as found'
