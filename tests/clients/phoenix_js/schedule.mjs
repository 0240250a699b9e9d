// The load test's clients come back on phoenix.js's schedule (loadtest/src/load/fleet/schedule.rs). The tests here compare
// phoenix.js with phoenix_schedule.json; a test in schedule.rs compares the load test's schedule with the same file.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createRequire } from "node:module";

const { Socket } = createRequire(import.meta.url)("phoenix-1.8");
const kept = JSON.parse(readFileSync(new URL("../../../loadtest/tests/phoenix_schedule.json", import.meta.url)));
const tries = Array.from({ length: 12 }, (_, index) => index + 1);

class Transport {
  static made = [];
  constructor() { Transport.made.push(this); this.readyState = 0; this.bufferedAmount = 0; this.sent = []; }
  open() { this.readyState = 1; this.onopen(); }
  send(text) { this.sent.push(JSON.parse(text)); }
  end() { this.readyState = 3; this.onclose({ code: 1012 }); }
  close() { this.end(); }
  answer(status) {
    const [join_ref, ref, topic] = this.sent.findLast((message) => message[3] === "phx_join");
    this.onmessage({ data: JSON.stringify([join_ref, ref, topic, "phx_reply", { status, response: {} }]) });
  }
}

test("the times between tries are those that phoenix.js has for tries 1 to 12", () => {
  const socket = new Socket("ws://server/socket", { transport: Transport });
  assert.deepEqual(tries.map((each) => socket.reconnectAfterMs(each)), kept.reconnect_after_ms);
  assert.deepEqual(tries.map((each) => socket.rejoinAfterMs(each)), kept.rejoin_after_ms);
  assert.equal(socket.timeout, kept.join_timeout_ms);
  const threshold = Socket.prototype.connectWithFallback.toString().match(/\w+ = ([\d_.e]+)\)/)?.[1];
  assert.equal(Number(threshold), kept.fallback_ms);
});

test("tries to connect are counted anew once a connection was open, and those to join once a join was answered", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const socket = new Socket("ws://server/socket", { transport: Transport, heartbeatIntervalMs: 1e6 });
  const channel = socket.channel("room:lobby");
  Transport.made = [];
  socket.connect();
  Transport.made[0].open();
  channel.join();
  Transport.made[0].answer("ok");
  Transport.made[0].end();
  // Nothing listens: each try fails at once.
  kept.reconnect_after_ms.forEach((ms, at) => {
    t.mock.timers.tick(ms - 1);
    assert.equal(Transport.made.length, 1 + at, `no try before ${ms} ms`);
    t.mock.timers.tick(1);
    assert.equal(Transport.made.length, 2 + at, `a try after ${ms} ms`);
    if (at < 11) Transport.made.at(-1).end();
  });
  const back = Transport.made.at(-1);
  back.open();
  const joins = () => back.sent.filter((message) => message[3] === "phx_join").length;
  kept.rejoin_after_ms.slice(0, 4).forEach((ms, at) => {
    assert.equal(joins(), 1 + at);
    back.answer("error");
    t.mock.timers.tick(ms - 1);
    assert.equal(joins(), 1 + at, `no join before ${ms} ms`);
    t.mock.timers.tick(1);
  });
  back.answer("ok");
  const made = Transport.made.length;
  back.end();
  t.mock.timers.tick(kept.reconnect_after_ms[0]);
  assert.equal(Transport.made.length, made + 1, "an open connection has begun the count anew");
});

test("a join without an answer is given up after ten seconds with a leave, and sent again a second later", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const socket = new Socket("ws://server/socket", { transport: Transport, heartbeatIntervalMs: 1e6 });
  Transport.made = [];
  socket.connect();
  Transport.made[0].open();
  socket.channel("room:lobby").join();
  const events = () => Transport.made[0].sent.map((message) => message[3]);
  t.mock.timers.tick(kept.join_timeout_ms - 1);
  assert.deepEqual(events(), ["phx_join"]);
  t.mock.timers.tick(1);
  assert.deepEqual(events(), ["phx_join", "phx_leave"]);
  t.mock.timers.tick(kept.rejoin_after_ms[0]);
  assert.deepEqual(events(), ["phx_join", "phx_leave", "phx_join"]);
});
