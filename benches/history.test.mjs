// benches/history against files and results as they are written: node --test benches/history.test.mjs
import assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, test } from "node:test"
import { fileURLToPath } from "node:url"

import { faults, parseHistory } from "./history.mjs"
import { draw } from "./history_plot.mjs"
import { CPU, PLAIN_ROWS, ROWS } from "./rows.mjs"

const HISTORY = fileURLToPath(new URL("history", import.meta.url))
const SETTINGS = "commit 0123456789abcdef\nchanges none\nrounds 5\nseconds 5\n"
let home

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "history-"))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

function line(changes = {}) {
  const ratios = Object.fromEntries(Object.keys(ROWS).map((row) => [row, { [CPU]: { median: 0.5, min: 0.4, max: 0.6 } }]))
  return {
    name: "v1",
    commit: "0123456",
    date: "2026-11-25",
    machine: { cpu: "a processor", cores: 2, kernel: "Linux 6" },
    rounds: 5,
    seconds: 3,
    instructions: { "a decode": 100.5 },
    ratios,
    ...changes,
  }
}

const textOf = (lines) => lines.map((each) => `${JSON.stringify(each)}\n`).join("")

// Writes a finished row, as benches/table leaves it.
function finish(row, settings = SETTINGS) {
  const ratio = (figure) => ({ figure, floor: "floor_batch", median: 0.51234, min: 0.4, max: 0.6, rounds: 5 })
  const machine = { cpu_model: "a processor", cores: 2, kernel: "Linux 6", memory_bytes: 1 }
  const run = { started_at: "2026-12-01T10:00:00Z", machine, ratios: [ratio(CPU), ratio("p50 latency")] }
  writeFileSync(join(home, `${row}.json`), JSON.stringify(run))
  writeFileSync(join(home, `${row}.finished`), settings)
}

function history(lines, ...words) {
  const file = join(home, "history.jsonl")
  writeFileSync(file, textOf(lines))
  writeFileSync(join(home, "figures.json"), JSON.stringify({ instructions: { "a decode": 99, "a seal": { recorded: 7.5, baseline: 7 } } }))
  const env = {
    ...process.env,
    HISTORY: file,
    HISTORY_SVG: join(home, "history.svg"),
    FIGURES: join(home, "figures.json"),
    RESULTS: home,
  }
  const { status, stdout, stderr } = spawnSync(HISTORY, words, { encoding: "utf8", env })
  return { status, stdout, stderr, text: readFileSync(file, "utf8") }
}

test("line in form has no faults", () => {
  assert.deepEqual(faults(line()), [])
  assert.deepEqual(faults(line({ note: "four rounds" })), [])
})

test("faults of a line name the field and what it should be", () => {
  const wrong = { commit: "HEAD", date: "2026-13-01", rounds: 0, instructions: {}, note: "", colour: 1 }
  assert.deepEqual(faults(line(wrong)), [
    "there is no field colour",
    "commit is not a commit of 7 to 40 hexadecimal digits",
    "date is not a date as 2026-11-29",
    "rounds is not a number of rounds",
    "instructions is not an object of counts above 0",
    "note is not a text",
  ])
})

test("ratios need each row with a floor, and min ≤ median ≤ max", () => {
  const { ratios } = line()
  ratios["rate-1000-100"] = { [CPU]: { median: 2, min: 1, max: 1.5 } }
  ratios.unheard = { [CPU]: { median: 1 } }
  delete ratios["fanout-1000-16"]
  assert.deepEqual(faults(line({ ratios })), [
    "benches/table has no row unheard",
    "the row fanout-1000-16 is missing",
    `rate-1000-100: ${CPU} has no median, or not min ≤ median ≤ max`,
  ])
})

test("names stand once, and dates in order", () => {
  const lines = [line({ date: "2026-11-26" }), line()]
  assert.throws(() => parseHistory(textOf(lines)), /line 2: v1 has a line before\nline 2: 2026-11-25 is before/)
  assert.throws(() => parseHistory("{\n"), /line 1: /)
})

test("add appends a line of the finished rows and the counts, and draws it", () => {
  for (const row of Object.keys({ ...ROWS, ...PLAIN_ROWS })) finish(row)
  const found = history([line()], "add", "v2", "a note")
  assert.equal(found.status, 0, found.stderr)
  const [before, added] = parseHistory(found.text)
  assert.deepEqual(before, line())
  assert.equal(added.commit, "0123456789ab")
  assert.equal(added.date, "2026-12-01")
  assert.deepEqual(added.instructions, { "a decode": 99, "a seal": 7.5 })
  assert.deepEqual(added.ratios["plain-1000-16"], { [CPU]: { median: 0.512, min: 0.4, max: 0.6 } })
  assert.match(readFileSync(join(home, "history.svg"), "utf8"), /v2/)
})

test("add refuses rows that are missing, mixed or of changes", () => {
  assert.match(history([line()], "add", "v2").stderr, /has not finished fanout-1000-16, /)
  const rows = Object.keys({ ...ROWS, ...PLAIN_ROWS })
  for (const row of rows) finish(row)
  finish(rows[0], SETTINGS.replace("rounds 5", "rounds 1"))
  assert.match(history([line()], "add", "v2").stderr, /of different commits or settings/)
  for (const row of rows) finish(row, SETTINGS.replace("none", "0123"))
  const found = history([line()], "add", "v2")
  assert.match(found.stderr, /of changes that were not committed/)
  assert.deepEqual([found.status, found.text], [1, textOf([line()])])
})

test("a wrong call exits with 2, shows the calls, and writes nothing", () => {
  for (const words of [[], ["add"], ["add", ""], ["add", "v2", "note", "more"], ["draw", "v2"], ["erase"]]) {
    const found = history([line()], ...words)
    assert.deepEqual([found.status, found.text], [2, textOf([line()])], words.join(" "))
    assert.match(found.stderr, /benches\/history add NAME \[NOTE\]/)
  }
})

test("check fails when the drawing is not of the file", () => {
  assert.equal(history([line()], "draw").status, 0)
  assert.equal(history([line()], "check").status, 0)
  const found = history([line({ name: "v3" })], "check")
  assert.equal(found.status, 1)
  assert.match(found.stderr, /benches\/history draw/)
})

test("drawing has a plot for each row and count, with the newest figures", () => {
  const drawn = draw([line(), line({ name: "v2", instructions: { "a decode": 90, "a < seal": 1 } })])
  for (const words of [...Object.values(ROWS), "a decode", "a &lt; seal", "0.50×", ">90<", ">v1<", ">v2<"]) {
    assert.ok(drawn.includes(words), words)
  }
  assert.ok(draw([line()]).includes(">v1<"))
})
