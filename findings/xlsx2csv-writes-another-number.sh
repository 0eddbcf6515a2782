#!/usr/bin/env bash
# xlsx2csv 0.8.6 (PyPI): the number 16 in a cell with the format `\d0` (Excel shows d16) is written as 150.
#
# Guess: a letter behind a backslash or in quotation marks is text, so the converter writes 16, or d16.
# Seen: it looks for the letters of dates in the whole format, escaped ones too, takes the cell for a date and puts the day of
# the month (serial 16 is 15 January 1900) before the literal 0: `150`, a number that looks like an ID and is none. With
# `0" days"` it writes `0" 15ays"`, and with `"Offer "0`, where no letter is one of a date, the true 16.
# What follows: give offerlinks the workbook itself; it reads the value of such a cell.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" -q install 'xlsx2csv==0.8.6' 'openpyxl==3.1.5'
"$folder/venv/bin/python" - "$folder/offers.xlsx" <<'PY'
import sys, openpyxl
book = openpyxl.Workbook()
for row, form in enumerate(["General", r"\d0", '0" days"', '"Offer "0'], 1):
    book.active.cell(row=row, column=1, value=16).number_format = form
book.save(sys.argv[1])
PY
seen=$("$folder/venv/bin/xlsx2csv" "$folder/offers.xlsx")
echo "$seen"
[ "$seen" = $'16\n150\n"0"" 15ays"""\n16' ]
echo 'as found'
