#!/usr/bin/env bash
# HAProxy 2.6.12 (Debian 12), `http_req_rate(10s)` with a deny above 50: a client that keeps to 50 calls in any 10 s is refused.
#
# Guess: the rate over a sliding period of 10 s is the number of calls of the last 10 s. 50 calls at once, 10.5 s of silence, and 50
# calls at once again: all 100 pass.
# Seen: of the second 50 only three or four do. HAProxy keeps two numbers, the calls of this period and of the one before, and takes of
# the older the share that the last 10 s still cover, as if its calls had come evenly. Calls from the beginning of a period thus
# count until they are 20 s old; only then 50 at once pass again.
# What follows: against such a limit calls have to be spread evenly, as offerlinks does; bursts need twice the silence. The same
# arithmetic is that of every "sliding window counter".
set -euo pipefail
folder=$(mktemp -d); server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
(apt-get download -qq haproxy >/dev/null 2>&1; dpkg-deb -x haproxy_*.deb unpacked)
haproxy="$folder/unpacked/usr/sbin/haproxy"
"$haproxy" -v | grep -q 'version 2\.6\.12-1+deb12u'
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >haproxy.cfg <<CFG
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend limited
  bind 127.0.0.1:$port
  stick-table type string size 1k expire 60s store http_req_rate(10s)
  http-request track-sc0 path
  http-request deny deny_status 429 if { sc_http_req_rate(0) gt 50 }
  http-request return status 200 content-type text/plain string ok
CFG
"$haproxy" -db -f haproxy.cfg & server=$!
cat >client.py <<'PY'
import http.client, socket, sys, time

port = int(sys.argv[1])
for _ in range(100):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        break
    except OSError:
        time.sleep(0.1)


def passed(path):
    """How many of 50 calls pass; each path has a limit of its own."""
    connection, count = http.client.HTTPConnection("127.0.0.1", port), 0
    for _ in range(50):
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        count += answer.status == 200
    return count


start = time.monotonic()
seen = [passed("/soon"), passed("/late")]
time.sleep(start + 10.5 - time.monotonic())
seen.append(passed("/soon"))
time.sleep(start + 20.5 - time.monotonic())
seen.append(passed("/late"))
print("passed of 50: at first {} and {}, after 10.5 s {}, after 20.5 s {}".format(*seen))
sys.exit(not (seen[0] == seen[1] == seen[3] == 50 and seen[2] <= 10))
PY
python3 client.py "$port"
echo 'as found'
