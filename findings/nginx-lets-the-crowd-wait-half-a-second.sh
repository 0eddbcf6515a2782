#!/usr/bin/env bash
# nginx 1.22.1 (Debian 12), `proxy_cache_lock on`: equal calls that wait for the first one's answer get it 0.45 s after it is there.
#
# Guess: the first call of a cold page goes to the server behind, which takes 50 ms; the others wait for it and are answered at the
# same moment, from the cache.
# Seen: the first is answered after 50 ms, all others after 500 ms. Nobody wakes them: each looks again half a second later.
# What follows: a client that measures how long answers take sees ten times the time of the server behind, and one that asks for
# the same offer by several connections is slower than one that asks once. `proxy_cache_use_stale updating` spares all but the
# very first crowd.
set -euo pipefail
folder=$(mktemp -d); server=; upstream=
trap 'kill $server $upstream 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
(apt-get download -qq nginx >/dev/null 2>&1; dpkg-deb -x nginx_*.deb unpacked)
nginx="$folder/unpacked/usr/sbin/nginx"
[ "$("$nginx" -v 2>&1 | grep -o '[0-9.]*')" = 1.22.1 ]
read -r port behind < <(python3 -c 'import socket
s = [socket.socket() for _ in "12"]
for each in s: each.bind(("127.0.0.1", 0))
print(*(each.getsockname()[1] for each in s))')
cat >upstream.py <<'PY'
import http.server, sys, time

calls = 0


class Upstream(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global calls
        calls += self.path != "/calls"
        time.sleep(0.05)
        body = str(calls).encode()
        self.send_response(200)
        self.send_header("Cache-Control", "no-store" if self.path == "/calls" else "max-age=60")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Upstream).serve_forever()
PY
python3 upstream.py "$behind" & upstream=$!
chmod 755 "$folder"; mkdir -m 777 "$folder/cache"
cat >nginx.conf <<CONF
daemon off; pid $folder/pid; worker_processes 1; events {}
http {
  access_log off;
  client_body_temp_path $folder/1; proxy_temp_path $folder/2; fastcgi_temp_path $folder/3; uwsgi_temp_path $folder/4; scgi_temp_path $folder/5;
  proxy_cache_path $folder/cache keys_zone=links:1m;
  server {
    listen 127.0.0.1:$port;
    location / { proxy_pass http://127.0.0.1:$behind; proxy_cache links; proxy_cache_lock on; }
  }
}
CONF
"$nginx" -e "$folder/errors" -c "$folder/nginx.conf" & server=$!
until curl -s -o /dev/null "http://127.0.0.1:$port/calls"; do sleep 0.2; done
cat >crowd.py <<'PY'
import sys, threading, time, urllib.request

url, took, gate = f"http://127.0.0.1:{sys.argv[1]}/offer16", [], threading.Barrier(10)


def call():
    gate.wait()
    start = time.monotonic()
    urllib.request.urlopen(url).read()
    took.append(time.monotonic() - start)


threads = [threading.Thread(target=call) for _ in range(10)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
took.sort()
print(f"fastest {took[0]:.2f} s, second {took[1]:.2f} s, slowest {took[-1]:.2f} s")
sys.exit(not (took[0] < 0.4 and took[1] >= 0.45))
PY
python3 crowd.py "$port"
[ "$(curl -s "http://127.0.0.1:$port/calls")" = 1 ]
echo 'as found'
