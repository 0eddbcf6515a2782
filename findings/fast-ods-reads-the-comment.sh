#!/usr/bin/env bash
# fast-ods 0.3.2 (PyPI): of a cell with a comment, the author and the comment are read in the place of what stands in the cell.
#
# Guess: the ID 16 that a colleague has commented is read as 16, with or without the comment; several blanks, a second line and the
# cells behind a merged one stay where they are. The package leaves out "styling, formulas, metadata", not contents.
# Seen: the text of the cell is `Annask the network`. "New   offer" loses all its blanks, of two lines the second one is missing, and
# behind a merged cell the row is one column short, so that a name stands in the column of links. No error. pyexcel-ods3 0.6.1,
# pandas-ods-reader 1.0.2 and python-calamine 0.9.1 read all four rows right.
# What follows: take one of those, or give offerlinks the file itself.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip -q install fast-ods==0.3.2 pyexcel-ods3==0.6.1 odfpy==1.4.1
cat >read.py <<'PY'
from fast_ods import ODSParser
from odf.dc import Creator
from odf.office import Annotation
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import CoveredTableCell, Table, TableCell, TableRow
from odf.text import P, S
from pyexcel_ods3 import get_data


def cell(*paragraphs, **options):
    made = TableCell(valuetype="string", **options)
    for each in paragraphs:
        made.addElement(P(text=each) if isinstance(each, str) else each)
    return made


note = Annotation()
note.addElement(Creator(text="Ann"))
note.addElement(P(text="ask the network"))
blanks = P(text="New")
blanks.addElement(S(c=3))
blanks.addText("offer")
rows = [
    [cell(note, "16"), cell("commented")],
    [cell("17"), cell(blanks)],
    [cell("18"), cell("first line", "second line")],
    [cell("19", numbercolumnsspanned=2), CoveredTableCell(), cell("third column")],
]
document, table = OpenDocumentSpreadsheet(), Table(name="Offers")
for cells in rows:
    row = TableRow()
    for each in cells:
        row.addElement(each)
    table.addElement(row)
document.spreadsheet.addElement(table)
document.save("offers.ods")
right = [list(row) for row in get_data("offers.ods")["Offers"]]
seen = [list(row) for row in ODSParser().parse("offers.ods")]
print(f"pyexcel-ods3: {right}\nfast-ods:     {seen}")
assert right == [["16", "commented"], ["17", "New   offer"], ["18", "first line\nsecond line"], ["19", "", "third column"]]
assert [[each for each in row if each] for row in seen] == [
    ["Annask the network", "commented"], ["17", "Newoffer"], ["18", "first line"], ["19", "third column"]]
assert seen[3][1] == "third column"
PY
venv/bin/python read.py
echo 'as found'
