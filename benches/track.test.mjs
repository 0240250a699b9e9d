// benches/track against folders as criterion writes them: node --test benches/track.test.mjs
import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, test } from "node:test"
import { fileURLToPath } from "node:url"

import { duration, parseLimit } from "./track.mjs"

const TRACK = fileURLToPath(new URL("track", import.meta.url))
let home

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "track-"))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

// Writes a state of a bench: its median in nanoseconds, and how far its confidence interval reaches to both sides.
function write(bench, state, ns, spread = ns / 100) {
  const folder = join(home, ...bench.split("/"), state)
  mkdirSync(folder, { recursive: true })
  const interval = { confidence_level: 0.95, lower_bound: ns - spread, upper_bound: ns + spread }
  writeFileSync(join(folder, "estimates.json"), JSON.stringify({ median: { point_estimate: ns, confidence_interval: interval } }))
  writeFileSync(join(folder, "benchmark.json"), JSON.stringify({ full_id: bench }))
}

function track(...words) {
  const { status, stdout, stderr } = spawnSync(TRACK, words, {
    encoding: "utf8",
    env: { ...process.env, CRITERION_HOME: home },
  })
  return { status, stdout, stderr }
}

test("compare fails over the limit and names the bench", () => {
  write("decode/V2/64 B", "main", 100)
  write("decode/V2/64 B", "new", 112)
  write("seal/64 B", "main", 100)
  write("seal/64 B", "new", 109)
  const found = track("compare", "main", "--no-run", "--fail-over", "10%")
  assert.equal(found.status, 1, found.stderr)
  assert.match(found.stdout, /FAILED: slower by more than 10%:\n {2}decode\/V2\/64 B\n$/)
  assert.match(found.stdout, /decode\/V2\/64 B +100 ns +\+12\.0 % +112 ns/)
})

test("compare holds at the limit, and without a limit it only shows", () => {
  write("seal", "main", 100)
  write("seal", "new", 150)
  assert.equal(track("compare", "main", "--no-run", "--fail-over", "50%").status, 0)
  assert.equal(track("compare", "main", "--no-run").status, 0)
  assert.equal(track("compare", "main", "--no-run", "--fail-over", "49.9%").status, 1)
})

test("growth within what the samples vary is shown in brackets and does not fail", () => {
  write("loopback", "main", 100, 20)
  write("loopback", "new", 130, 20)
  const found = track("compare", "main", "--no-run", "--fail-over", "10%")
  assert.equal(found.status, 0, found.stdout)
  assert.match(found.stdout, /\(\+30\.0 %\)/)
})

test("any number of states are compared, and each may fail", () => {
  write("seal", "v1", 100)
  write("seal", "v2", 200)
  write("seal", "new", 120)
  const found = track("compare", "v2", "v1", "--no-run", "--fail-over", "10%")
  assert.equal(found.status, 1)
  assert.match(found.stdout, /seal +200 ns +-40\.0 % +100 ns +\+20\.0 % +120 ns/)
  assert.equal(track("compare", "v2", "--no-run", "--fail-over", "10%").status, 0)
})

test("benches that only one side has are named", () => {
  write("seal", "main", 100)
  write("fresh", "new", 100)
  const found = track("compare", "main", "--no-run")
  assert.equal(found.status, 0)
  assert.match(found.stdout, /fresh +- +new +100 ns/)
  assert.match(found.stdout, /Saved, but not in this run:\n {2}seal\n/)
})

test("filter leaves the other benches out", () => {
  for (const bench of ["decode", "seal"]) {
    write(bench, "main", 100)
    write(bench, "new", 200)
  }
  const found = track("compare", "main", "--no-run", "--filter", "seal", "--fail-over", "10%")
  assert.match(found.stdout, /FAILED.*\n {2}seal\n$/)
  assert.doesNotMatch(found.stdout, /decode/)
})

test("an unknown state, a limit that is no percentage and a reserved name are refused", () => {
  write("seal", "main", 100)
  write("seal", "new", 100)
  const cases = [
    [["compare", "mian", "--no-run"], /no saved state is called mian; there are: main/],
    [["compare", "main", "--no-run", "--fail-over", "10"], /write it as 10%/],
    [["compare", "main", "--no-run", "--filter", "nothing"], /no bench of the last run has "nothing"/],
    [["compare", "--no-run"], /compare takes the name of a saved state/],
    [["compare", "main", "--fast"], /there is no flag --fast/],
    [["save", "new"], /criterion's own/],
    [["forget"], /benches\/track save NAME/],
  ]
  for (const [words, message] of cases) {
    const found = track(...words)
    assert.equal(found.status, 2, words.join(" "))
    assert.match(found.stderr, message)
  }
})

test("list shows the saved states alone", () => {
  assert.match(track("list").stdout, /no state is saved yet/)
  for (const state of ["main", "before", "new", "base", "change"]) write("seal", state, 100)
  assert.equal(track("list").stdout, "before\nmain\n")
})

test("limits and durations are read and written with their units", () => {
  assert.equal(parseLimit("0.3%"), 0.003)
  assert.throws(() => parseLimit("-1%"))
  assert.deepEqual([0.5, 12.34, 1234, 5.6e6, 7e9].map(duration), ["0.500 ns", "12.3 ns", "1.23 µs", "5.60 ms", "7.00 s"])
})
