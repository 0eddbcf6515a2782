#!/usr/bin/env bash
# purgatory 3.0.1, aiobreaker 1.2.0, circuitbreaker 2.1.3 and hyx 0.0.2 (PyPI): the half-open circuit breaker lets all calls through.
#
# Guess: when the time of an open breaker is over, one call goes out to see whether the server is back. Until its answer is there the
# others are refused or wait: that is what half-open is for. opossum 10.0.0 and cockatiel 4.0.0 (npm) and aioresilience 0.2.1 do so.
# Seen: of 16 calls that come together after that time, all 16 reach a server that is still down. The breaker opens again with the
# first failure; the other fifteen are on their way.
# What follows: where an account is banned longer for each call, as many calls in flight as there are prolong the ban each time.
# Put a lock around the first call after a break. offerlinks sends a canary: one call, whatever `-j` is.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip -q install purgatory==3.0.1 aiobreaker==1.2.0 circuitbreaker==2.1.3 hyx==0.0.2 aioresilience==0.2.1
npm install --silent --no-audit --no-fund opossum@10.0.0 cockatiel@4.0.0 >/dev/null
cat >probes.py <<'PY'
import asyncio, datetime

import aiobreaker, aioresilience, circuitbreaker, purgatory
from hyx.circuitbreaker import consecutive_breaker

calls = 0


async def down():
    global calls
    calls += 1
    await asyncio.sleep(0.05)
    raise ConnectionError


async def probes(name, call):
    """How many of 16 calls reach the server when the breaker, open after 5 failures, has been so for longer than 0.5 s."""
    global calls
    calls = 0
    for _ in range(10):
        await asyncio.gather(call(), return_exceptions=True)
    assert calls == 5, calls
    await asyncio.sleep(0.7)
    calls = 0
    await asyncio.gather(*(call() for _ in range(16)), return_exceptions=True)
    print(f"{name}: {calls}")


async def main():
    factory = purgatory.AsyncCircuitBreakerFactory(default_threshold=5, default_ttl=0.5)

    async def by_purgatory():
        async with await factory.get_breaker("network"):
            await down()

    await probes("purgatory", by_purgatory)
    one = aiobreaker.CircuitBreaker(fail_max=5, timeout_duration=datetime.timedelta(seconds=0.5))
    await probes("aiobreaker", lambda: one.call_async(down))
    await probes("circuitbreaker", circuitbreaker.circuit(failure_threshold=5, recovery_timeout=0.5)(down))
    two = consecutive_breaker(exceptions=(Exception,), failure_threshold=5, recovery_time_secs=0.5, recovery_threshold=1)
    await probes("hyx", two(down))
    three = aioresilience.CircuitBreaker("network", config=aioresilience.CircuitConfig(failure_threshold=5, recovery_timeout=0.5))
    await probes("aioresilience", lambda: three.call(down))


asyncio.run(main())
PY
cat >probes.mjs <<'JS'
import { ConsecutiveBreaker, circuitBreaker, handleAll } from 'cockatiel';
import CircuitBreaker from 'opossum';
const sleep = ms => new Promise(done => setTimeout(done, ms));
let calls = 0;
const down = async () => { calls++; await sleep(50); throw new Error('down'); };
const opossum = new CircuitBreaker(down, { resetTimeout: 500, volumeThreshold: 5, timeout: false });
const cockatiel = circuitBreaker(handleAll, { halfOpenAfter: 500, breaker: new ConsecutiveBreaker(5) });
for (const [name, call] of [['opossum', () => opossum.fire()], ['cockatiel', () => cockatiel.execute(down)]]) {
  for (let i = 0; i < 10; i++) await call().catch(() => {});
  await sleep(700);
  calls = 0;
  await Promise.allSettled(Array.from({ length: 16 }, call));
  console.log(`${name}: ${calls}`);
}
process.exit();
JS
seen=$(venv/bin/python probes.py; node probes.mjs)
echo "$seen"
[ "$seen" = 'purgatory: 16
aiobreaker: 16
circuitbreaker: 16
hyx: 16
aioresilience: 1
opossum: 1
cockatiel: 1' ]
echo 'as found'
