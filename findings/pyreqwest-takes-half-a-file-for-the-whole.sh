#!/usr/bin/env bash
# pyreqwest 0.15.1, httpx2 2.16.2 and aiosonic 1.3.3 (PyPI): of a gzip body that was made by appending, the first part is all.
#
# Guess: several gzip files one after another are one gzip file (RFC 1952, which RFC 9110 takes for Content-Encoding), as
# `gzip -c today.csv >>links.csv.gz` makes. A client gives all of it, or raises.
# Seen: httpx2 and aiosonic give the first day and success. pyreqwest does so if the answer comes in one piece, and raises if the
# second part comes a moment later: it depends on the network. niquests 3.21.2 and aiohttp 3.14.5 give both days each time.
# What follows: a file that is appended to and served compressed (nginx `gzip_static`) has to be compressed anew. offerlinks asks
# for no compression.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip -q install pyreqwest==0.15.1 httpx2==2.16.2 aiosonic==1.3.3 niquests==3.21.2 aiohttp==3.14.5
cat >read.py <<'PY'
import asyncio, gzip, http.server, threading, time

import aiohttp, aiosonic, httpx2, niquests
from pyreqwest.client import SyncClientBuilder

days = [b"".join(b"%d,https://t.example/%d\n" % (offer, offer) for offer in range(day * 100, day * 100 + 100)) for day in (1, 2)]
parts = [gzip.compress(day) for day in days]
assert gzip.decompress(b"".join(parts)) == b"".join(days)


class Server(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % sum(map(len, parts))
        self.wfile.write(head + parts[0] + (b"" if self.path == "/slow" else parts[1]))
        if self.path == "/slow":
            time.sleep(0.3)
            self.wfile.write(parts[1])

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
reqwest = SyncClientBuilder().build()


async def by_aiosonic(url):
    async with aiosonic.HTTPClient() as client:
        return await (await client.get(url, headers={"accept-encoding": "gzip"})).content()


async def by_aiohttp(url):
    async with aiohttp.ClientSession() as client, client.get(url) as answer:
        return await answer.read()


clients = {
    "pyreqwest": lambda url: bytes(reqwest.get(url).build().send().bytes()),
    "httpx2": lambda url: httpx2.get(url).content,
    "aiosonic": lambda url: asyncio.run(by_aiosonic(url)),
    "niquests": lambda url: niquests.get(url).content,
    "aiohttp": lambda url: asyncio.run(by_aiohttp(url)),
}
for name, client in clients.items():
    for path in "once", "slow":
        try:
            rows = client(f"http://127.0.0.1:{server.server_port}/{path}").count(b"\n")
        except Exception as error:
            rows = "raises"
        print(f"{name} {path}: {rows}")
PY
seen=$(venv/bin/python read.py)
echo "$seen"
[ "$seen" = 'pyreqwest once: 100
pyreqwest slow: raises
httpx2 once: 100
httpx2 slow: 100
aiosonic once: 100
aiosonic slow: 100
niquests once: 200
niquests slow: 200
aiohttp once: 200
aiohttp slow: 200' ]
echo 'as found'
