#!/usr/bin/env bash
# throttled-py 3.5.0 (PyPI), token bucket: a limit of 50 in 10 s with a burst of 1 lets one call a second pass, not five.
#
# Guess: after the first call of a bucket of one, the next is free 0.2 s later, and retry_after says so.
# Seen: the token bucket (and the leaking bucket) reads a clock of whole seconds. The five tokens of a second arrive together
# at its turn and four of them find the bucket full, so a client that asks as often as it may gets a fifth of the limit. With
# the algorithm gcra, the same limit and the same loop, it gets all of it: that one reads a clock with fractions.
# What follows: beside such a server 1 call a second is all there is, however evenly a client spaces its calls; whoever runs
# one should take gcra, or a burst of at least a second's worth of calls.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" -q install 'throttled-py==3.5.0'
cat >"$folder/test.py" <<'PY'
import time
from datetime import timedelta
from throttled import Throttled, rate_limiter

def passed(algorithm, seconds=6):
    quota = rate_limiter.per_duration(timedelta(seconds=10), limit=50, burst=1)
    throttle = Throttled(key=algorithm, using=algorithm, quota=quota, timeout=-1)
    count, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        count += not throttle.limit().limited
        time.sleep(0.01)
    return count

print(passed("token_bucket"), passed("gcra"))
PY
read -r bucket gcra <<<"$("$folder/venv/bin/python" "$folder/test.py")"
echo "6 s at 50 in 10 s, burst 1: $bucket calls pass the token bucket, $gcra pass gcra"
[ "$bucket" -le 7 ] && [ "$gcra" -ge 25 ]
echo 'as found'
