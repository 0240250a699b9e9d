// Compares states of the benches from the files that criterion leaves: called by benches/track.
//
// A bench has a folder with one folder per saved state, and `new` for its last run. estimates.json there holds the median
// in nanoseconds with its confidence interval, benchmark.json the full name.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"

// Folders that criterion writes itself: no name for a state.
const RESERVED = ["base", "change", "last", "new", "report"]

// Every bench below `home`: its full name, and the medians of its states by their names.
export function readBenches(home) {
  const benches = new Map()
  const visit = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (!entry.isDirectory()) continue
      const [estimates, benchmark] = [join(path, "estimates.json"), join(path, "benchmark.json")]
      if (!existsSync(estimates) || !existsSync(benchmark)) {
        visit(path)
        continue
      }
      const name = JSON.parse(readFileSync(benchmark, "utf8")).full_id
      const { median } = JSON.parse(readFileSync(estimates, "utf8"))
      const state = {
        ns: median.point_estimate,
        low: median.confidence_interval.lower_bound,
        high: median.confidence_interval.upper_bound,
        writtenAt: statSync(estimates).mtimeMs / 1000,
      }
      if (!benches.has(name)) benches.set(name, new Map())
      benches.get(name).set(entry.name, state)
    }
  }
  if (existsSync(home)) visit(home)
  return benches
}

export function savedStates(benches) {
  const names = new Set([...benches.values()].flatMap((states) => [...states.keys()]))
  return [...names].filter((name) => !RESERVED.includes(name)).sort()
}

// "10%" as 0.1. Throws what to type instead.
export function parseLimit(text) {
  const number = /^(\d+(?:\.\d+)?)%$/.exec(text)
  if (!number) throw new Error(`--fail-over ${JSON.stringify(text)} is no percentage; write it as 10%`)
  return Number(number[1]) / 100
}

// A row for each bench of the last run, the largest growth first, and the names that only one side has.
export function compare(benches, names, { since = 0, filter = "" } = {}) {
  const rows = []
  const notRun = []
  for (const [bench, states] of benches) {
    const now = states.get("new")
    const before = names.map((name) => states.get(name))
    if (now && now.writtenAt >= since && bench.includes(filter)) {
      rows.push({ bench, now, before, changes: before.map((state) => state && change(state, now)) })
    } else if (before.some(Boolean) && bench.includes(filter)) {
      notRun.push(bench)
    }
  }
  const growth = (row) => Math.max(...row.changes.map((found) => found?.ratio ?? 0))
  rows.sort((a, b) => growth(b) - growth(a) || a.bench.localeCompare(b.bench))
  return { rows, notRun: notRun.sort() }
}

// By how much the median grew, and whether the confidence intervals are apart: else chance may be all of it.
function change(before, now) {
  const isApart = now.low > before.high || now.high < before.low
  return { ratio: now.ns / before.ns - 1, isApart }
}

// The benches that became slower than under some name by more than `limit`, beyond chance.
export function overLimit(rows, limit) {
  return rows.filter((row) => row.changes.some((found) => found?.isApart && found.ratio > limit))
}

export function duration(ns) {
  for (const [unit, size] of [["s", 1e9], ["ms", 1e6], ["µs", 1e3]]) {
    if (ns >= size) return `${(ns / size).toPrecision(3)} ${unit}`
  }
  return `${ns.toPrecision(3)} ns`
}

function percent(found) {
  if (!found) return "new"
  const sign = found.ratio < 0 ? "-" : "+"
  const text = `${sign}${Math.abs(found.ratio * 100).toFixed(1)} %`
  return found.isApart ? text : `(${text})`
}

export function table(rows, names) {
  const cells = rows.map(({ bench, now, before, changes }) => [
    bench,
    ...before.flatMap((state, at) => [state ? duration(state.ns) : "-", percent(changes[at])]),
    duration(now.ns),
  ])
  const all = [["bench", ...names.flatMap((name) => [name, "since"]), "now"], ...cells]
  const widths = all[0].map((_, column) => Math.max(...all.map((row) => row[column].length)))
  const line = (row) => row.map((cell, at) => (at ? cell.padStart(widths[at]) : cell.padEnd(widths[at]))).join("  ")
  return all.map(line).join("\n")
}

function checkCompare(benches, names) {
  const saved = savedStates(benches)
  const unknown = names.filter((name) => !saved.includes(name))
  if (!unknown.length) return
  const there = saved.length ? `there are: ${saved.join(", ")}` : "none is saved yet: benches/track save NAME"
  throw new Error(`no saved state is called ${unknown.join(" or ")}; ${there}`)
}

function checkName(name) {
  if (RESERVED.includes(name)) throw new Error(`${name} is a folder of criterion's own; choose another name`)
  if (!/^\w[\w.-]*$/.test(name)) throw new Error(`${JSON.stringify(name)} is no name; use letters, digits, _, - and . behind the first`)
}

function showCompared(benches, [since, filter, limit, ...names]) {
  const { rows, notRun } = compare(benches, names, { since: Number(since), filter })
  if (!rows.length) throw new Error(`no bench of the last run has ${JSON.stringify(filter)} in its name`)
  console.log(`\nMedian of each bench. In brackets: within what the samples vary.\n\n${table(rows, names)}`)
  if (notRun.length) console.log(`\nSaved, but not in this run:\n  ${notRun.join("\n  ")}`)
  if (!limit) return 0
  if (!rows.some((row) => row.changes.some(Boolean))) throw new Error(`nothing to compare: no bench here is in ${names.join(" or ")}`)
  if (notRun.length) {
    console.log("\nFAILED: the benches above were saved, and are not in this run. Run them, or save the state anew.")
    return 1
  }
  const over = overLimit(rows, parseLimit(limit))
  if (!over.length) {
    console.log(`\nHELD: no bench is slower by more than ${limit}.`)
    return 0
  }
  console.log(`\nFAILED: slower by more than ${limit}:\n  ${over.map((row) => row.bench).join("\n  ")}`)
  return 1
}

function main([action, ...words]) {
  const benches = readBenches(process.env.CRITERION_HOME ?? "target/criterion")
  switch (action) {
    case "list":
      console.log(savedStates(benches).join("\n") || "no state is saved yet: benches/track save NAME")
      return 0
    case "check-name":
      checkName(words[0])
      return 0
    case "check-compare":
      if (words[0]) parseLimit(words[0])
      checkCompare(benches, words.slice(1))
      return 0
    case "compare":
      return showCompared(benches, words)
    default:
      throw new Error("call benches/track, which calls this")
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    process.exitCode = main(process.argv.slice(2))
  } catch (error) {
    console.error(`benches/track: ${error.message}`)
    process.exitCode = 2
  }
}
