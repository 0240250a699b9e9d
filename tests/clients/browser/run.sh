#!/bin/sh
# Installs what package-lock.json names and runs the suite against the lobbyd built last (or $TESTED_LOBBYD).
set -eu
cd "$(dirname "$0")"
TESTED_LOBBYD=$(node ../phoenix_js/lobbyd.mjs) # or ends here, and says why
export TESTED_LOBBYD
npm ci --silent
exec node --test --test-reporter=spec --test-timeout=120000 run.mjs
