// Every client of clients.mjs against the real server: what a Phoenix server owes phoenix.js, seen from its users' side.
// Start it with run.sh; TESTED_LOBBYD names another binary than the one built last.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import WebSocket from "ws";

import { clients } from "./clients.mjs";
import { answer, inbox } from "./inbox.mjs";
import { startLobbyd } from "./lobbyd.mjs";

for (const client of clients) {
  describe(`${client.name} (${client.version})`, () => {
    const sockets = [];
    let server;
    before(async () => { server = await startLobbyd(); });
    after(() => server?.stop("SIGKILL"));
    afterEach(() => sockets.splice(0).forEach((socket) => socket.disconnect()));

    function connect(opts = {}) {
      const soon = () => 50;
      const socket = new client.Socket(server.socketUrl, { transport: WebSocket, reconnectAfterMs: soon, rejoinAfterMs: soon, ...opts });
      socket.connect();
      sockets.push(socket);
      return socket;
    }

    async function lobby(socket = connect()) {
      const channel = socket.channel("room:lobby", {});
      const messages = inbox("a new_msg");
      channel.on("new_msg", (payload) => messages.put(payload));
      assert.deepEqual(await answer(channel.join()), { status: "ok", response: {} });
      return { socket, channel, messages };
    }

    async function hearsItself({ channel, messages }, body) {
      channel.push("new_msg", { body });
      assert.deepEqual(await messages.next(), { body });
    }

    test("two people chat, and each sees every message once and in the same order", async () => {
      const [ann, bob] = [await lobby(), await lobby()];
      const bodies = ["hello", "", "grüße 👋 \u2028 \u0000", "<b>&amp;</b>\n\"quoted\" \\", "x".repeat(20_000)];
      bodies.forEach((body) => ann.channel.push("new_msg", { body }));
      for (const body of bodies) {
        assert.deepEqual(await ann.messages.next(), { body });
        assert.deepEqual(await bob.messages.next(), { body });
      }
      bob.channel.push("new_msg", { body: "hello yourself" });
      assert.deepEqual(await ann.messages.next(), { body: "hello yourself" });
      assert.deepEqual(await bob.messages.next(), { body: "hello yourself" });
    });

    test("only the body of a message is passed on", async () => {
      const ann = await lobby();
      ann.channel.push("new_msg", { admin: true, body: "hello", date: "yesterday" });
      assert.deepEqual(await ann.messages.next(), { body: "hello" });
    });

    test("a room that is not the lobby is refused with the tutorial's reason", async () => {
      const refused = connect({ rejoinAfterMs: () => 60_000 }).channel("room:secret", {});
      assert.deepEqual(await answer(refused.join()), { status: "error", response: { reason: "authorized" } });
    });

    test("a topic that nothing serves is refused as unmatched", async () => {
      const refused = connect({ rejoinAfterMs: () => 60_000 }).channel("nope:x", {});
      assert.deepEqual(await answer(refused.join()), { status: "error", response: { reason: "unmatched topic" } });
    });

    test("who left hears nothing until joining again", async () => {
      const [ann, bob] = [await lobby(), await lobby()];
      // leave() counts as done at once; the server's phx_close would end a V1 client's next channel as well.
      const closed = inbox("phx_close");
      ann.socket.onMessage((message) => { if (message.event === "phx_close") closed.put(message); });
      assert.equal((await answer(ann.channel.leave())).status, "ok");
      await closed.next();
      await hearsItself(bob, "while she is away");
      const again = await lobby(ann.socket);
      bob.channel.push("new_msg", { body: "welcome back" });
      assert.deepEqual(await again.messages.next(), { body: "welcome back" });
      assert.equal(ann.messages.length, 0);
    });

    test("a second channel on one topic takes over from the first", { skip: client.v1 }, async () => {
      const first = await lobby();
      const closed = inbox("the first channel's close");
      first.channel.onClose(() => closed.put(true));
      const second = await lobby(first.socket);
      await closed.next();
      await hearsItself(second, "one");
      await hearsItself(second, "two");
      assert.equal(first.messages.length, 0);
    });

    test("a message without a body is answered with an error, and the channel lives on", async () => {
      const ann = await lobby();
      for (const payload of [{}, { text: "hello" }]) {
        assertReason(await answer(ann.channel.push("new_msg", payload)));
      }
      await hearsItself(ann, "still here");
    });

    test("an unknown event is answered with an error, and the channel lives on", async () => {
      const ann = await lobby();
      assertReason(await answer(ann.channel.push("dance", { style: "tango" })));
      await hearsItself(ann, "still here");
    });

    test("heartbeats are answered and keep the connection", async () => {
      const [answers, closes] = [inbox("an answer to a heartbeat"), inbox("a close")];
      const socket = connect({ heartbeatIntervalMs: 50 });
      socket.onMessage((message) => {
        if (message.topic === "phoenix") answers.put(message);
        return message;
      });
      socket.onClose((event) => closes.put(event));
      for (let beat = 1; beat <= 5; beat += 1) {
        const { event, payload } = await answers.next();
        assert.deepEqual([event, payload], ["phx_reply", { status: "ok", response: {} }]);
      }
      assert.equal(closes.length, 0);
    });

    test("a message over the size limit ends the connection with 1009, and the client comes back", async () => {
      const ann = await watched(await lobby());
      ann.channel.push("new_msg", { body: "x".repeat(70_000) });
      assert.equal((await ann.closes.next()).code, 1009);
      await ann.joins.next();
      await hearsItself(ann, "back again");
    });

    test("after a restart of the server the client reconnects and rejoins by itself", async () => {
      const ann = await watched(await lobby());
      const { code, signal, errors } = await server.stop("SIGTERM");
      assert.deepEqual({ code, signal }, { code: 0, signal: null }, errors);
      assert.equal((await ann.closes.next()).code, 1012);
      server = await startLobbyd(server.port);
      await ann.joins.next();
      await hearsItself(ann, "back again");
    });

    test("a binary payload is answered with an error, and the channel lives on", { skip: !client.binary }, async () => {
      const ann = await lobby();
      const bytes = Uint8Array.of(0xde, 0xad, 0xbe, 0xef).buffer;
      assertReason(await answer(ann.channel.push("new_msg", bytes)));
      assertReason(await answer(ann.channel.push("bin", bytes)));
      await hearsItself(ann, "still here");
    });
  });
}

/** Adds what happens to the connection from now on: its closes, and the joins after them. */
async function watched(member) {
  const [closes, joins] = [inbox("a close"), inbox("a join")];
  member.socket.onClose((event) => closes.put(event));
  member.channel.joinPush.receive("ok", (response) => joins.put(response));
  if (joins.length > 0) await joins.next(); // the hook is also called for the join that came before it
  return { ...member, closes, joins };
}

function assertReason({ status, response }) {
  assert.equal(status, "error");
  assert.equal(typeof response.reason, "string", "an error says its reason");
  assert.ok(response.reason.length > 5, `a reason that helps, not '${response.reason}'`);
}
