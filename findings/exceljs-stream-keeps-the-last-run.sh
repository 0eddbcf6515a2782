#!/usr/bin/env bash
# exceljs 4.4.0 (npm), stream reader, beside XlsxWriter 3.3.1 (PyPI) in constant_memory mode: of a text in several formats only
# the last piece is read.
#
# Guess: the stream reader gives the same text as the reader of whole files, as it does for texts in the shared table.
# Seen: in constant_memory mode XlsxWriter keeps rich text in the cell itself. Of `Spring Sale 2026`, with a bold word in the
# middle, the stream reader gives ` 2026` and says nothing; the reader of whole files gives all of it, and both do where the
# text stands in the shared table.
# What follows: names of offers that were made bold by a program may arrive cut in any job that streams workbooks.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip -q install 'xlsxwriter==3.3.1'
npm install --silent --no-audit --no-fund exceljs@4.4.0 >/dev/null
venv/bin/python - <<'PY'
import xlsxwriter
for name, constant in [("shared.xlsx", False), ("inline.xlsx", True)]:
    book = xlsxwriter.Workbook(name, {"constant_memory": constant})
    sheet, bold = book.add_worksheet(), book.add_format({"bold": True})
    sheet.write_rich_string(0, 0, "Spring ", bold, "Sale", " 2026")
    book.close()
PY
cat >read.mjs <<'JS'
import ExcelJS from 'exceljs';
const text = value => value?.richText ? value.richText.map(run => run.text).join('') : value;
for (const file of ['shared.xlsx', 'inline.xlsx']) {
  const book = new ExcelJS.Workbook();
  await book.xlsx.readFile(file);
  const whole = text(book.worksheets[0].getCell('A1').value);
  let streamed;
  for await (const sheet of new ExcelJS.stream.xlsx.WorkbookReader(file, {sharedStrings: 'cache', worksheets: 'emit'})) {
    for await (const row of sheet) streamed = text(row.getCell(1).value);
  }
  console.log(`${file}: whole [${whole}], streamed [${streamed}]`);
}
JS
seen=$(node read.mjs)
echo "$seen"
[ "$seen" = $'shared.xlsx: whole [Spring Sale 2026], streamed [Spring Sale 2026]\ninline.xlsx: whole [Spring Sale 2026], streamed [ 2026]' ]
echo 'as found'
