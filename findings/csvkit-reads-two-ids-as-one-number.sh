#!/usr/bin/env bash
# csvkit 2.2.0 (agate 1.14.2, PyPI): a cell with two offer IDs, `16,17`, becomes the one number 1617.
#
# Guess: grouping that is no grouping by thousands (`16,17`) stays text.
# Seen: agate takes every comma and underscore out of a cell before it asks whether the rest is a number, so `16,17` is 1617
# and `1_6` is 16, `16%` and `$16` are 16. csvjson, csvsort, csvstat and in2csv all read cells that way, and say nothing.
# What follows: pass --no-inference (-I) before a file goes to offerlinks, which refuses `16,17` as an ID.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" -q install 'csvkit==2.2.0' 'agate==1.14.2'
printf 'offer_id,name\n"16,17",a\n1_6,b\n16%%,c\n' >"$folder/offers.csv"
plain=$("$folder/venv/bin/csvjson" "$folder/offers.csv")
asis=$("$folder/venv/bin/csvjson" -I "$folder/offers.csv")
echo "csvjson:    $plain"
echo "csvjson -I: $asis"
[ "$plain" = '[{"offer_id": 1617.0, "name": "a"}, {"offer_id": 16.0, "name": "b"}, {"offer_id": 16.0, "name": "c"}]' ]
[ "$asis" = '[{"offer_id": "16,17", "name": "a"}, {"offer_id": "1_6", "name": "b"}, {"offer_id": "16%", "name": "c"}]' ]
echo 'as found'
