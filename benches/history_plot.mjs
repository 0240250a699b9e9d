// Draws the lines of benches/history.jsonl as an SVG: one small plot for each row of benches/table and for each count.
import { CPU, ROWS } from "./rows.mjs"

const LEFT = 370, WIDTH = 330, ROW = 50, PLOT = 40, TOP = 34
// Names of states below a plot have this much room each; with more states only the first and the last are named.
const NAMES_MAX = 5

// The drawing of parsed lines, oldest first.
export function draw(lines) {
  const x = (at) => LEFT + 12 + (lines.length > 1 ? (at / (lines.length - 1)) * (WIDTH - 24) : (WIDTH - 24) / 2)
  const ratios = Object.entries(ROWS).map(([row, words]) => ({
    words,
    floor: true,
    points: lines.map((line) => line.ratios[row]?.[CPU]),
  }))
  const works = [...new Set(lines.flatMap((line) => Object.keys(line.instructions)))]
  const counts = works.map((work) => ({
    words: work,
    points: lines.map((line) => work in line.instructions ? { median: line.instructions[work] } : undefined),
  }))
  const between = TOP + ratios.length * ROW + 30
  const drawn = [
    heading(18, "Server CPU per delivery, as a multiple of the floor's (dashed): median, smallest and largest of the rounds; from 0"),
    ...ratios.map((plot, place) => plotOf(plot, TOP + place * ROW, x)),
    heading(between - 16, "Instructions of one unit of work; each plot begins at 0"),
    ...counts.map((plot, place) => plotOf(plot, between + place * ROW, x)),
  ]
  const height = between + counts.length * ROW + 22
  const isNamed = (at) => lines.length <= NAMES_MAX || at === 0 || at === lines.length - 1
  const names = lines.map(({ name }, at) => (isNamed(at) ? text(x(at), height - 8, name, 'text-anchor="middle"') : ""))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 ${height}" role="img" font-family="sans-serif" font-size="12">
<title>CPU per delivery beside the floor, and instructions, of each measured state of lobbyd</title>
<style>
text { fill: #1f2933 } .median { stroke: #d9622b; fill: none } .dot { fill: #d9622b } .spread { stroke: #1f2933; fill: none }
.floor { stroke: #1f2933; stroke-dasharray: 4 3 } .page { fill: #ffffff } .heading { font-weight: bold }
@media (prefers-color-scheme: dark) {
  text { fill: #e4e7eb } .median { stroke: #ff9657 } .dot { fill: #ff9657 } .spread, .floor { stroke: #e4e7eb } .page { fill: #15191e }
}
</style>
<rect class="page" width="800" height="${height}"/>
${[...drawn, ...names].filter(Boolean).join("\n")}
</svg>
`
}

// One plot, from 0 to the largest of what it shows.
function plotOf({ words, floor, points }, top, x) {
  const there = points.flatMap((point, at) => (point ? [{ ...point, at }] : []))
  if (!there.length) return ""
  const most = Math.max(floor ? 1 : 0, ...there.map(({ median, max }) => max ?? median))
  const y = (value) => round(top + PLOT - (value / most) * (PLOT - 4))
  const last = there.at(-1)
  return [
    text(LEFT - 10, top + 24, escape(words), 'text-anchor="end"'),
    floor ? `<path class="floor" d="M${LEFT} ${y(1)}h${WIDTH}"/>` : "",
    ...there.filter(({ min }) => min).map((point) => spread(round(x(point.at)), y(point.min), y(point.max))),
    `<path class="median" d="M${there.map(({ median, at }) => `${round(x(at))} ${y(median)}`).join("L")}"/>`,
    ...there.map(({ median, at }) => `<circle class="dot" cx="${round(x(at))}" cy="${y(median)}" r="2.5"/>`),
    text(LEFT + WIDTH + 10, top + 24, floor ? `${last.median.toFixed(2)}×` : last.median.toLocaleString("en")),
  ].filter(Boolean).join("\n")
}

function spread(x, low, high) {
  return `<path class="spread" d="M${x} ${low}V${high}M${x - 4} ${low}h8M${x - 4} ${high}h8"/>`
}

function heading(y, words) {
  return text(14, y, words, 'class="heading"')
}

function text(x, y, words, rest = "") {
  return `<text x="${round(x)}" y="${y}" ${rest}>${words}</text>`
}

function round(value) {
  return Math.round(value * 10) / 10
}

function escape(words) {
  return words.replace(/&/g, "&amp;").replace(/</g, "&lt;")
}
