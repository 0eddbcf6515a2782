#!/usr/bin/env bash
# csv-diff 1.2 (PyPI): with --key=offer_id, a changed link of an offer that has several is "no change".
#
# Guess: a key that stands in several rows is refused, or said to be none.
# Seen: rows are put into a table by their key, so of an offer's rows only the last one is kept. The first link of offer 16
# changed and the second one left: nothing is printed, exit code 0. A change of the last row is told. An offer that lost one of
# its two links shows no loss, or a change that never was.
# What follows: compare outputs of offerlinks by `--changes`, which knows that an offer has several links, or by whole lines
# (without --key).
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip -q install 'csv-diff==1.2'
write() { printf 'offer_id,url\n16,%s\n16,%s\n17,/c\n' "$2" "$3" >"$1.csv"; }
write before /a /b
write first /changed /b
write last /a /changed
first=$(venv/bin/csv-diff before.csv first.csv --key=offer_id)
last=$(venv/bin/csv-diff before.csv last.csv --key=offer_id | head -1)
lines=$(venv/bin/csv-diff before.csv first.csv | head -1)
echo "first link changed: '$first'"
echo "last link changed:  '$last'"
echo "without --key:      '$lines'"
[ -z "$first" ]
[ "$last" = '1 row changed' ]
[ "$lines" = '1 row added, 1 row removed' ]
echo 'as found'
