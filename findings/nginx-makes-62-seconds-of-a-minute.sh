#!/usr/bin/env bash
# nginx 1.22.1 (Debian 12), limit_req with `rate=1r/m`: a call every 60.6 seconds is refused; one a minute means one in 62.5 s.
#
# Guess: with rate=1r/m, a client that calls at 99 % of that rate is never refused.
# Seen: its second call, 60.6 s after the first, gets 503, one after 62.9 s passes. nginx counts in whole thousandths of a call a
# second, rounded down: 1 a minute is 16 of them instead of 16.67, which is 4 % slower. 2 and 4 a minute lose 1 %, 7 a minute
# 0.6 %; 3, 6, 30, 60 and 300 a minute nothing.
# What follows: against such a limit, give `--rate 1/63s`. At 50 in 10 s (300r/m) nothing is lost.
set -euo pipefail
folder=$(mktemp -d); trap 'kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
(cd "$folder"; apt-get download -qq nginx >/dev/null 2>&1; dpkg-deb -x nginx_*.deb unpacked)
nginx="$folder/unpacked/usr/sbin/nginx"
[ "$("$nginx" -v 2>&1 | grep -o '[0-9.]*')" = 1.22.1 ]
chmod 755 "$folder"; mkdir "$folder/www"; echo ok >"$folder/www/early"; echo ok >"$folder/www/late"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$folder/nginx.conf" <<CONF
daemon off; pid $folder/pid; worker_processes 1; events {}
http {
  access_log off;
  client_body_temp_path $folder/1; proxy_temp_path $folder/2; fastcgi_temp_path $folder/3; uwsgi_temp_path $folder/4; scgi_temp_path $folder/5;
  limit_req_zone \$uri zone=minute:1m rate=1r/m;
  server { listen 127.0.0.1:$port; root $folder/www; location / { limit_req zone=minute; } }
}
CONF
"$nginx" -e "$folder/errors" -c "$folder/nginx.conf" & server=$!
status() { curl -s -o /dev/null -w '%{http_code}' --retry 20 --retry-connrefused --retry-delay 1 "http://127.0.0.1:$port/$1"; }
# Each file has a limit of its own. curl would ask again after a 503 by --retry: it is for the start alone.
status '' >/dev/null || true
ask() { curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/$1"; }
first=$(ask early)$(ask late); sleep 60.6
early=$(ask early); sleep 2.3
late=$(ask late)
echo "first calls $first, after 60.6 s $early, after 62.9 s $late"
[ "$first $early $late" = '200200 503 200' ]
echo 'as found'
