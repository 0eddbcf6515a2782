#!/usr/bin/env bash
# csvsort 1.6.1 (PyPI): rows of one offer keep their order in a small file, and lose it in one that is larger than `max_size`.
#
# Guess: sorting by one column leaves rows with the same value in the order in which they were: Python's sort is stable, and
# heapq.merge, which joins the sorted pieces of a large file, is so as well.
# Seen: up to `max_size` (100 MB by default) it is so. Above, the merge compares whole rows where the column is equal, so that `/10`
# comes before `/9`, but only across pieces: within a piece the order stays. The same rows come in another order once the file has
# grown, and an offer's first link is another one.
# What follows: give all columns that matter, or take GNU sort with `-s`. The order of links in offerlinks' output is the network's.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip -q install csvsort==1.6.1
cat >sort.py <<'PY'
import csv, os

from csvsort import csvsort

with open("links.csv", "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["offer_id", "url"])
    # Twelve links for each of 5000 offers, in twelve rounds.
    writer.writerows((offer, f"https://t.example/{'x' * 40}/{link}") for link in range(1, 13) for offer in range(10000, 15000))

for megabytes in 100, 1:
    csvsort("links.csv", ["offer_id"], output_filename="sorted.csv", max_size=megabytes, show_progress=False)
    links = {}
    with open("sorted.csv", newline="") as file:
        for row in csv.DictReader(file):
            links.setdefault(row["offer_id"], []).append(int(row["url"].rsplit("/", 1)[1]))
    assert len(links) == 5000 and all(sorted(each) == list(range(1, 13)) for each in links.values())
    print(f"{os.path.getsize('links.csv') / 1e6:.1f} MB, max_size {megabytes}: order kept for {sum(each == sorted(each) for each in links.values())} of 5000")
print("first link of offer 10000:", links["10000"])
PY
seen=$(venv/bin/python sort.py)
echo "$seen"
kept() { echo "$seen" | grep "max_size $1:" | grep -o 'for [0-9]*' | cut -d' ' -f2; }
[ "$(kept 100)" = 5000 ] && [ "$(kept 1)" -lt 100 ]
echo 'as found'
