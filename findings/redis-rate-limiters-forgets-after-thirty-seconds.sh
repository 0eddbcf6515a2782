#!/usr/bin/env bash
# redis-rate-limiters 0.5.0 (PyPI), token bucket: a limit of one call in 60 s lets one call in 31 s pass.
#
# Guess: `capacity=1, refill_amount=1, refill_frequency=60`: a second call right after the first waits for 60 s, and one that comes 31 s
# later for 29 s.
# Seen: the first is so, the second is not: it does not wait at all. What the bucket holds is kept in Redis for 30 s, whatever the
# frequency is, and after that the bucket is new and full. Every limit with a longer period than half a minute is a limit of one burst in
# each 30 s for a caller that pauses, and a queue that reaches further ahead is forgotten with its places.
# What follows: for limits by the minute, hour or day take another one. steindamm 0.11.1 takes that time as a setting.
set -euo pipefail
command -v redis-server >/dev/null
folder=$(mktemp -d); server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip -q install redis-rate-limiters==0.5.0 redis==5.0.1
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
redis-server --port "$port" --bind 127.0.0.1 --save '' --dir "$folder" >/dev/null & server=$!
until redis-cli -p "$port" ping >/dev/null 2>&1; do sleep 0.1; done
cat >twice.py <<'PY'
import re, sys, time

import redis
from limiters import MaxSleepExceededError, SyncTokenBucket

server = redis.Redis(port=int(sys.argv[1]))


def waits(name):
    """Seconds that a call would have to wait; it gives up instead of waiting for longer than half a second."""
    try:
        with SyncTokenBucket(name=name, capacity=1, refill_frequency=60, refill_amount=1, max_sleep=0.5, connection=server) as slept:
            return slept
    except MaxSleepExceededError as error:
        return float(re.search(r"`([0-9.]+)`", str(error))[1])


first, at_once, other = waits("alpha"), waits("alpha"), waits("beta")
time.sleep(31)
later = waits("beta")
print(f"first call waits {first:.1f} s, one right after it {at_once:.1f} s, one 31 s later {later:.1f} s")
assert first == other == 0 and at_once > 59 and later == 0
PY
venv/bin/python twice.py "$port"
echo 'as found'
