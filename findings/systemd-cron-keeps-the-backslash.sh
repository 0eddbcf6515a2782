#!/usr/bin/env bash
# systemd-cron 1.15.19-5 (Debian 12): `\%` in a crontab reaches the shell with its backslash, and `%` ends no line.
#
# Guess: it is meant as a replacement of cron, so `\%` becomes `%` as crontab(5) says, in quotes too.
# Seen: its generator writes the command into a script as it stands. Without quotes the shell drops the backslash and all is
# well; in single quotes, where a macro such as 'sub=\%7Bid\%7D' is safest under cron, the program gets the backslashes, and
# every link would carry them.
# What follows: write braces as braces ('sub={id}'), or keep the command in a script of its own and name that in the crontab:
# both are right under every cron.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq systemd-cron=1.15.19-5 >/dev/null
dpkg-deb -x systemd-cron_*.deb unpacked
mkdir crontabs units
printf '%s\n' "1 2 * * * printf '[%s]' 'sub=\\%7Bid\\%7D'" '2 2 * * * printf "[%s]" sub=\%7Bid\%7D' >crontabs/root
# The generator reads fixed places; here it is given the crontab in a mount namespace of its own.
mkdir -p /var/spool/cron/crontabs
unshare -m sh -c 'mount --bind crontabs /var/spool/cron/crontabs
  exec python3 unpacked/lib/systemd/system-generators/systemd-crontab-generator "$PWD/units"' 2>/dev/null
quoted=$(sh units/cron-root-root-0.sh)
bare=$(sh units/cron-root-root-1.sh)
echo "in single quotes: $quoted"
echo "without quotes:   $bare"
[ "$quoted" = '[sub=\%7Bid\%7D]' ]
[ "$bare" = '[sub=%7Bid%7D]' ]
echo 'as found'
