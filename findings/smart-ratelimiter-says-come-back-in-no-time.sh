#!/usr/bin/env bash
# smart-ratelimiter 0.1.0 (PyPI), sliding window counter, and throttlecore 0.1.0 on Redis: "retry after 0.0 seconds", and a refusal again.
#
# Guess: whoever waits as long as the refusal says gets through at the next try, as with smart-ratelimiter's token bucket: 20 calls at 5 a
# second take some 15 refusals.
# Seen: smart-ratelimiter asks when the count of the last period is down to the limit, where it has to be one below for the next call, so
# that near that moment every refusal says 0.0: a client that does as it is told asks thousands of times. throttlecore works out 0.9 s in
# Lua, and Redis cuts the fraction off what a script returns: always 0.0 where the limit is per second.
# What follows: a `Retry-After` of 0 is no permission. Wait for a gap of the limit at least (here 0.2 s), and longer each time.
set -euo pipefail
command -v redis-server >/dev/null
folder=$(mktemp -d); server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv; python3 -m venv venv2
venv/bin/pip -q install smart-ratelimiter==0.1.0
venv2/bin/pip -q install throttlecore==0.1.0 redis==5.0.1
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
redis-server --port "$port" --bind 127.0.0.1 --save '' --dir "$folder" >/dev/null & server=$!
until redis-cli -p "$port" ping >/dev/null 2>&1; do sleep 0.1; done
cat >obey.py <<'PY'
import time

from ratelimiter import MemoryBackend, SlidingWindowCounterRateLimiter, TokenBucketRateLimiter


def tries(kind):
    limiter, passed, count = kind(MemoryBackend(), limit=5, window=1), 0, 0
    while passed < 20:
        answer = limiter.is_allowed("client")
        count += 1
        passed += answer.allowed
        if not answer.allowed:
            # A millisecond for the way there and back.
            time.sleep(answer.retry_after + 0.001)
    return count


counter, bucket = tries(SlidingWindowCounterRateLimiter), tries(TokenBucketRateLimiter)
print(f"smart-ratelimiter: tries for 20 calls: sliding window counter {counter}, token bucket {bucket}")
assert counter > 500 and bucket < 60
PY
venv/bin/python obey.py
cat >refused.py <<'PY'
import asyncio, sys

import redis.asyncio
from throttlecore import DistributedRateLimiter, RateLimitExceeded, TokenBucketStrategy


async def main():
    server = redis.asyncio.Redis(port=int(sys.argv[1]), decode_responses=True)
    for name, options in ("sliding window", {}), ("token bucket", {"default_strategy": TokenBucketStrategy()}):
        limiter, waits = DistributedRateLimiter(redis_client=server, **options), []
        for _ in range(9):
            try:
                await limiter.is_allowed(key=name, limit=5, window_seconds=1)
            except RateLimitExceeded as refusal:
                waits.append(float(refusal.retry_after))
        print(f"throttlecore, {name}: {waits}")
        assert len(waits) >= 3 and set(waits) == {0.0}


asyncio.run(main())
PY
venv2/bin/python refused.py "$port"
echo 'as found'
