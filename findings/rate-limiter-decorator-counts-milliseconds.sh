#!/usr/bin/env bash
# rate-limiter-decorator 0.0.8 (PyPI, on Redis): at `limit=5, window=1`, 200 calls at once all run, within a few hundredths of a second.
#
# Guess: five run in any second, the others wait or raise: that is what its sliding window in Redis is for.
# Seen: a call goes into a sorted set of Redis under the millisecond in which it came, as name and as value. A second call of the same
# millisecond has the same name, takes the place of the first, and the set is as long as before. Calls that come one at a time are
# counted; 200 calls that come together are one or two.
# What follows: behind such a limit a burst of any size passes, and a client that spaces its calls gets nothing more for it. The name
# has to be different for each call, as in ratelimit-io 1.1.0, which lets five of the same 200 pass.
set -euo pipefail
command -v redis-server >/dev/null
folder=$(mktemp -d); server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
# It needs Python 3.12.
for python in python3 /usr/bin/python3.1[2-9] "$HOME"/.pyenv/versions/3.1[2-9]*/bin/python3; do
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null && break
done
"$python" -m venv venv
venv/bin/pip -q install rate-limiter-decorator==0.0.8 ratelimit-io==1.1.0 redis==6.4.0 typing_extensions==4.16.0
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
redis-server --port "$port" --bind 127.0.0.1 --save '' --dir "$folder" >/dev/null & server=$!
until redis-cli -p "$port" ping >/dev/null 2>&1; do sleep 0.1; done
cat >burst.py <<'PY'
import asyncio, logging, sys, time

import redis.asyncio
from rate_limiter import RateLimit
from ratelimit_io import Algorithm, Limit, RateLimiter

logging.disable(logging.CRITICAL)


async def main():
    server = redis.asyncio.Redis(port=int(sys.argv[1]))
    ran = []

    @RateLimit(server, limit=5, window=1, retries=1)(key="network")
    async def call():
        ran.append(time.monotonic())

    await asyncio.gather(*(call() for _ in range(200)), return_exceptions=True)
    other = RateLimiter(server, limit=Limit(5, seconds=60), algorithm=Algorithm.SLIDING_WINDOW)
    tries = await asyncio.gather(*(other.acquire("network2") for _ in range(200)), return_exceptions=True)
    passed = sum(not isinstance(each, Exception) for each in tries)
    print(f"rate-limiter-decorator: {len(ran)} of 200 within {max(ran) - min(ran):.2f} s; ratelimit-io: {passed} of 200")
    assert len(ran) > 50 and max(ran) - min(ran) < 0.9 and passed == 5, (len(ran), passed)


asyncio.run(main())
PY
venv/bin/python burst.py "$port"
echo 'as found'
