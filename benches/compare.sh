#!/usr/bin/env bash
# What else people use for this job, against the same in-process server and the same offers: curl with jq, and qsv
# where it is installed. Prints ratios to the bare loop.  Usage: benches/compare.sh [OFFERS]
set -euo pipefail
cd "$(dirname "$0")/.."
offers=${1:-20000}
folder=$(mktemp -d)
cargo build --release --quiet
cargo bench --bench end_to_end --no-run 2>"$folder/built"
bench=$(sed -n 's/.*end_to_end.rs (\(.*\))$/\1/p' "$folder/built")
"$bench" serve >"$folder/url" &
server=$!
trap 'kill $server; rm -r "$folder"' EXIT
while [ ! -s "$folder/url" ]; do sleep 0.1; done
url=$(cat "$folder/url")
{ echo offer_id; seq "$offers"; } >"$folder/offers.csv"

with_bare() { "$bench" bare "$url" "$folder/offers.csv" "$folder/bare.csv"; }

with_offerlinks() {
    OFFERSLOOK_BASE_URL=$url OFFERSLOOK_EMAIL=me@example.com OFFERSLOOK_API_KEY=key \
        target/release/offerlinks export "$folder/offers.csv" -o "$folder/ours.csv" -q -j 64 --rate none
}

with_curl() {
    curl --silent --parallel --parallel-max 64 --user me@example.com:key \
        "$url/aff/v1/offers/[1-$offers]/tracking_links" |
        jq -r '.data.tracking_link as $l | $l.offer_url[]
            | [.type, .name, .tracking_link, .preview_url, $l.url, $l.impression_pixel] | @csv' >"$folder/curl.csv"
}

with_qsv() {
    qsv fetch --url-template "$url/aff/v1/offers/{offer_id}/tracking_links" --rate-limit 0 --max-errors 0 \
        "$folder/offers.csv" >"$folder/qsv.csv" 2>/dev/null
}

# Seconds of wall time and of CPU, of everything that a function starts.
measure() {
    local TIMEFORMAT='%R %U %S'
    { time "with_$1" >/dev/null; } 2>&1 | tail -n 1
}

tools="bare offerlinks curl"
if command -v qsv >/dev/null; then tools="$tools qsv"; fi
for tool in $tools; do echo "$tool $(measure "$tool")"; done |
    awk -v offers="$offers" '
        BEGIN { printf "%-12s %10s %14s %8s %8s\n", "", "offers/s", "CPU us/offer", "wall", "CPU" }
        NR == 1 { wall = $2; cpu = $3 + $4 }
        { printf "%-12s %10d %14.1f %7.2fx %7.2fx\n", $1, offers / $2, ($3 + $4) / offers * 1e6, $2 / wall, ($3 + $4) / cpu }'
