#!/usr/bin/env bash
# csv-writer 1.6.0 (npm; objects-to-csv 1.3.6 and convert-array-to-csv 2.0.0 as well): a carriage return in a name makes two rows of one.
#
# Guess: a cell with any kind of line end in it is put in quotes, as csv-stringify 6.9.0 and papaparse 5.7.1 do.
# Seen: only a cell with "\n" is. One with a single "\r", as old Mac files and spreadsheets (`_x000D_`) have, goes out bare, and
# Python's csv module reads two rows: an offer with half of its name and no link, and one whose ID is the other half.
# What follows: take another writer. offerlinks reports the second row as `invalid_offer_id` with its line; Python says nothing.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund csv-writer@1.6.0 objects-to-csv@1.3.6 convert-array-to-csv@2.0.0 csv-stringify@6.9.0 >/dev/null
cat >write.mjs <<'JS'
import { writeFileSync } from 'node:fs';
import csvWriter from 'csv-writer';
import ObjectsToCsv from 'objects-to-csv';
import { convertArrayToCSV } from 'convert-array-to-csv';
import { stringify } from 'csv-stringify/sync';
const offers = [{ offer_id: 16, name: 'Games\rde', url: '/a' }, { offer_id: 17, name: 'Games\nfr', url: '/b' }];
const writer = csvWriter.createObjectCsvStringifier({ header: Object.keys(offers[0]).map(id => ({ id, title: id })) });
writeFileSync('csv-writer.csv', writer.getHeaderString() + writer.stringifyRecords(offers));
writeFileSync('objects-to-csv.csv', await new ObjectsToCsv(offers).toString());
writeFileSync('convert-array-to-csv.csv', convertArrayToCSV(offers));
writeFileSync('csv-stringify.csv', stringify(offers, { header: true }));
JS
node write.mjs
cat >read.py <<'PY'
import csv
for name in "csv-writer", "objects-to-csv", "convert-array-to-csv", "csv-stringify":
    with open(f"{name}.csv", newline="") as file:
        print(f"{name}: {[row['offer_id'] for row in csv.DictReader(file)]}")
PY
seen=$(python3 read.py)
echo "$seen"
[ "$seen" = "csv-writer: ['16', 'de', '17']
objects-to-csv: ['16', 'de', '17']
convert-array-to-csv: ['16', 'de', '17']
csv-stringify: ['16', '17']" ]
echo 'as found'
