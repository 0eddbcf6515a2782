#!/usr/bin/env bash
# systemd 252 (Debian 12): a timer at 02:15 does not run at all in the night in which the clocks go forward.
#
# Guess: like Debian's cron, it runs once when the missing hour is over, at 03:15 or at once at 03:00.
# Seen: 02:15 does not exist on 28 March 2027 in Europe/Berlin, and the next elapse after the 27th is the 29th: a night without
# a run, and Persistent=true has nothing to catch up with. In autumn, where 02:15 comes twice, it runs once.
# What follows: a nightly job belongs after the hour that clocks jump over: README's timer says 04:15.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq systemd=252.38-1~deb12u1 2>/dev/null >/dev/null
dpkg-deb -x systemd_*.deb unpacked
next() {
  LD_LIBRARY_PATH=$(dirname "$(find unpacked -name 'libsystemd-shared-*.so')") TZ=Europe/Berlin \
    unpacked/usr/bin/systemd-analyze calendar --iterations=2 --base-time="$1" "*-*-* $2" | grep -oE '20[0-9-]{8} [0-9:]{8} CE?S?T' | xargs
}
spring=$(next '2027-03-27 12:00:00' 02:15); autumn=$(next '2027-10-30 12:00:00' 02:15); later=$(next '2027-03-27 12:00:00' 04:15)
echo "02:15 in spring: $spring"; echo "02:15 in autumn: $autumn"; echo "04:15 in spring: $later"
[ "$spring" = '2027-03-29 02:15:00 CEST 2027-03-30 02:15:00 CEST' ]
[ "$autumn" = '2027-10-31 02:15:00 CEST 2027-11-01 02:15:00 CET' ]
[ "$later" = '2027-03-28 04:15:00 CEST 2027-03-29 04:15:00 CEST' ]
echo 'as found'
