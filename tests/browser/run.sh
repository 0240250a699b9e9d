#!/bin/sh
# Installs what package-lock.json names and runs the suite against the lobbyd built last (or $LOBBYD_BIN).
set -eu
cd "$(dirname "$0")"
LOBBYD_BIN=$(node ../phoenix_js/lobbyd.mjs) # or ends here, and says why
export LOBBYD_BIN
npm ci --silent
exec node --test --test-reporter=spec --test-timeout=120000 run.mjs
