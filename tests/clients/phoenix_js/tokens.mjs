// Tokens by each way in that a client has, newer ones while it is connected, and tokens of two other libraries.
// Start it with run.sh. PYJWT names a directory in which Python finds PyJWT with its keys; without it those are skipped.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { SignJWT } from "jose";
import WebSocket from "ws";

import { clients } from "./clients.mjs";
import { answer, inbox } from "./inbox.mjs";
import { startLobbyd } from "./lobbyd.mjs";

const SECRET = "a secret of more than 32 bytes for tests";
const folder = mkdtempSync(path.join(tmpdir(), "lobbyd-tokens-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

const pairs = {
  RS256: generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ES256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
  EdDSA: generateKeyPairSync("ed25519"),
};

function file(name, text) {
  writeFileSync(path.join(folder, name), text, { mode: 0o600 });
  return path.join(folder, name);
}

const keys = Object.entries(pairs).map(([name, { publicKey }]) => `
[[auth.issuer.key]]
id = "${name}"
algorithms = ["${name}"]
public_key_file = "${file(`${name}.pem`, publicKey.export({ type: "spki", format: "pem" }))}"
`).join("");

/** Returns a configuration with these settings of [auth]. */
const config = (settings) => `
[auth]
leeway_s = 0
${settings}
[[auth.issuer]]
name = "accounts"
[[auth.issuer.key]]
algorithms = ["HS256"]
secret_file = "${file("secret", SECRET)}"
${keys}
[[room]]
topic = "user:*"
join = "own"
[[room.event]]
name = "new_msg"
`;

function sign(subject, seconds, algorithm = "HS256") {
  const key = algorithm === "HS256" ? new TextEncoder().encode(SECRET) : pairs[algorithm].privateKey;
  const header = algorithm === "HS256" ? { alg: algorithm } : { alg: algorithm, kid: algorithm };
  const end = Math.floor(Date.now() / 1000) + seconds;
  return new SignJWT({}).setProtectedHeader(header).setSubject(subject).setExpirationTime(end).sign(key);
}

/** A transport that sends a bearer token. */
const withHeader = (token) => class extends WebSocket {
  constructor(url, protocols) {
    super(url, protocols ?? [], { headers: { Authorization: `Bearer ${token}` } });
  }
};

describe("tokens", { concurrency: true }, () => {
  let open, short;
  before(async () => {
    open = await startLobbyd(0, { config: config("required = false\nrefusal_delay_ms = 0") });
    short = await startLobbyd(0, { config: config("expiry_warning_ms = 500\nexpiry_grace_ms = 100\nrefusal_delay_ms = 0") });
  });
  after(() => Promise.all([open, short].map((server) => server?.stop("SIGKILL"))));

  function connect(client, server, opts) {
    const soon = () => 50;
    const socket = new client.Socket(server.socketUrl, { transport: WebSocket, reconnectAfterMs: soon, rejoinAfterMs: soon, ...opts });
    socket.connect();
    return socket;
  }

  for (const client of clients.filter(({ v1 }) => !v1)) {
    const name = `${client.name} (${client.version})`;

    test(`${name}: each way in opens the topic of the token's subject`, async () => {
      const token = await sign("u1", 600);
      const ways = [
        [{ params: { token } }, {}],
        [{ transport: withHeader(token) }, {}],
        [{}, { access_token: token }],
      ];
      if (client.name === "phoenix 1.8") ways.push([{ authToken: token }, {}]);
      for (const [opts, payload] of ways) {
        const socket = connect(client, open, opts);
        assert.deepEqual(await answer(socket.channel("user:u1", payload).join()), { status: "ok", response: {} });
        const other = socket.channel("user:u2", {});
        const refused = { status: "error", response: { reason: "forbidden", code: "forbidden" } };
        assert.deepEqual(await answer(other.join()), refused);
        socket.disconnect();
      }
    });

    test(`${name}: a newer token in the middle keeps the channel beyond the first one's end`, async () => {
      const socket = connect(client, short, { params: { token: await sign("u1", 3) } });
      const channel = socket.channel("user:u1", {});
      const [warnings, messages, closes] = [inbox("a warning"), inbox("a message"), inbox("a close")];
      channel.on("lobbyd:token_expiring", (payload) => warnings.put(payload));
      channel.on("new_msg", (payload) => messages.put(payload));
      socket.onClose((event) => closes.put(event));
      assert.equal((await answer(channel.join())).status, "ok");
      assert.ok((await warnings.next()).expires_in_ms <= 3_000);
      const { status, response } = await answer(channel.push("access_token", { access_token: await sign("u1", 600) }));
      assert.equal(status, "ok");
      assert.ok(response.expires_in_ms > 500_000, JSON.stringify(response));
      await new Promise((resolve) => setTimeout(resolve, 4_000)); // beyond the first one's end and grace
      channel.push("new_msg", { body: "still here" });
      assert.deepEqual(await messages.next(), { body: "still here" });
      assert.equal(closes.length, 0);
      socket.disconnect();
    });

    test(`${name}: at its token's end the client is closed with 4401, and comes in with the next one`, async () => {
      const params = { token: await sign("u1", 3) };
      const socket = connect(client, short, { params });
      const channel = socket.channel("user:u1", {});
      const [closes, joins] = [inbox("a close"), inbox("a join")];
      socket.onClose((event) => closes.put(event));
      assert.equal((await answer(channel.join())).status, "ok");
      channel.joinPush.receive("ok", (response) => joins.put(response));
      if (joins.length > 0) await joins.next(); // also called for the join that came before it
      params.token = await sign("u1", 600);
      assert.equal((await closes.next()).code, 4401);
      await joins.next();
      socket.disconnect();
    });

    test(`${name}: a page with an old token is told, and opens one connection`, async () => {
      const token = await sign("u1", -600);
      const socket = new client.Socket(short.socketUrl, { transport: WebSocket, params: { token } });
      let opened = 0;
      socket.onOpen(() => { opened += 1; });
      socket.connect();
      const told = { status: "error", response: { reason: "token expired", code: "token_expired" } };
      assert.deepEqual(await answer(socket.channel("user:u1", {}).join()), told);
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      assert.equal(opened, 1);
      socket.disconnect();
    });
  }

  async function joins(token) {
    const socket = connect(clients.at(-2), open, { params: { token } });
    const { status } = await answer(socket.channel("user:u1", {}).join());
    socket.disconnect();
    return status;
  }

  test("tokens that jose makes are taken, by each kind of key", async () => {
    for (const algorithm of ["HS256", "RS256", "ES256", "EdDSA"]) {
      assert.equal(await joins(await sign("u1", 600, algorithm)), "ok", algorithm);
    }
  });

  test("tokens that PyJWT makes are taken, by each kind of key", { skip: process.env.PYJWT ? false : "PYJWT is not set" }, async () => {
    const pem = ([name, { privateKey }]) => [name, privateKey.export({ type: "pkcs8", format: "pem" })];
    const input = JSON.stringify({ secret: SECRET, keys: Object.fromEntries(Object.entries(pairs).map(pem)) });
    const script = fileURLToPath(new URL("pyjwt_tokens.py", import.meta.url));
    const env = { ...process.env, PYTHONPATH: process.env.PYJWT };
    const tokens = JSON.parse(execFileSync("python3", [script], { input, env }));
    assert.deepEqual(Object.keys(tokens), ["HS256", "RS256", "ES256", "EdDSA"]);
    for (const [algorithm, token] of Object.entries(tokens)) assert.equal(await joins(token), "ok", algorithm);
  });
});
