// The rows of benches/table that have a floor, in words, and the figures that are drawn and kept of them.
export const ROWS = {
  "fanout-1000-16": "1,000 members, 16 in flight",
  "fanout-1000-64": "1,000 members, 64 in flight",
  "fanout-1000-256": "1,000 members, 256 in flight",
  "fanout-1000-16-1KiB": "1,000 members, 16 in flight, 1 KiB",
  "fanout-10000-4": "10,000 members, 4 in flight",
  "fanout-1000-16-replies": "1,000 members, 16 in flight, replies too",
  "rate-1000-100": "1,000 members, 100 a second",
  "lobbies-500-third": "500 lobbies of 10, a third of the limit",
  "lobbies-500-two-thirds": "500 lobbies of 10, two thirds",
}

// The same load on the plain server, hyper and fastwebsockets.
export const PLAIN_ROWS = {
  "plain-1000-16": "plain server, 1,000 members, 16 in flight",
  "plain-rate-1000-100": "plain server, 1,000 members, 100 a second",
}

export const CPU = "server CPU per delivery"

// A prober in one of 500 lobbies sees too few messages; there the load generator is not busy, and its own delays do.
export function delayFigure(row) {
  return row.startsWith("lobbies") ? "p99 latency" : "p99 latency of the prober"
}

// Figures of a row, as the load test names them, that benches/history keeps.
export function keptFigures(row) {
  return [CPU, "deliveries per second", delayFigure(row), "p99 time to last subscriber"]
}
