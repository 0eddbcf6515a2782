#!/usr/bin/env bash
# jq 1.13.0 (PyPI; jq 1.8.2 is inside): a program sees the ID of 17 digits as it is, and what comes out is another offer's.
#
# Guess: jq from 1.7 on keeps numbers that it does not compute with as they were written, and compares them exactly. 1.8.2 as a
# library does what it does as a command: `.` gives 10000000000000005 back.
# Seen: `tostring`, `==` and `unique` inside the program are exact; the result is made of doubles, in `text()` as in `first()` and
# `all()`: 10000000000000004. Of four IDs in a row `unique` finds four, and two of them come out the same. Python integers that are
# passed in (`input_value`, `args`) go the same way. No error, no float: an int that is wrong.
# What follows: `map(.id|tostring)` in the program, or Python's json. In JSON Lines of offerlinks IDs are texts, and come through.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip -q install jq==1.13.0
cat >ids.py <<'PY'
import jq

ids = "[10000000000000005, 10000000000000006, 10000000000000007, 10000000000000008]"
for program in ".[0]", ".[0] | tostring", ".[0] == 10000000000000004", "unique | length", "unique | map(tostring) | unique | length":
    print(program, "->", jq.compile(program).input_text(ids).text())
print("unique ->", len(set(jq.compile("unique | .[]").input_text(ids).all())), "different")
print(type(jq.compile(".").input_value(10000000000000005).first()).__name__, jq.compile(".").input_value(10000000000000005).first())
PY
seen=$(venv/bin/python ids.py)
echo "$seen"
[ "$seen" = '.[0] -> 10000000000000004
.[0] | tostring -> "10000000000000005"
.[0] == 10000000000000004 -> false
unique | length -> 4
unique | map(tostring) | unique | length -> 4
unique -> 3 different
int 10000000000000004' ]
echo 'as found'
