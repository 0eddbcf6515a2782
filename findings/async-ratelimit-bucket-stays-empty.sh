#!/usr/bin/env bash
# async-ratelimit 0.1.1 (PyPI), token bucket in memory: a client that asks more often than the limit gets nothing at all, for ever.
#
# Guess: a bucket of 5 that gains 5 tokens a second lets 5 calls a second pass, whoever asks and how often.
# Seen: at each question the tokens are rounded down and the time of the last question is kept, so what came in between two
# questions is lost unless it is a whole token. Asked every 20 ms, the bucket gives its first five tokens and then none. Asked
# every 150 ms (30 % too often) the same; asked every 300 ms every call passes. Its sliding window, asked every 20 ms, gives all of
# the limit.
# What follows: where such a server refuses for ever, call more slowly than the limit; what comes in between the calls of two clients
# is lost as well. Whoever runs one should take its sliding window.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" -q install 'async-ratelimit==0.1.1'
cat >"$folder/test.py" <<'PY'
import asyncio
import time
from rate_limiter import AlgorithmType, RateLimiterOrchestrator, RateLimiterType

async def passed(algorithm, gap, seconds=6):
    limiter = RateLimiterOrchestrator(rate_limiter_type=RateLimiterType.IN_MEMORY, algorithm_type=algorithm,
                                      max_requests=5, time_window=1)
    count, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        count += (await limiter.get_response(uId="client")).allowed
        await asyncio.sleep(gap)
    return count

async def main():
    bucket, window = AlgorithmType.TOKEN_BUCKET, AlgorithmType.SLIDING_WINDOW
    print(*await asyncio.gather(passed(bucket, 0.02), passed(bucket, 0.15), passed(bucket, 0.3), passed(window, 0.02)))

asyncio.run(main())
PY
read -r often rather slow window <<<"$("$folder/venv/bin/python" "$folder/test.py")"
echo "passed in 6 s at 5 a second: bucket asked every 20 ms $often, 150 ms $rather, 300 ms $slow; sliding window asked every 20 ms $window"
[ "$often" -le 6 ] && [ "$rather" -le 12 ] && [ "$slow" -ge 15 ] && [ "$window" -ge 25 ]
echo 'as found'
