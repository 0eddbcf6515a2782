#!/usr/bin/env bash
# boltons 26.2.0 (PyPI), boltons.urlutils: a parameter added to a tracking link changes the link that is inside of it.
#
# Guess: `url.query_params['sub'] = 'x'` and `to_text()` give the same link and one parameter more, as furl 2.1.4 and yarl 1.25.1 do;
# how the others are written may change, what they mean does not.
# Seen: `%25` comes out as a bare `%`, so that a link which is encoded twice (a redirect within a redirect, as tracking links have)
# is encoded once: its `%2526b=2` becomes `%26b=2`, and the landing page gets the parameters that were meant for the page behind it.
# A value with `;` in it becomes two parameters. Read and written again, the same link changes a second time.
# What follows: `to_text(full_quote=True)` keeps the former; the latter has no remedy. Or let `offerlinks export --append` do it,
# which leaves every byte of the link as it was.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip -q install boltons==26.2.0 furl==2.1.4 yarl==1.25.1
cat >append.py <<'PY'
from urllib.parse import parse_qsl, quote, urlsplit

import furl, yarl
from boltons.urlutils import URL

behind = "https://shop.example/?a=1&b=2"
landing = f"https://page.example/?next={quote(behind, safe='')}&c=3"
link = f"https://t.example/c?offer=16&to={quote(landing, safe='')}&list=1;2"


def by_boltons(link, **how):
    url = URL(link)
    url.query_params["sub"] = "x"
    return url.to_text(**how)


def by_furl(link):
    url = furl.furl(link)
    url.args["sub"] = "x"
    return url.url


def page(link):
    to = dict(parse_qsl(urlsplit(link).query))["to"]
    return dict(parse_qsl(urlsplit(to).query))


for name, added in {
    "boltons": by_boltons(link),
    "boltons, full_quote": by_boltons(link, full_quote=True),
    "furl": by_furl(link),
    "yarl": str(yarl.URL(link).update_query(sub="x")),
}.items():
    print(f"{name}: next page {page(added)['next']}, list {dict(parse_qsl(urlsplit(added).query))['list']}")
PY
seen=$(venv/bin/python append.py)
echo "$seen"
[ "$seen" = 'boltons: next page https://shop.example/?a=1, list 1
boltons, full_quote: next page https://shop.example/?a=1&b=2, list 1
furl: next page https://shop.example/?a=1&b=2, list 1;2
yarl: next page https://shop.example/?a=1&b=2, list 1;2' ]
echo 'as found'
