#!/usr/bin/env bash
# @michaelhomer/jqjs 1.6.0 (npm): `[.[].links[]?]` gives the links up to the first offer that has none, and no more.
#
# Guess: the answers are those of jq 1.8.2 (as jq 1.13.0 on PyPI). `[]?` passes over what cannot be gone through, here an offer whose
# links are null, and goes on; `.geo // "any"` is one value for each offer.
# Seen: the question mark is taken to be about the whole way from the list on, so that the first offer without links ends everything: of
# six links one is left, no error. Where geo is null, `//` gives null and "any", so that three offers have four values, and columns that
# are put side by side are shifted from there on. `[.[] | .links[]?]`, with the bar, is right.
# What follows: do not take a filter over from the command line without a look at an offer that has nothing.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund @michaelhomer/jqjs@1.6.0 >/dev/null
python3 -m venv venv
venv/bin/pip -q install jq==1.13.0
cat >offers.json <<'JSON'
[{"id": "16", "links": ["a"], "geo": "DE"},
 {"id": "17", "links": null, "geo": null},
 {"id": "18", "links": ["b", "c", "d", "e", "f"], "geo": "US"}]
JSON
cat >ask.mjs <<'JS'
import {readFileSync} from 'node:fs';
import {compile} from '@michaelhomer/jqjs';
console.log(JSON.stringify([...compile(process.argv[2])(JSON.parse(readFileSync('offers.json')))][0]));
JS
cat >ask.py <<'PY'
import json, sys

import jq

print(json.dumps(jq.compile(sys.argv[1]).input_value(json.load(open("offers.json"))).first(), separators=(",", ":")))
PY
check() {
  jq=$(venv/bin/python ask.py "$1"); jqjs=$(node ask.mjs "$1")
  echo "$1: jq $jq, jqjs $jqjs"
  [ "$jq" = "$2" ] && [ "$jqjs" = "$3" ]
}
check '[.[].links[]?]' '["a","b","c","d","e","f"]' '["a"]'
check '[.[] | .links[]?]' '["a","b","c","d","e","f"]' '["a","b","c","d","e","f"]'
check 'map(.geo // "any")' '["DE","any","US"]' '["DE",null,"any","US"]'
echo 'as found'
