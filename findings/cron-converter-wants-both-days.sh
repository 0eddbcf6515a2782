#!/usr/bin/env bash
# cron-converter 2.0.2 (PyPI) and 2.1.0 (npm): `0 2 1,15 * 1` runs four times in four months instead of 21 times.
#
# Guess: as crontab(5) has it, where day of month and day of week are both restricted either of them is enough: the 1st, the 15th
# and every Monday.
# Seen: both have to hold. Of December 2026 to March 2027 it gives the four Mondays that are a 1st or a 15th, all of them in
# February and March; none of December and January. croniter 7.0.0, cronsim 2.8 (PyPI) and cron-parser 5.10.6 (npm) give all days. `5/15` it reads as minute 5 alone.
# What follows: give one of the two fields only, and two lines where both are meant.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip -q install 'cron-converter==2.0.2' 'croniter==7.0.0' 'cronsim==2.8'
npm install --silent --no-audit --no-fund cron-converter@2.1.0 cron-parser@5.10.6 >/dev/null
cat >test.py <<'PY'
from datetime import datetime, timezone
from cron_converter import Cron
from croniter import croniter
from cronsim import CronSim

LINE, start, end = "0 2 1,15 * 1", datetime(2026, 12, 1, tzinfo=timezone.utc), datetime(2027, 4, 1, tzinfo=timezone.utc)

def nights(following):
    count = 0
    while following() < end:
        count += 1
    return count

steps = CronSim(LINE, start)
print("cron-converter", nights(Cron(LINE).schedule(start).next), "croniter", nights(lambda i=croniter(LINE, start): i.get_next(datetime)),
      "cronsim", nights(lambda: next(steps)))
PY
cat >test.mjs <<'JS'
import * as converter from 'cron-converter';
import { CronExpressionParser } from 'cron-parser';
const line = '0 2 1,15 * 1', start = new Date('2026-12-01T00:00Z'), end = Date.parse('2027-04-01T00:00Z');
const nights = following => { let count = 0; while (following() < end) count++; return count; };
const schedule = converter.getSchedule(converter.stringToArray(line), start, 'UTC');
const parsed = CronExpressionParser.parse(line, { currentDate: start, tz: 'UTC' });
console.log('npm cron-converter', nights(() => +schedule.next()), 'cron-parser', nights(() => parsed.next().getTime()));
JS
seen=$(venv/bin/python test.py; node test.mjs)
echo "nights of \"0 2 1,15 * 1\" from December 2026 to March 2027:"
echo "$seen"
[ "$seen" = 'cron-converter 4 croniter 21 cronsim 21
npm cron-converter 4 cron-parser 21' ]
echo 'as found'
