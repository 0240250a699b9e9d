// Draws docs/benchmarks.svg from the results of benches/table: the server's CPU per delivery and its p99 as multiples of the
// floor's, median of the rounds with the smallest and the largest. Rows that are not finished are left out.
//
//   node benches/plot.mjs target/table docs/benchmarks.svg
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

import { CPU, ROWS, delayFigure } from "./rows.mjs"

const [folder, file] = process.argv.slice(2)
if (!folder || !file) {
  console.error("usage: node benches/plot.mjs RESULTS FILE.svg")
  process.exit(2)
}

const FIGURES = [
  [() => CPU, "CPU per delivery", "cpu"],
  [delayFigure, "p99 delay", "delay"],
]

const there = new Set(readdirSync(folder))
const rows = Object.entries(ROWS)
  .filter(([name]) => there.has(`${name}.finished`))
  .map(([name, words]) => [name, words, JSON.parse(readFileSync(join(folder, `${name}.json`))).ratios])

const LEFT = 290, WIDTH = 400, ROW = 46, TOP = 52, MOST = 2
const x = (ratio) => LEFT + (Math.min(ratio, MOST) / MOST) * WIDTH
const text = (at, y, words, rest = "") => `<text x="${at}" y="${y}" ${rest}>${words}</text>`
const bar = ({ median, min, max }, y, kind) => [
  `<rect class="${kind}" x="${LEFT}" y="${y}" width="${x(median) - LEFT}" height="14" rx="2"/>`,
  `<path class="spread" d="M${x(min)} ${y + 7}H${x(max)}M${x(min)} ${y + 3}v8${max > MOST ? "" : `M${x(max)} ${y + 3}v8`}"/>`,
  // A spread that goes on beyond the drawing has no end mark, but its largest.
  text(x(Math.max(median, max)) + 6, y + 11, `${median.toFixed(2)}×${max > MOST ? `, to ${max.toFixed(1)}×` : ""}`),
]
const height = TOP + rows.length * ROW + 30
const drawn = rows.flatMap(([name, words, ratios], row) => [
  text(LEFT - 10, TOP + row * ROW + 20, words, 'text-anchor="end"'),
  ...FIGURES.flatMap(([figure, , kind], place) => {
    const ratio = ratios.find((ratio) => ratio.figure === figure(name))
    return ratio ? bar(ratio, TOP + row * ROW + place * 17, kind) : []
  }),
])
const legend = FIGURES.flatMap(([, words, kind], place) => [
  `<rect class="${kind}" x="${LEFT + place * 150}" y="14" width="12" height="12" rx="2"/>`,
  text(LEFT + place * 150 + 18, 24, words),
])
writeFileSync(
  file,
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 820 ${height}" role="img" font-family="sans-serif" font-size="12">
<title>CPU per delivery and p99 delay of lobbyd as multiples of the floor's</title>
<style>
text { fill: #1f2933 } .cpu { fill: #d9622b } .delay { fill: #2b6cb0 } .spread { stroke: #1f2933; fill: none }
.floor { stroke: #1f2933; stroke-dasharray: 4 3 } .page { fill: #ffffff }
@media (prefers-color-scheme: dark) {
  text { fill: #e4e7eb } .cpu { fill: #ff9657 } .delay { fill: #63a4ff } .spread, .floor { stroke: #e4e7eb } .page { fill: #15191e }
}
</style>
<rect class="page" width="820" height="${height}"/>
${legend.join("\n")}
${drawn.join("\n")}
<path class="floor" d="M${x(1)} ${TOP - 8}V${height - 26}"/>
${text(x(1), height - 10, "the floor", 'text-anchor="middle"')}
</svg>
`,
)
console.log(`${file}: ${rows.length} rows`)
