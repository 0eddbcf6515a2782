#!/usr/bin/env bash
# HAProxy 2.6.12 (Debian 12), `cache`: an answer that was 59 s old when it came, and good for 60 s, is handed out as `age: 63`.
#
# Guess: two caches in a row (HAProxy and a CDN, or the network's own) keep an answer no longer than its max-age in all: the second one
# takes off what the first one's `Age` says (RFC 9111, 4.2.3). One second later it asks again.
# Seen: it adds its own seconds to that age and says so, `age: 63` beside `cache-control: max-age=60`, and keeps the answer for 60 s
# of its own. nginx 1.22.1 does so too, with `Age: 59` unchanged all the time (a change was proposed in 2026). Varnish 7.1.1 asks again.
# What follows: behind two caches a link that an offer lost this hour may come for twice as long as the network meant. Ask past
# them, or let the inner cache send what is left of max-age.
set -euo pipefail
folder=$(mktemp -d); proxy=; nginx=; upstream=
trap 'kill $proxy $nginx $upstream 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
(apt-get download -qq haproxy nginx >/dev/null 2>&1; for each in haproxy_*.deb nginx_*.deb; do dpkg-deb -x "$each" unpacked; done)
haproxy="$folder/unpacked/usr/sbin/haproxy"
[ "$("$haproxy" -v | grep -o '[0-9.]*' | head -1)" = 2.6.12 ] && [ "$("$folder/unpacked/usr/sbin/nginx" -v 2>&1 | grep -o '[0-9.]*')" = 1.22.1 ]
read -r port port2 behind < <(python3 -c 'import socket
s = [socket.socket() for _ in "123"]
for each in s: each.bind(("127.0.0.1", 0))
print(*(each.getsockname()[1] for each in s))')
cat >upstream.py <<'PY'
import http.server, sys

calls = 0


class Upstream(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global calls
        calls += 1
        body = f"answer {calls}\n".encode()
        self.send_response(200)
        self.send_header("Cache-Control", "max-age=60")
        self.send_header("Age", "59")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Upstream).serve_forever()
PY
python3 upstream.py "$behind" & upstream=$!
cat >haproxy.cfg <<CONF
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
cache links
  total-max-size 4
  max-age 3600
frontend in
  bind 127.0.0.1:$port
  http-request cache-use links
  http-response cache-store links
  default_backend out
backend out
  server only 127.0.0.1:$behind
CONF
chmod 755 "$folder"; mkdir -m 777 "$folder/cache"
cat >nginx.conf <<CONF
daemon off; pid $folder/pid; worker_processes 1; events {}
http {
  access_log off;
  client_body_temp_path $folder/1; proxy_temp_path $folder/2; fastcgi_temp_path $folder/3; uwsgi_temp_path $folder/4; scgi_temp_path $folder/5;
  proxy_cache_path $folder/cache keys_zone=links:1m;
  server { listen 127.0.0.1:$port2; location / { proxy_pass http://127.0.0.1:$behind; proxy_cache links; } }
}
CONF
"$haproxy" -db -f haproxy.cfg 2>/dev/null & proxy=$!
"$folder/unpacked/usr/sbin/nginx" -e "$folder/errors" -c "$folder/nginx.conf" & nginx=$!
for each in "$port" "$port2"; do until curl -s -o /dev/null "http://127.0.0.1:$each/ready"; do sleep 0.2; done; done
for each in "$port" "$port2"; do
  first=$(curl -s "http://127.0.0.1:$each/offer16")
  sleep 4
  again=$(curl -s -D headers "http://127.0.0.1:$each/offer16")
  age=$(tr -d '\r' <headers | grep -i '^age:')
  echo "first '$first', 4 s later '$again' with '$age'"
  [ "$first" = "$again" ]
  case $each in "$port") [ "${age##* }" -ge 62 ] ;; *) [ "${age##* }" = 59 ] ;; esac
done
echo 'as found'
