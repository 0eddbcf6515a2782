#!/usr/bin/env bash
# csv-parser 3.2.1 (npm): a stream that is read as CSV and copied to a file at the same time comes out of the copy with other bytes.
#
# Guess: a parser reads the buffers that a stream hands it. Whoever else gets the same buffers, a file here, gets the same bytes.
# Seen: it takes the doubling of quotes out of the buffer itself, in place, before the other reader has written it. 1,000 lines
# with a quoted name: the parser's rows are right, and every one of the 1,000 lines of the copy is wrong
# (`"Offer "1", newew"` for `"Offer ""1"", new"`), and no CSV any more. With csv-parse 7.0.3 in its place the copy is exact.
# What follows: to keep what was read (an archive, a hash, a second reader), copy the file and not the stream.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund csv-parser@3.2.1 csv-parse@7.0.3 >/dev/null
cat >test.mjs <<'JS'
import { createReadStream, createWriteStream, readFileSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import csvParser from 'csv-parser';
import { parse } from 'csv-parse';
const rows = Array.from({length: 1000}, (_, i) => `${i + 1},"Offer ""${i + 1}"", new"`);
writeFileSync('links.csv', ['offer_id,name', ...rows, ''].join('\n'));
const copied = async parser => {
  const source = createReadStream('links.csv');
  let right = 0;
  source.pipe(parser).on('data', row => { right += row.name === `Offer "${row.offer_id}", new`; });
  await once(source.pipe(createWriteStream('copy.csv')), 'finish');
  const copy = readFileSync('copy.csv', 'utf8').split('\n');
  const wrong = rows.filter((line, i) => line !== copy[i + 1]).length;
  return `${right} rows read, ${wrong} lines of the copy wrong, line 2: ${copy[1]}`;
};
console.log('csv-parser:', await copied(csvParser()));
console.log('csv-parse:', await copied(parse({ columns: true })));
JS
seen=$(node test.mjs)
echo "$seen"
expected='csv-parser: 1000 rows read, 1000 lines of the copy wrong, line 2: 1,"Offer "1", newew"
csv-parse: 1000 rows read, 0 lines of the copy wrong, line 2: 1,"Offer ""1"", new"'
[ "$seen" = "$expected" ]
echo 'as found'
