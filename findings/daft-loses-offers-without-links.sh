#!/usr/bin/env bash
# daft 0.7.26 (PyPI), SQL: of three offers, "those with no link in today's file" are none, though two of them have none.
#
# Guess: `(select count(*) from links where links.offer_id = offers.offer_id) = 0` finds them, as in SQLite.
# Seen: for an offer without a link the count is not 0 but NULL, and NULL is neither equal to 0 nor less than 1 nor different from 2, so the
# row is gone, whichever way one asks; no error. (The subquery is made into an outer join on groups, and an offer without links has no
# group. Planners have fallen into that for forty years.) Beside it, `not in` passes over a NULL in the list: it gives offers where SQL says
# that nothing is known. `not exists` and an outer join with `count(url)` are right.
# What follows: ask with `not exists`, or let `offerlinks --changes` say which offers lost their links.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip -q install daft==0.7.26
cat >ask.py <<'PY'
import sqlite3

import daft

OFFERS, LINKS, LIST = ["16", "17", "18"], [("16", "https://t.example/1"), ("16", "https://t.example/2")], ["16", None]
offers = daft.from_pydict({"offer_id": OFFERS})
links = daft.from_pydict({"offer_id": [row[0] for row in LINKS], "url": [row[1] for row in LINKS]})
paused = daft.from_pydict({"offer_id": LIST})
sqlite = sqlite3.connect(":memory:")
sqlite.executescript("create table offers (offer_id text); create table links (offer_id text, url text); create table paused (offer_id text)")
sqlite.executemany("insert into offers values (?)", [(each,) for each in OFFERS])
sqlite.executemany("insert into links values (?, ?)", LINKS)
sqlite.executemany("insert into paused values (?)", [(each,) for each in LIST])

count = "(select count(*) from links where links.offer_id = offers.offer_id)"
asked = {
    f"{count} = 0": ["17", "18"],
    f"{count} <> 2": ["17", "18"],
    "not exists (select 1 from links where links.offer_id = offers.offer_id)": ["17", "18"],
    "offer_id not in (select offer_id from paused)": [],
}
seen = []
for where, right in asked.items():
    query = f"select offer_id from offers where {where}"
    assert sorted(row[0] for row in sqlite.execute(query)) == right
    found = daft.sql(query, offers=offers, links=links, paused=paused).to_pydict()["offer_id"]
    seen.append(sorted(found))
    print(f"{where}: SQLite {right}, daft {seen[-1]}")
assert seen == [[], [], ["17", "18"], ["17", "18"]]
PY
DO_NOT_TRACK=1 DAFT_ANALYTICS_ENABLED=0 venv/bin/python ask.py
echo 'as found'
