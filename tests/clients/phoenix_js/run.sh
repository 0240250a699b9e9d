#!/bin/sh
# Installs what package-lock.json names and runs all suites, the last against the lobbyd built last (or $TESTED_LOBBYD).
# PYJWT names a directory with PyJWT, whose tokens are tried too.
set -eu
cd "$(dirname "$0")"
TESTED_LOBBYD=$(node lobbyd.mjs) # or ends here, and says why
export TESTED_LOBBYD
npm ci --silent
# Old clients leave timers running after disconnect(), hence the forced exit.
exec node --test --test-reporter=spec --test-timeout=60000 --test-force-exit own_client.mjs schedule.mjs tokens.mjs run.mjs
