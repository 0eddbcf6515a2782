#!/usr/bin/env bash
# ioredis-mock 8.13.1 (npm): a limiter's Lua script that returns a fraction or a list with a gap passes its tests and fails
# on a real Redis.
#
# Guess: the mock turns what a script returns into an answer by the rules of Redis: 3.7 becomes 3, a list ends at its first nil.
# Seen: it hands 3.7 and '3.7' on as they are, and gives nothing at all for {1, nil, 3}, where redis-server answers 3, '3.7' and
# [1]. A script that returns seconds to wait says 0.4 in the tests and 0 (do not wait) in production.
# What follows: a script of a shared limit is tested on a real server (ours are: tests/budget) and returns whole microseconds.
set -euo pipefail
folder=$(mktemp -d); server=; trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund ioredis-mock@8.13.1 ioredis@5.11.1 >/dev/null
command -v redis-server >/dev/null || apt-get install -y -qq redis-server >/dev/null 2>&1
redis-server --port 0 --unixsocket "$folder/redis.sock" --save '' >/dev/null & server=$!
for _ in $(seq 50); do [ -S redis.sock ] && break; sleep 0.1; done
cat >test.mjs <<'JS'
import Redis from 'ioredis';
import Mock from 'ioredis-mock';
const scripts = ['return 3.7', "return '3.7'", 'return {1, nil, 3}'];
for (const [name, client] of [['mock', new Mock()], ['redis', new Redis(`${process.cwd()}/redis.sock`)]]) {
  const answers = [];
  for (const script of scripts) answers.push(String(JSON.stringify(await client.eval(script, 0))));
  console.log(name, answers.join(' '));
}
process.exit();
JS
node test.mjs | tee seen
grep -qx 'mock 3.7 "3.7" undefined' seen && grep -qx 'redis 3 "3.7" \[1\]' seen
echo 'as found'
