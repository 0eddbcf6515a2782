#!/usr/bin/env bash
# wget2 1.99.1 (Debian 12): a transfer that breaks off half way ends with exit code 0.
#
# Guess: the server says how long the file is and closes the connection after half of it; wget2 tries again, as wget does, or ends
# with a code other than 0, so that `wget2 URL && import links.csv` imports nothing.
# Seen: it says "Just got 200000 of 400000 bytes", tries nothing again, leaves the half under the real name with the time stamp of
# the whole, and ends with 0. wget 1.21 (exit code 4) and curl (18) say that it failed.
# What follows: where others fetch links.csv over HTTP, let them use curl or wget, or compare the number of rows with the `--report`.
set -euo pipefail
folder=$(mktemp -d); server=
trap 'kill $server 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
(apt-get download -qq wget2 libwget0 libgpgme11 libassuan0 >/dev/null 2>&1; for package in *.deb; do dpkg-deb -x "$package" unpacked; done)
wget2() { LD_LIBRARY_PATH=$(echo unpacked/usr/lib/*-linux-gnu) unpacked/usr/bin/wget2 "$@"; }
wget2 --version | head -1 | grep -q ' 1\.99\.1 '
cat >server.py <<'PY'
import http.server, sys


class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print(self.path, flush=True)
        self.send_response(200)
        self.send_header("Content-Length", "400000")
        self.end_headers()
        self.wfile.write(b"16,https://t.example\n" * 9524)

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Server)
print(server.server_port, flush=True)
server.serve_forever()
PY
python3 server.py >log & server=$!
until [ -s log ]; do sleep 0.1; done
port=$(head -1 log)
code() { local result=0; "$@" >/dev/null 2>&1 || result=$?; echo "$result"; }
seen="wget2 $(code wget2 -q -O links.csv "http://127.0.0.1:$port/wget2") with $(stat -c %s links.csv) bytes after $(grep -c wget2 log) call
curl $(code curl -s -o other.csv "http://127.0.0.1:$port/curl")
wget $(code wget -q -t 1 -O other.csv "http://127.0.0.1:$port/wget")"
echo "$seen"
[ "$seen" = 'wget2 0 with 200004 bytes after 1 call
curl 18
wget 4' ]
echo 'as found'
