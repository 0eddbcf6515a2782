#!/usr/bin/env bash
# Spreadsheet::XLSX 0.17 (Perl, Debian 12: libspreadsheet-xlsx-perl): every `&` of a tracking link is read as `&amp;`.
#
# Guess: the text of a cell comes as a person sees it, `https://t.example/?o=16&s=1`, from workbooks of XlsxWriter 3.3.1 (PyPI) as from others.
# Seen: texts are taken as they stand in the XML: `&amp;`, `&lt;`. Such a link opens, and its second parameter is called `amp;s`, so that
# the click counts without its sub ID. From a workbook that was written with constant_memory, where texts stand in their cells, all texts
# are missing: a row keeps its numbers alone, and one whose ID is a text is empty. No error. Roo 2.10.0 (Ruby, Debian 12) and openpyxl read
# both files right.
# What follows: decode the entities, or read the CSV that offerlinks writes.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
for package in spreadsheet-xlsx spreadsheet-parseexcel archive-zip ole-storage-lite io-stringy crypt-rc4 digest-perl-md5; do
  (apt-get download -qq "lib$package-perl" >/dev/null 2>&1; dpkg-deb -x "lib$package-perl"_*.deb unpacked)
done
python3 -m venv venv
venv/bin/pip -q install XlsxWriter==3.3.1
cat >write.py <<'PY'
import xlsxwriter

for name, options in ("whole.xlsx", {}), ("streamed.xlsx", {"constant_memory": True}):
    with xlsxwriter.Workbook(name, options) as book:
        sheet = book.add_worksheet()
        for row, cells in enumerate([(16, "https://t.example/?o=16&s=1"), ("0017", "A <b> & c")]):
            for column, cell in enumerate(cells):
                (sheet.write_number if isinstance(cell, int) else sheet.write_string)(row, column, cell)
PY
venv/bin/python write.py
cat >read.pl <<'PL'
use strict; use warnings; use Spreadsheet::XLSX;
die "version $Spreadsheet::XLSX::VERSION" unless $Spreadsheet::XLSX::VERSION eq '0.17';
for my $file (@ARGV) {
    for my $sheet (@{ Spreadsheet::XLSX->new($file)->{Worksheet} }) {
        print "$file:";
        for my $row (0 .. 1) {
            print ' [', join(', ', map { my $cell = $sheet->get_cell($row, $_); $cell ? $cell->unformatted : '-' } 0 .. 1), ']';
        }
        print "\n";
    }
}
PL
seen=$(PERL5LIB="$folder/unpacked/usr/share/perl5" perl read.pl whole.xlsx streamed.xlsx)
echo "$seen"
[ "$seen" = 'whole.xlsx: [16, https://t.example/?o=16&amp;s=1] [0017, A &lt;b&gt; &amp; c]
streamed.xlsx: [16, -] [-, -]' ]
echo 'as found'
