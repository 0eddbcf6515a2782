#!/usr/bin/env bash
# xlsx-stream-reader 1.1.1 (npm): offer IDs of twelve digits or more become `1E+11` once another column of the sheet holds dates.
#
# Guess: a reader gives the number that is in the cell, as exceljs 4.4.0 does. What other columns hold does not matter.
# Seen: without dates the IDs are whole. With them in column B, IDs in column A, which have no format at all, are read as a narrow
# column would show them: 100000000016 and 100000000017, two offers, are both `1E+11`, and 9007199254740990 is `9.0072E+15`.
# Eleven digits, and IDs that stand as text, stay whole.
# What follows: give it the option `formatting: false`, then the numbers are whole (and dates are numbers of days); or give
# offerlinks the workbook itself.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip -q install 'XlsxWriter==3.3.1'
npm install --silent --no-audit --no-fund xlsx-stream-reader@1.1.1 exceljs@4.4.0 2>/dev/null >/dev/null
venv/bin/python - <<'PY'
import datetime
import xlsxwriter

for name in "plain", "dates":
    book = xlsxwriter.Workbook(f"{name}.xlsx")
    sheet, day = book.add_worksheet(), book.add_format({"num_format": "yyyy-mm-dd"})
    for row, offer in enumerate([99999999999, 100000000016, 100000000017, 9007199254740990]):
        sheet.write_number(row, 0, offer)
        if name == "dates":
            sheet.write_datetime(row, 1, datetime.datetime(2026, 11, 28), day)
    book.close()
PY
cat >test.mjs <<'JS'
import { createReadStream } from 'node:fs';
import XlsxStreamReader from 'xlsx-stream-reader';
import exceljs from 'exceljs';
const read = (file, options) => new Promise((done, failed) => {
  const reader = new XlsxStreamReader(options), ids = [];
  reader.on('error', failed);
  reader.on('worksheet', sheet => {
    sheet.on('row', row => ids.push(row.values[1]));
    sheet.on('end', () => done(ids.join(' ')));
    sheet.process();
  });
  createReadStream(file).pipe(reader);
});
console.log('without dates:', await read('plain.xlsx', {}));
console.log('with dates:', await read('dates.xlsx', {}));
console.log('formatting off:', await read('dates.xlsx', { formatting: false }));
const book = new exceljs.Workbook();
await book.xlsx.readFile('dates.xlsx');
console.log('exceljs:', book.worksheets[0].getColumn(1).values.slice(1).join(' '));
JS
seen=$(node test.mjs)
echo "$seen"
whole='99999999999 100000000016 100000000017 9007199254740990'
[ "$seen" = "without dates: $whole
with dates: 99999999999 1E+11 1E+11 9.0072E+15
formatting off: $whole
exceljs: $whole" ]
echo 'as found'
