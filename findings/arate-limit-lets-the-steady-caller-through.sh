#!/usr/bin/env bash
# arate-limit 1.2.2 (PyPI), RedisSlidingWindowRateLimiter: a caller that asks ten times a second gets five times the limit.
#
# Guess: 20 calls in 10 s, with the usual slack of 10 ("allowance for brief bursts"): 20 in any 10 s, 30 at most.
# Seen: once the 20 are there, a call waits only if ten of them came within the last second. Otherwise it passes, and it is not written
# down either, so that nothing ever tells the limiter of it: about 100 calls in 10 s. 200 calls one right after another pass as well,
# a second after the 20th. Only who made all 20 in one burst has to wait.
# What follows: with it in front of a network's API the account is over its limit while the limiter is content. `slack=0` makes it
# count; its RedisSlidingWindowApiRateLimiter has no slack and counts.
set -euo pipefail
command -v redis-server >/dev/null
folder=$(mktemp -d); server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip -q install arate-limit==1.2.2 redis==5.0.1
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
redis-server --port "$port" --bind 127.0.0.1 --save '' --dir "$folder" >/dev/null & server=$!
until redis-cli -p "$port" ping >/dev/null 2>&1; do sleep 0.1; done
cat >steady.py <<'PY'
import asyncio, sys, time

import redis.asyncio
from arate_limit import RedisSlidingWindowRateLimiter


async def calls(server, **options):
    limiter = RedisSlidingWindowRateLimiter(server, event_count=20, time_window=10, **options)
    times, end = [], time.monotonic() + 9.5
    while True:
        try:
            await asyncio.wait_for(limiter.wait(), max(end - time.monotonic(), 0.01))
        except asyncio.TimeoutError:
            return len(times)
        times.append(time.monotonic())
        if time.monotonic() > end:
            return len(times)
        await asyncio.sleep(0.1)


async def main():
    server = redis.asyncio.Redis(port=int(sys.argv[1]))
    usual, none = await asyncio.gather(calls(server), calls(server, slack=0))
    print(f"passed in 9.5 s at 20 in 10 s: {usual}; with slack=0 {none}")
    assert usual > 60 and none == 20


asyncio.run(main())
PY
venv/bin/python steady.py "$port"
echo 'as found'
