#!/usr/bin/env bash
# @datasert/cronjs-matcher 1.4.0 (npm): `0 4 * * 5-7` leaves the Sundays out, and `*/30 * * * *` goes back in time in spring.
#
# Guess: 7 is Sunday in a range as it is alone, as in crontab(5); and each next run is later than the one before it.
# Seen: 7 alone is Sunday, `5-7` is Friday and Saturday. In the night in which clocks go forward in Berlin, the runs after 01:30 are
# 03:00, 03:30 and then 03:00 again, of the same instant, and 03:30: two runs come twice. A line of 02:15 has no run that night.
# cron-parser 5.10.6 gives Sundays, no run twice, and 03:15.
# What follows: write `5,6,0`, and keep nightly jobs out of the hour from two to three; look at the next dates of a line before it
# goes live.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund @datasert/cronjs-matcher@1.4.0 cron-parser@5.10.6 >/dev/null
cat >test.mjs <<'JS'
import matcher from '@datasert/cronjs-matcher';
import { CronExpressionParser } from 'cron-parser';
const timezone = 'Europe/Berlin';
const show = time => new Date(time).toLocaleString('en-GB', { timeZone: timezone, weekday: 'short', hour: '2-digit', minute: '2-digit' });
const compare = (line, start, count) => {
  const options = { startAt: start, matchCount: count, timezone };
  const parsed = CronExpressionParser.parse(line, { currentDate: start, tz: timezone });
  console.log(`${line}: ${matcher.getFutureMatches(line, options).map(show).join(', ')}`);
  console.log(`  cron-parser: ${Array.from({ length: count }, () => show(parsed.next().getTime())).join(', ')}`);
};
compare('0 4 * * 5-7', '2027-02-01T00:00:00Z', 4);
compare('*/30 * * * *', '2027-03-28T00:10:00Z', 5);
compare('15 2 * * *', '2027-03-27T12:00:00Z', 2);
JS
seen=$(node test.mjs)
echo "$seen"
[ "$seen" = '0 4 * * 5-7: Fri 04:00, Sat 04:00, Fri 04:00, Sat 04:00
  cron-parser: Fri 04:00, Sat 04:00, Sun 04:00, Fri 04:00
*/30 * * * *: Sun 01:30, Sun 03:00, Sun 03:30, Sun 03:00, Sun 03:30
  cron-parser: Sun 01:30, Sun 03:00, Sun 03:30, Sun 04:00, Sun 04:30
15 2 * * *: Mon 02:15, Tue 02:15
  cron-parser: Sun 03:15, Mon 02:15' ]
echo 'as found'
