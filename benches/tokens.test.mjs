// Tokens of benches/tokens.mjs against what others make, and its table: node --test benches/tokens.test.mjs
import assert from "node:assert/strict"
import { createHmac, generateKeyPairSync, verify } from "node:crypto"
import { test } from "node:test"

import { es256, hs256, phoenix, phoenixKey, table } from "./tokens.mjs"

test("a Phoenix token is that of Phoenix.Token.sign", () => {
  const key = phoenixKey("lobbyd-test-secret-key-base-0123456789abcdefghijklmnopqrstuvwxyz!!", "user socket")
  assert.equal(
    phoenix(key, "user-42", 1_700_000_000_000),
    "SFMyNTY.g2gDbQAAAAd1c2VyLTQybgYAAGjlz4sBYgABUYA.XSRlPgfinkOxjQCfmtgD6qNcePS-zhWHExV9vGq17k8",
  )
})

test("a JWT is signed over its first two parts", () => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const parts = (token) => token.split(".").map((part) => Buffer.from(part, "base64url"))
  const [header, claims, signature] = parts(es256(privateKey, { sub: "u" }))
  assert.deepEqual([JSON.parse(header).alg, JSON.parse(claims)], ["ES256", { sub: "u" }])
  const signed = es256(privateKey, { sub: "u" }).split(".")
  const last = Buffer.from(signed.pop(), "base64url")
  assert.ok(verify("sha256", Buffer.from(signed.join(".")), { key: publicKey, dsaEncoding: "ieee-p1363" }, last))
  assert.equal(signature.length, 64)
  const [head, body, mac] = hs256("secret", { sub: "u" }).split(".")
  assert.equal(mac, createHmac("sha256", "secret").update(`${head}.${body}`).digest("base64url"))
})

test("the table has each kind as a multiple of none in its round", () => {
  const measured = (us) => ({
    server: { us_per_join: us },
    connections: { time_to_joined: { p50_us: us * 1000, p99_us: us * 2000, max_us: us * 3000 } },
  })
  const round = (none, other) => ({
    none: measured(none), hs256: measured(other), phoenix: measured(other), es256: measured(other),
  })
  const lines = table([round(10, 20), round(20, 30), round(10, 12)])
  assert.equal(lines.length, 6)
  assert.match(lines[2], /^\| no tokens are checked \| 10 \| 10 \| 20 \| 30 \|$/)
  assert.match(lines[3], /^\| JWT, HS256 \| 20, 1\.50 × \(1\.20 to 2\.00\) \|/)
})
