// Adds a line to benches/history.jsonl, checks its lines and has them drawn: called by benches/history.
//
// A ratio is the server's figure as a multiple of the floor's in the same round of benches/table, so ratios are comparable
// between machines. Instructions are comparable under the conditions of benches/instructions/figures.json.
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"

import { draw } from "./history_plot.mjs"
import { CPU, PLAIN_ROWS, ROWS, keptFigures } from "./rows.mjs"

const ALL_ROWS = { ...ROWS, ...PLAIN_ROWS }

const isText = (value) => typeof value === "string" && value.trim() !== ""
const isCount = (value) => Number.isInteger(value) && value > 0
const isAbove0 = (value) => Number.isFinite(value) && value > 0
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value)

// The fields of a line: what a right value is, in words and as a test. All but `note` are required.
const FIELDS = {
  name: ["a name of letters, digits, _, - and .", (value) => isText(value) && /^[\w.-]+$/.test(value)],
  commit: ["a commit of 7 to 40 hexadecimal digits", (value) => isText(value) && /^[0-9a-f]{7,40}$/.test(value)],
  date: ["a date as 2026-11-29", (value) => isText(value) && /^\d{4}-\d\d-\d\d$/.test(value) && !isNaN(Date.parse(value))],
  machine: [
    "an object of the texts cpu and kernel and the number cores",
    (value) => isObject(value) && hasExactly(value, ["cpu", "cores", "kernel"]) && isText(value.cpu) &&
      isCount(value.cores) && isText(value.kernel),
  ],
  rounds: ["a number of rounds", isCount],
  seconds: ["a number of seconds", isCount],
  instructions: [
    "an object of counts above 0",
    (value) => isObject(value) && Object.keys(value).length > 0 && Object.values(value).every(isAbove0),
  ],
  ratios: ["an object of rows", isObject],
  note: ["a text", isText],
}

function hasExactly(object, keys) {
  return Object.keys(object).sort().join() === [...keys].sort().join()
}

// The faults of a line that was parsed, in words.
export function faults(line) {
  if (!isObject(line)) return ["it is no object"]
  const found = Object.keys(line).filter((key) => !(key in FIELDS)).map((key) => `there is no field ${key}`)
  for (const [key, [what, isRight]] of Object.entries(FIELDS)) {
    if (line[key] === undefined && key === "note") continue
    if (!isRight(line[key])) found.push(`${key} is not ${what}`)
  }
  return isObject(line.ratios) ? found.concat(ratioFaults(line.ratios)) : found
}

// A ratio is { median } or { median, min, max }, by row and figure.
function ratioFaults(rows) {
  const found = Object.keys(rows).filter((row) => !(row in ALL_ROWS)).map((row) => `benches/table has no row ${row}`)
  for (const row of Object.keys(ROWS)) if (!(row in rows)) found.push(`the row ${row} is missing`)
  for (const [row, figures] of Object.entries(rows)) {
    for (const [figure, ratio] of Object.entries(isObject(figures) ? figures : {})) {
      if (!keptFigures(row).includes(figure)) found.push(`${row}: ${figure} is not kept of this row`)
      if (!isRatio(ratio)) found.push(`${row}: ${figure} has no median, or not min ≤ median ≤ max`)
    }
    if (!isObject(figures) || !(CPU in figures)) found.push(`${row} has no CPU per delivery`)
  }
  return found
}

function isRatio(ratio) {
  if (!isObject(ratio) || !isAbove0(ratio.median)) return false
  if (hasExactly(ratio, ["median"])) return true
  return hasExactly(ratio, ["median", "min", "max"]) && [ratio.min, ratio.max].every(isAbove0) &&
    ratio.min <= ratio.median && ratio.median <= ratio.max
}

// The lines of the file. Throws all faults, each with the number of its line.
export function parseHistory(text) {
  const found = []
  const lines = text.split("\n").slice(0, -1).map((line, at) => {
    try {
      const parsed = JSON.parse(line)
      found.push(...faults(parsed).map((fault) => `line ${at + 1}: ${fault}`))
      return parsed
    } catch (error) {
      found.push(`line ${at + 1}: ${error.message}`)
      return {}
    }
  })
  if (!text.endsWith("\n")) found.push("the last line has no end")
  lines.forEach(({ name, date }, at) => {
    if (lines.findIndex((other) => other.name === name) < at) found.push(`line ${at + 1}: ${name} has a line before`)
    if (at && date < lines[at - 1].date) found.push(`line ${at + 1}: ${date} is before the date of the line above`)
  })
  if (found.length) throw new Error(found.join("\n"))
  return lines
}

// The line of a finished run: `results` is the folder of benches/table, `figures` the file of the instruction counts.
export function lineOf(name, note, results, figures) {
  const missing = Object.keys(ALL_ROWS).filter((row) => !existsSync(join(results, `${row}.finished`)))
  if (missing.length) throw new Error(`benches/table has not finished ${missing.join(", ")} in ${results}`)
  const settings = new Map(Object.keys(ALL_ROWS).map((row) => [row, readFileSync(join(results, `${row}.finished`), "utf8")]))
  if (new Set(settings.values()).size > 1) throw new Error("the rows are of different commits or settings: run benches/table again")
  const [first] = settings.values()
  const of = Object.fromEntries(first.trim().split("\n").map((line) => line.split(" ")))
  if (of.commit === "none") throw new Error("the rows are of no commit: there was no git repository")
  if (of.changes !== "none") throw new Error("the rows are of changes that were not committed")
  const runs = Object.keys(ALL_ROWS).map((row) => [row, JSON.parse(readFileSync(join(results, `${row}.json`), "utf8"))])
  const [[, { machine, started_at }]] = runs
  const { instructions } = JSON.parse(readFileSync(figures, "utf8"))
  return {
    name,
    commit: of.commit.slice(0, 12),
    date: started_at.slice(0, 10),
    machine: { cpu: machine.cpu_model, cores: machine.cores, kernel: machine.kernel },
    rounds: Number(of.rounds),
    seconds: Number(of.seconds),
    instructions: Object.fromEntries(Object.entries(instructions).map(([work, count]) => [work, countOf(count)])),
    ratios: Object.fromEntries(runs.map(([row, run]) => [row, ratiosOf(row, run)])),
    ...(note ? { note } : {}),
  }
}

// A count stands alone in figures.json, or beside its baseline.
function countOf(entry) {
  return isObject(entry) ? entry.recorded : entry
}

function ratiosOf(row, run) {
  const kept = run.ratios.filter(({ figure }) => keptFigures(row).includes(figure))
  const round = (value) => Number(value.toPrecision(3))
  return Object.fromEntries(
    kept.map(({ figure, median, min, max }) => [figure, { median: round(median), min: round(min), max: round(max) }]),
  )
}

function main([action, name, note]) {
  const file = process.env.HISTORY ?? "benches/history.jsonl"
  const drawing = process.env.HISTORY_SVG ?? "docs/history.svg"
  let text = readFileSync(file, "utf8")
  let lines = parseHistory(text)
  if (action === "check") {
    if (readFileSync(drawing, "utf8") !== draw(lines)) throw new Error(`${drawing} is not what ${file} draws: benches/history draw`)
    console.log(`${file}: ${lines.length} lines are in form, and ${drawing} is drawn from them`)
    return
  }
  if (action === "add") {
    const figures = process.env.FIGURES ?? "benches/instructions/figures.json"
    const line = lineOf(name, note, process.env.RESULTS ?? "target/table", figures)
    text += `${JSON.stringify(line)}\n`
    lines = parseHistory(text)
    writeFileSync(file, text)
  }
  writeFileSync(drawing, draw(lines))
  console.log(`${drawing}: ${lines.length} states`)
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    main(process.argv.slice(2))
  } catch (error) {
    console.error(`benches/history: ${error.message}`)
    process.exitCode = 1
  }
}
