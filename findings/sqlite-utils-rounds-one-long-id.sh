#!/usr/bin/env bash
# sqlite-utils 4.2.1 (PyPI), insert --csv: a column of IDs with one of 20 digits becomes INTEGER, and that one ID is rounded.
#
# Guess: the types are found from the file, so a number that does not fit SQLite's 64 bits makes the column TEXT.
# Seen: every cell is a whole number for Python, whose numbers have no end, so the column is declared INTEGER. SQLite then
# turns the one that is too long for it into 1.2345678901234567e+19, without a word; with --no-detect-types it stays whole.
# What follows: load a file of offers or links for Datasette with --no-detect-types, or read the history that offerlinks
# writes, where IDs are text.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" -q install 'sqlite-utils==4.2.1'
printf 'offer_id,name\n16,a\n12345678901234567890,b\n17,c\n' >"$folder/offers.csv"
utils="$folder/venv/bin/sqlite-utils"
"$utils" insert "$folder/detected.db" offers "$folder/offers.csv" --csv 2>/dev/null
"$utils" insert "$folder/text.db" offers "$folder/offers.csv" --csv --no-detect-types 2>/dev/null
detected=$("$utils" "$folder/detected.db" 'select offer_id, typeof(offer_id) from offers where name = "b"' --csv --no-headers)
text=$("$utils" "$folder/text.db" 'select offer_id, typeof(offer_id) from offers where name = "b"' --csv --no-headers)
echo "detected: $detected"; echo "--no-detect-types: $text"
[ "$detected" = '1.2345678901234567e+19,real' ] && [ "$text" = '12345678901234567890,text' ]
echo 'as found'
