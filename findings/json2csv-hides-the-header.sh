#!/usr/bin/env bash
# @json2csv/plainjs and @json2csv/formatters 7.0.8 (npm): the formatter that keeps IDs as text in Excel hides the header too.
#
# Guess: `stringExcel` for strings turns the cells into ="16" and leaves the names of the columns alone.
# Seen: without a header formatter of its own, the header goes through the one for strings: the column is called ="offer_id",
# and a reader that looks for offer_id finds none.
# What follows: give the parser a header formatter (stringQuoteOnlyIfNecessary()) besides. offerlinks takes ="16" for 16.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund @json2csv/plainjs@7.0.8 @json2csv/formatters@7.0.8 >/dev/null
cat >write.mjs <<'JS'
import {Parser} from '@json2csv/plainjs';
import {stringExcel, stringQuoteOnlyIfNecessary} from '@json2csv/formatters';
const write = formatters => new Parser({formatters}).parse([{offer_id: '16'}]).replace('\n', ' / ');
console.log(`strings only: ${write({string: stringExcel})}`);
console.log(`with a header formatter: ${write({string: stringExcel, header: stringQuoteOnlyIfNecessary()})}`);
JS
seen=$(node write.mjs)
echo "$seen"
[ "$seen" = $'strings only: "=""offer_id""" / "=""16"""\nwith a header formatter: offer_id / "=""16"""' ]
echo 'as found'
