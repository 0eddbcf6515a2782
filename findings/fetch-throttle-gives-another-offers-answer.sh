#!/usr/bin/env bash
# fetch-throttle 0.1.0 (npm): calls that had to wait get each other's answers or none: offer 10 gets the links of offer 6.
#
# Guess: `throttle(fetch, 5, 1000)` gives each call its own answer, some of them later: it "wraps a function returning a Promise".
# Seen: all ten calls are made, at the right pace, and the first five are answered right. The next five leave together a second later, and
# share one place for whom to answer, which is that of the last of them: it gets whichever answer comes first, and the promises of the other
# four stay open for ever, so that a `Promise.all` over ten offers never comes back. With up to five calls a second a test sees nothing.
# valvelet 1.1.1 answers all of them right.
# What follows: take another limiter; and where links are looked up side by side, check that an answer names the offer that was asked.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund fetch-throttle@0.1.0 valvelet@1.1.1 >/dev/null
cat >run.cjs <<'JS'
const wrap = {'fetch-throttle': require('fetch-throttle'), valvelet: require('valvelet')};
const pause = ms => new Promise(resolve => setTimeout(resolve, ms));
const offers = Array.from({length: 10}, (_, index) => index + 1);
(async () => {
  const seen = {};
  for (const [name, limit] of Object.entries(wrap)) {
    let made = 0;
    const answers = {};
    const get = limit(async offer => { made++; return `links of ${offer}`; }, 5, 1000);
    for (const offer of offers) get(offer).then(answer => { answers[offer] = answer; });
    await pause(4000);
    const given = offers.filter(offer => offer in answers);
    seen[name] = {made, given: given.length, wrong: given.filter(offer => answers[offer] !== `links of ${offer}`).length};
    console.log(`${name}: ${made} of 10 calls made, ${given.length} answered; offer 10 got ${answers[10]}`);
  }
  const {'fetch-throttle': found, valvelet} = seen;
  process.exit(found.made === 10 && found.given < 10 && found.wrong >= 1 && valvelet.given === 10 && valvelet.wrong === 0 ? 0 : 1);
})();
JS
node run.cjs
echo 'as found'
