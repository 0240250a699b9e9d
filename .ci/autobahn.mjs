// Judges the report of Autobahn's fuzzing client, and lists the cases that failed: node .ci/autobahn.mjs index.json
import { readFileSync } from "node:fs"

// UNIMPLEMENTED is what the suite says of compression alone; INFORMATIONAL cases have no right answer.
const PASSED = ["OK", "NON-STRICT", "INFORMATIONAL", "UNIMPLEMENTED"]

const agents = JSON.parse(readFileSync(process.argv[2], "utf8"))
const cases = Object.values(agents).flatMap((found) => Object.entries(found))
const counts = {}
for (const [, { behavior }] of cases) counts[behavior] = (counts[behavior] ?? 0) + 1
const failed = cases.filter((each) => [each[1].behavior, each[1].behaviorClose].some((word) => !PASSED.includes(word)))
for (const [name, { behavior, behaviorClose }] of failed) console.log(`case ${name}: ${behavior}, its close ${behaviorClose}`)
console.log(`${cases.length} cases: ${Object.entries(counts).map(([word, n]) => `${n} ${word}`).join(", ")}`)
if (!cases.length || failed.length) process.exitCode = 1
