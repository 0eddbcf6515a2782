#!/usr/bin/env bash
# fastapi-advanced-rate-limiter 2.1.0 (PyPI): its first example, "100 requests per 10 seconds", lets 1000 a second pass.
#
# Guess: `capacity=100, fill_rate=10` ("100 requests", "per 10 seconds", says the readme) is 100 in 10 s, and the 101st is refused.
# Seen: the windows of its three window limiters are one tenth of a second long, not ten seconds: their length is 1 / fill_rate. A
# client that calls every 2 ms is refused nothing in 3 s. Ten times the speed is ten times the limit again: `fill_rate=60`, meant as a
# minute, makes a window of 17 ms.
# What follows: 100 in 10 s is `fill_rate=0.1`. Whoever calls such a server and sees no limit should not conclude that there is none:
# it holds against bursts alone.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip -q install fastapi-advanced-rate-limiter==2.1.0 redis==5.0.1
cat >count.py <<'PY'
import time

from fastapi_advanced_rate_limiter import FixedWindowRateLimiter, SlidingWindowLogRateLimiter, SlidingWindowRateLimiter


def passed(kind, fill_rate):
    limiter = kind(capacity=100, fill_rate=fill_rate, scope="user", backend="memory")
    count, end = 0, time.monotonic() + 3
    while time.monotonic() < end:
        count += limiter.allow_request("client")
        time.sleep(0.002)
    return count


for kind in FixedWindowRateLimiter, SlidingWindowLogRateLimiter, SlidingWindowRateLimiter:
    as_shown, tenth = passed(kind, 10), passed(kind, 0.1)
    print(f"{kind.__name__}: fill_rate=10 {as_shown} in 3 s, fill_rate=0.1 {tenth}")
    # A fixed window may end within the three seconds.
    assert as_shown > 500 and tenth <= 200
PY
venv/bin/python count.py
echo 'as found'
