// Tokens and configurations for benches/tokens, and the table of what it has measured.
//
//   node benches/tokens.mjs make FOLDER COUNT     the files that benches/tokens serves and connects with
//   node benches/tokens.mjs table FOLDER          the table of FOLDER/KIND-ROUND.json
import { createHmac, generateKeyPairSync, pbkdf2Sync, randomBytes, sign } from "node:crypto"
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"

// What is compared, in the order of the table. The first is what the others are multiples of.
export const KINDS = {
  none: "no tokens are checked",
  hs256: "JWT, HS256",
  phoenix: "Phoenix.Token",
  es256: "JWT, ES256, cold cache",
}

const base64url = (bytes) => Buffer.from(bytes).toString("base64url")

// A compact JWT. `signed` makes the signature of its first two parts.
function jwt(alg, claims, signed) {
  const parts = [{ alg, typ: "JWT", kid: "bench" }, claims].map((part) => base64url(JSON.stringify(part))).join(".")
  return `${parts}.${base64url(signed(parts))}`
}

export const hs256 = (secret, claims) =>
  jwt("HS256", claims, (parts) => createHmac("sha256", secret).update(parts).digest())

export const es256 = (key, claims) =>
  jwt("ES256", claims, (parts) => sign("sha256", Buffer.from(parts), { key, dsaEncoding: "ieee-p1363" }))

export const phoenixKey = (base, salt) => pbkdf2Sync(base, salt, 1000, 32, "sha256")

// A token of Phoenix.Token.sign for a text: the term {data, signed_at_ms, max_age_s}, in Erlang's external format.
export function phoenix(key, data, signedAtMs, maxAgeS = 86_400) {
  const text = Buffer.from(data)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(text.length)
  const signed = Buffer.alloc(6)
  signed.writeUIntLE(signedAtMs, 0, 6)
  const age = Buffer.alloc(4)
  age.writeInt32BE(maxAgeS)
  const term = Buffer.concat([
    Buffer.from([131, 104, 3, 109]), length, text, Buffer.from([110, 6, 0]), signed, Buffer.from([98]), age,
  ])
  const parts = `SFMyNTY.${base64url(term)}`
  return `${parts}.${base64url(createHmac("sha256", key).update(parts).digest())}`
}

const room = (join) => `[[room]]\ntopic = "room:lobby"\njoin = "${join}"\n`
const issuer = (algorithm, key) =>
  `[[auth.issuer]]\nname = "bench"\nalgorithms = ["${algorithm}"]\n\n[[auth.issuer.key]]\nid = "bench"\n${key}\n`

// Writes a file of tokens and a configuration for each kind. Without checks, clients send tokens all the same, so that
// requests are of one size.
function make(folder, count) {
  mkdirSync(folder, { recursive: true })
  const write = (name, text) => writeFileSync(join(folder, name), text, { mode: 0o600 })
  const path = (name) => JSON.stringify(join(folder, name))
  const clients = Array.from({ length: count }, (_, client) => `user-${client}`)
  const exp = Math.floor(Date.now() / 1000) + 86_400
  const secret = randomBytes(32).toString("hex")
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const base = randomBytes(48).toString("base64")
  const key = phoenixKey(base, "user socket")
  write("hs256.key", secret)
  write("es256.pem", publicKey.export({ type: "spki", format: "pem" }))
  write("phoenix.key", base)
  const tokens = {
    hs256: (sub) => hs256(secret, { sub, exp }),
    phoenix: (sub) => phoenix(key, sub, Date.now()),
    es256: (sub) => es256(privateKey, { sub, exp }),
  }
  tokens.none = tokens.hs256
  const configs = {
    none: room("allow"),
    hs256: issuer("HS256", `secret_file = ${path("hs256.key")}`) + room("known"),
    phoenix: `[auth.phoenix]\nsecret_key_base_file = ${path("phoenix.key")}\nsalt = "user socket"\n` + room("known"),
    es256: issuer("ES256", `public_key_file = ${path("es256.pem")}`) + room("known"),
  }
  for (const kind of Object.keys(KINDS)) {
    write(`${kind}.txt`, clients.map(tokens[kind]).join("\n") + "\n")
    write(`${kind}.toml`, configs[kind])
  }
}

const middle = (values) => {
  const sorted = values.toSorted((one, other) => one - other)
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2
}

// The figures of a result: each is a cost, so more is worse.
const FIGURES = {
  "server CPU per join, µs": (of) => of.server?.us_per_join,
  "half had joined after, ms": (of) => of.connections.time_to_joined?.p50_us / 1000,
  "99 % after, ms": (of) => of.connections.time_to_joined?.p99_us / 1000,
  "all after, ms": (of) => of.connections.time_to_joined?.max_us / 1000,
}

// The lines of the table: `rounds` has an object for each round, of the measurements of each kind.
export function table(rounds) {
  const lines = [["", ...Object.keys(FIGURES)], ["---", ...Object.keys(FIGURES).map(() => "---:")]]
  for (const [kind, words] of Object.entries(KINDS)) {
    const cells = Object.values(FIGURES).map((figure) => {
      const median = middle(rounds.map((round) => figure(round[kind])))
      const ratios = rounds.map((round) => figure(round[kind]) / figure(round.none))
      const [ratio, least, most] = [middle(ratios), Math.min(...ratios), Math.max(...ratios)].map((one) => one.toFixed(2))
      return kind === "none" ? median.toFixed(0) : `${median.toFixed(0)}, ${ratio} × (${least} to ${most})`
    })
    lines.push([words, ...cells])
  }
  return lines.map((cells) => `| ${cells.join(" | ")} |`)
}

function read(folder) {
  const rounds = []
  for (const name of readdirSync(folder)) {
    const [, kind, round] = /^(\w+)-(\d+)\.json$/.exec(name) ?? []
    if (kind in KINDS) {
      const result = JSON.parse(readFileSync(join(folder, name), "utf8"))
      rounds[round - 1] = { ...rounds[round - 1], [kind]: result.measurements[0] }
    }
  }
  return rounds
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [what, folder, count] = process.argv.slice(2)
  if (what === "make") {
    make(folder, Number(count))
  } else {
    console.log(table(read(folder)).join("\n"))
  }
}
