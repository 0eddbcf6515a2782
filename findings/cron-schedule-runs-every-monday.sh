#!/usr/bin/env bash
# cron-schedule 6.0.0 (npm): `0 2 * * 1#1`, the first Monday of a month, runs on every Monday, and no error says so.
#
# Guess: what it does not know (`#`, `L` and `W` are not in its description) is refused, as the package cron 4.4.0 does.
# Seen: it reads the digits at the front of a field and forgets the rest. `1#1` is 1, `5L` (the last Friday) every Friday, `5/15`
# minute 5 alone. cron-parser 5.10.6 reads all three as they are meant.
# What follows: look at the next dates of a line before it goes live; a monthly export is a weekly one otherwise, at four times the
# calls.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund cron-schedule@6.0.0 cron-parser@5.10.6 cron@4.4.0 >/dev/null
cat >test.mjs <<'JS'
import { parseCronExpression } from 'cron-schedule';
import { CronExpressionParser } from 'cron-parser';
import { validateCronExpression } from 'cron';
process.env.TZ = 'UTC';
const start = new Date('2026-12-01T00:00Z'), end = new Date('2027-06-01T00:00Z');
const nights = following => { let count = 0; while (following() < end) count++; return count; };
for (const line of ['0 2 * * 1#1', '0 2 * * 5L']) {
  const dates = parseCronExpression(line).getNextDatesIterator(start);
  const parsed = CronExpressionParser.parse(line, { currentDate: start, tz: 'UTC' });
  const refused = validateCronExpression(line).valid ? 'taken' : 'refused';
  console.log(`${line}: cron-schedule ${nights(() => dates.next().value)}, cron-parser ${nights(() => parsed.next().toDate())}, cron ${refused}`);
}
const minutes = parseCronExpression('5/15 * * * *').getNextDates(4, start).map(date => date.getUTCMinutes());
console.log(`5/15 * * * *: cron-schedule minutes ${minutes.join(' ')}`);
JS
seen=$(TZ=UTC node test.mjs)
echo "nights in the six months from December 2026:"
echo "$seen"
[ "$seen" = '0 2 * * 1#1: cron-schedule 26, cron-parser 6, cron refused
0 2 * * 5L: cron-schedule 26, cron-parser 6, cron refused
5/15 * * * *: cron-schedule minutes 5 5 5 5' ]
echo 'as found'
