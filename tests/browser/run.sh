#!/bin/sh
# Installs what package-lock.json names and runs the suite against the lobbyd built last (or $LOBBYD_BIN).
set -eu
cd "$(dirname "$0")"
npm ci --silent
exec node --test --test-reporter=spec --test-timeout=120000 run.mjs
