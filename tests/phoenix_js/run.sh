#!/bin/sh
# Installs what package-lock.json names and runs all suites, the last against the lobbyd built last (or $LOBBYD_BIN).
set -eu
cd "$(dirname "$0")"
LOBBYD_BIN=$(node lobbyd.mjs) # or ends here, and says why
export LOBBYD_BIN
npm ci --silent
# Old clients leave timers running after disconnect(), hence the forced exit.
exec node --test --test-reporter=spec --test-timeout=60000 --test-force-exit own_client.mjs schedule.mjs run.mjs
