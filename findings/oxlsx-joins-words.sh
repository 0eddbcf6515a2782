#!/usr/bin/env bash
# oxlsx 0.2.0 (PyPI): a name in two formats loses the blank between its words, and blanks at the ends of every text are cut.
#
# Guess: `New offer` with a bold `New` is read as `New offer`; the file says `xml:space="preserve"` at that blank.
# Seen: `Newoffer`. Each piece of a text is trimmed before the pieces are joined, whatever the file says. A text in one format
# loses its blanks at both ends. openpyxl 3.1.5, whose interface it has, keeps both.
# What follows: what is looked up by such a cell (a campaign, a name) is not found; read it with openpyxl.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip -q install 'oxlsx==0.2.0' 'openpyxl==3.1.5' 'XlsxWriter==3.3.1'
cat >test.py <<'PY'
import openpyxl
import oxlsx
import xlsxwriter

book = xlsxwriter.Workbook("offers.xlsx")
sheet, bold = book.add_worksheet(), book.add_format({"bold": True})
sheet.write_rich_string(0, 0, bold, "New", " offer")
sheet.write_string(0, 1, " de ")
book.close()
for reader in oxlsx, openpyxl:
    sheet = reader.load_workbook("offers.xlsx").worksheets[0]
    print(f"{reader.__name__}: {[cell.value for cell in list(sheet.iter_rows())[0]]}")
PY
seen=$(venv/bin/python test.py)
echo "$seen"
[ "$seen" = "oxlsx: ['Newoffer', 'de']
openpyxl: ['New offer', ' de ']" ]
echo 'as found'
