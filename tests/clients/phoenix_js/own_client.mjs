// static/socket.js by itself, on a transport and a clock of the test's own: what phoenix.js's tests ask of phoenix.js
// and a real server cannot show, such as a dead network, a lost answer, or the exact bytes of a frame.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";

import { Socket } from "../../../static/socket.js";
import { jittered } from "../../../static/socket/reconnect.js";
import { decode, encode } from "../../../static/socket/wire.js";

/** Stands for WebSocket: remembers what was sent, and does what the test tells it to. */
class Wire {
  static all = [];
  static get last() { return Wire.all.at(-1); }

  constructor(url) {
    Object.assign(this, { url, readyState: 0, sent: [], closedWith: null });
    Wire.all.push(this);
  }

  send(frame) { this.sent.push(JSON.parse(frame)); }
  close(code) { this.readyState = 2; this.closedWith = code; }

  opens() { this.readyState = 1; this.onopen(); return this; }
  says(...message) { this.onmessage({ data: JSON.stringify(message) }); }
  answers([joinRef, ref, topic], status = "ok", response = {}) { this.says(joinRef, ref, topic, "phx_reply", { status, response }); }
  dies(code = 1006) { this.readyState = 3; this.onclose({ code }); }
  /** Frames with this event, oldest first. */
  frames(event) { return this.sent.filter((frame) => frame[3] === event); }
}

function connected(opts = {}) {
  const socket = new Socket("ws://example.org/socket", {
    transport: Wire, reconnectAfterMs: (tries) => 10 * tries, rejoinAfterMs: (tries) => 1000 * tries, ...opts,
  });
  socket.connect();
  return socket;
}

function joined(opts) {
  const socket = connected(opts);
  const channel = socket.channel("room:lobby", {});
  channel.join();
  Wire.last.opens();
  Wire.last.answers(Wire.last.sent[0]);
  assert.equal(channel.state, "joined");
  return { socket, channel };
}

/** The statuses a push was answered with, as they come. */
function statuses(push) {
  const seen = [];
  for (const status of ["ok", "error", "timeout"]) push.receive(status, () => seen.push(status));
  return seen;
}

beforeEach(() => {
  Wire.all = [];
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
});
afterEach(() => mock.timers.reset());

describe("connection", () => {
  test("the URL carries the parameters and the version", () => {
    connected({ params: () => ({ user: "ann & bob" }) });
    assert.equal(Wire.last.url, "ws://example.org/socket/websocket?user=ann+%26+bob&vsn=2.0.0");
  });

  test("whatever the close code, it reconnects after the delay of that try", () => {
    connected();
    for (const [i, code] of [1000, 1001, 1006, 1012].entries()) {
      Wire.last.dies(code);
      mock.timers.tick(10 * (i + 1) - 1);
      assert.equal(Wire.all.length, i + 1);
      mock.timers.tick(1);
      assert.equal(Wire.all.length, i + 2);
    }
    Wire.last.opens().dies();
    mock.timers.tick(10);
    assert.equal(Wire.all.length, 6, "an open connection sets the delay back");
  });

  test("after disconnect it stays away", () => {
    const { socket, channel } = joined();
    const gone = mock.fn();
    socket.disconnect(gone);
    assert.equal(Wire.last.closedWith, 1000);
    Wire.last.onclose({ code: 1000 });
    assert.equal(gone.mock.callCount(), 1);
    mock.timers.tick(60_000);
    assert.equal(Wire.all.length, 1);
    assert.equal(channel.state, "errored");
    socket.connect();
    Wire.last.opens();
    assert.equal(Wire.last.frames("phx_join").length, 1, "connecting again joins again");
  });

  test("a heartbeat goes out every 30 seconds once open", () => {
    connected();
    mock.timers.tick(90_000);
    assert.deepEqual(Wire.last.sent, []);
    Wire.last.opens();
    mock.timers.tick(30_000);
    const [beat] = Wire.last.sent;
    assert.deepEqual(beat, [null, beat[1], "phoenix", "heartbeat", {}]);
    Wire.last.answers(beat);
    mock.timers.tick(30_000);
    assert.equal(Wire.last.frames("heartbeat").length, 2);
  });

  test("an unanswered heartbeat ends the connection at once, however long its close takes", () => {
    const { channel } = joined();
    const [first, errors] = [Wire.last, mock.fn()];
    channel.onError(errors);
    mock.timers.tick(60_000);
    assert.equal(first.closedWith, 1000);
    assert.equal(errors.mock.callCount(), 1);
    mock.timers.tick(10);
    assert.equal(Wire.all.length, 2, "a new connection is on its way");
    Wire.last.opens();
    first.onclose({ code: 1006 });
    assert.equal(Wire.last.frames("phx_join").length, 1);
    mock.timers.tick(10_000);
    assert.equal(Wire.all.length, 2, "the old one's late close means nothing");
  });

  test("the delays are spread over half to one and a half of the table", () => {
    const delay = jittered([1000, 5000]);
    const drawn = Array.from({ length: 200 }, () => [delay(1), delay(2), delay(9)]);
    assert.ok(drawn.every(([first, second, later]) =>
      first >= 500 && first < 1500 && second >= 2500 && second < 7500 && later >= 2500 && later < 7500));
    assert.ok(new Set(drawn.map(([first]) => Math.round(first / 100))).size > 5);
  });
});

describe("doubt", () => {
  // What a browser has and Node has not: a window's and a document's events.
  const page = { hidden: false };
  let listeners;
  const happens = (name) => listeners.filter(([kind]) => kind === name).forEach(([, callback]) => callback());
  const listen = (kind, callback) => listeners.push([kind, callback]);
  beforeEach(() => {
    listeners = [];
    page.hidden = false;
    globalThis.addEventListener = listen;
    globalThis.document = Object.assign(page, { addEventListener: listen });
  });
  afterEach(() => {
    delete globalThis.addEventListener;
    delete globalThis.document;
    mock.restoreAll();
  });
  /** Moves the clock on without its timers, as a sleep of the machine does. */
  function sleep(ms) {
    const [now, slept] = [Date.now.bind(Date), ms];
    mock.method(Date, "now", () => now() + slept);
  }

  for (const event of ["visibilitychange", "online", "pageshow"]) {
    test(`a dead connection is given up five seconds after ${event}`, () => {
      joined();
      const dead = Wire.last;
      happens(event);
      assert.equal(dead.frames("heartbeat").length, 1, "a heartbeat at once");
      mock.timers.tick(4999);
      assert.equal(dead.closedWith, null);
      mock.timers.tick(1);
      assert.equal(dead.closedWith, 1000);
      mock.timers.tick(10);
      assert.equal(Wire.all.length, 2, "a new connection is on its way");
    });
  }

  test("a dead connection is given up within six seconds of a sleep, however the timers stood", () => {
    for (const before of [0, 1, 250, 29_999]) {
      joined();
      const dead = Wire.last;
      mock.timers.tick(before);
      dead.frames("heartbeat").forEach((beat) => dead.answers(beat));
      sleep(3_600_000);
      for (let ms = 0; ms < 6000; ms += 50) mock.timers.tick(50); // a long tick would start the timers of its course at its end
      assert.equal(dead.closedWith, 1000, `asleep ${before} ms after the join`);
      mock.restoreAll();
    }
  });

  test("a connection that answers is kept, whatever happens and however often", () => {
    joined();
    const alive = Wire.last;
    const answered = new Set();
    for (let round = 0; round < 20; round += 1) {
      ["online", "visibilitychange", "pageshow"].forEach(happens);
      if (round % 5 === 0) sleep(60_000);
      mock.timers.tick(4000);
      alive.frames("heartbeat").filter((beat) => !answered.has(beat[1])).forEach((beat) => {
        answered.add(beat[1]);
        alive.answers(beat);
      });
    }
    assert.equal(alive.closedWith, null);
    assert.equal(Wire.all.length, 1);
  });

  test("an answer that a sleep has left unread counts, also that to the heartbeat before", () => {
    joined();
    const alive = Wire.last;
    mock.timers.tick(59_999);
    sleep(40_000);
    mock.timers.tick(1);
    assert.equal(alive.closedWith, null, "the timers come first, and judge nothing");
    alive.answers(alive.frames("heartbeat").at(-1));
    mock.timers.tick(20_000);
    assert.equal(alive.closedWith, null);
  });

  test("what lies before the answer shows life too", () => {
    joined();
    happens("online");
    for (let second = 0; second < 20; second += 4) {
      mock.timers.tick(4000);
      Wire.last.says(null, null, "room:lobby", "new_msg", { body: "x" });
    }
    assert.equal(Wire.last.closedWith, null);
    mock.timers.tick(5000);
    assert.equal(Wire.last.closedWith, 1000);
  });

  test("a page that is hidden doubts nothing", () => {
    joined();
    page.hidden = true;
    happens("visibilitychange");
    assert.deepEqual(Wire.last.frames("heartbeat"), []);
  });

  test("a try to connect that slept is begun anew, and a young one is not", () => {
    connected();
    happens("online");
    assert.equal(Wire.last.closedWith, null);
    sleep(60_000);
    happens("online");
    assert.equal(Wire.last.closedWith, 1000);
    mock.timers.tick(10);
    assert.equal(Wire.all.length, 2);
  });

  test("a page that is left lets go, and connects and joins again once it is shown", () => {
    const { channel } = joined();
    happens("pagehide");
    assert.equal(Wire.last.closedWith, 1000);
    mock.timers.tick(600_000);
    happens("online");
    assert.equal(Wire.all.length, 1, "nothing is tried meanwhile");
    happens("pageshow");
    Wire.last.opens();
    Wire.last.answers(Wire.last.frames("phx_join")[0]);
    assert.deepEqual([Wire.all.length, channel.state], [2, "joined"]);
  });

  test("a page that is left between two tries goes on trying once it is shown", () => {
    connected();
    Wire.last.dies();
    happens("pagehide");
    mock.timers.tick(600_000);
    assert.equal(Wire.all.length, 1);
    happens("pageshow");
    assert.equal(Wire.all.length, 2);
  });

  test("a page that had disconnected stays away when it is shown", () => {
    const { socket } = joined();
    happens("pagehide");
    socket.disconnect();
    happens("pageshow");
    mock.timers.tick(60_000);
    assert.equal(Wire.all.length, 1);
  });
});

describe("ping", () => {
  test("its answer is told once, and without a connection it is not sent", () => {
    const { socket } = joined();
    const told = mock.fn();
    assert.equal(socket.ping(told), true);
    const [beat] = Wire.last.frames("heartbeat");
    assert.deepEqual(beat, [null, beat[1], "phoenix", "heartbeat", {}]);
    Wire.last.answers(beat);
    Wire.last.answers(beat);
    assert.equal(told.mock.callCount(), 1);
    Wire.last.dies();
    assert.equal(socket.ping(told), false);
  });
});

describe("channel", () => {
  test("a join names itself in both refs and carries the parameters", () => {
    const socket = connected();
    Wire.last.opens();
    socket.channel("room:lobby", { token: "t" }).join();
    const [join] = Wire.last.sent;
    assert.deepEqual(join, [join[1], join[1], "room:lobby", "phx_join", { token: "t" }]);
    assert.equal(typeof join[1], "string");
  });

  test("pushes made before the join wait for it, in order", () => {
    const socket = connected();
    const channel = socket.channel("room:lobby");
    assert.throws(() => channel.push("early", {}), /join\(\) first/);
    channel.join();
    channel.push("a", {});
    Wire.last.opens();
    channel.push("b", {});
    assert.deepEqual(Wire.last.sent.map((frame) => frame[3]), ["phx_join"]);
    Wire.last.answers(Wire.last.sent[0]);
    assert.deepEqual(Wire.last.sent.map((frame) => frame[3]), ["phx_join", "a", "b"]);
    assert.deepEqual(Wire.last.sent.map((frame) => frame[0]), Array(3).fill(Wire.last.sent[0][0]));
  });

  test("a push that timed out while it waited is not sent any more", () => {
    const { channel } = joined();
    Wire.last.dies();
    const seen = statuses(channel.push("late", {}));
    mock.timers.tick(10_000);
    assert.deepEqual(seen, ["timeout"]);
    Wire.last.opens();
    Wire.last.answers(Wire.last.sent[0]);
    assert.deepEqual(Wire.last.frames("late"), []);
  });

  test("an answer goes to its own question, once", () => {
    const { channel } = joined();
    const [first, second] = [statuses(channel.push("a", {})), statuses(channel.push("b", {}))];
    const [a] = Wire.last.frames("a");
    Wire.last.answers(a, "error");
    Wire.last.answers(a, "ok");
    mock.timers.tick(10_000);
    assert.deepEqual([first, second], [["error"], ["timeout"]]);
  });

  test("frames of an earlier join are dropped, broadcasts are not", () => {
    const { channel } = joined();
    const [old, got] = [channel.joinRef(), []];
    channel.on("new_msg", ({ body }) => got.push(body));
    Wire.last.dies();
    mock.timers.tick(10);
    Wire.last.opens();
    Wire.last.answers(Wire.last.sent[0]);
    Wire.last.says(old, null, "room:lobby", "new_msg", { body: "stale" });
    Wire.last.says(old, old, "room:lobby", "phx_close", {});
    Wire.last.says(null, null, "room:lobby", "new_msg", { body: "broadcast" });
    Wire.last.says(channel.joinRef(), null, "room:lobby", "new_msg", { body: "pushed" });
    Wire.last.says(null, null, "room:other", "new_msg", { body: "elsewhere" });
    assert.deepEqual(got, ["broadcast", "pushed"]);
    assert.equal(channel.state, "joined");
  });

  test("a refused or crashed channel joins again with growing delays", () => {
    const { channel } = joined();
    Wire.last.says(channel.joinRef(), channel.joinRef(), "room:lobby", "phx_error", { reason: "channel_crash" });
    for (const [tries, ms] of [[1, 1000], [2, 2000], [3, 3000]]) {
      assert.equal(channel.state, "errored");
      mock.timers.tick(ms - 1);
      assert.equal(Wire.last.frames("phx_join").length, tries);
      mock.timers.tick(1);
      assert.equal(Wire.last.frames("phx_join").length, tries + 1);
      Wire.last.answers(Wire.last.frames("phx_join").at(-1), "error", { reason: "no" });
    }
  });

  test("a join without an answer is called off before the next one", () => {
    const socket = connected();
    Wire.last.opens();
    const seen = statuses(socket.channel("room:lobby").join());
    const [join] = Wire.last.sent;
    mock.timers.tick(10_000);
    assert.deepEqual(seen, ["timeout"]);
    const [leave] = Wire.last.frames("phx_leave");
    assert.equal(leave[0], join[0]);
    assert.notEqual(leave[1], join[1]);
    mock.timers.tick(1000);
    assert.deepEqual(Wire.last.sent.map((frame) => frame[3]), ["phx_join", "phx_leave", "phx_join"]);
    Wire.last.answers(join);
    assert.deepEqual(seen, ["timeout"], "the answer to the first join comes too late");
  });

  test("a closed channel is forgotten and does not join again", () => {
    const { socket, channel } = joined();
    const closed = mock.fn();
    channel.onClose(closed);
    Wire.last.says(channel.joinRef(), channel.joinRef(), "room:lobby", "phx_close", {});
    assert.equal(closed.mock.callCount(), 1);
    assert.deepEqual(socket.channels, []);
    mock.timers.tick(60_000);
    assert.equal(Wire.all.flatMap((wire) => wire.frames("phx_join")).length, 1);
  });

  test("leaving tells the server which join it ends, and counts at once", () => {
    const { channel } = joined();
    const joinRef = channel.joinRef();
    assert.deepEqual(statuses(channel.leave()), ["ok"]);
    const [leave] = Wire.last.frames("phx_leave");
    assert.deepEqual(leave, [joinRef, leave[1], "room:lobby", "phx_leave", {}]);
    assert.equal(channel.state, "closed");
  });

  test("a second channel on the topic makes the first one leave before it joins", () => {
    const { socket, channel } = joined();
    socket.channel("room:lobby").join();
    assert.equal(channel.state, "closed");
    assert.deepEqual(Wire.last.sent.map((frame) => frame[3]), ["phx_join", "phx_leave", "phx_join"]);
  });

  test("off takes one callback away, or all of an event", () => {
    const { channel } = joined();
    const [a, b] = [mock.fn(), mock.fn()];
    const ref = channel.on("x", a);
    channel.on("x", b);
    channel.off("x", ref);
    Wire.last.says(null, null, "room:lobby", "x", {});
    channel.off("x");
    Wire.last.says(null, null, "room:lobby", "x", {});
    assert.deepEqual([a.mock.callCount(), b.mock.callCount()], [0, 1]);
  });
});

describe("wire", () => {
  const hex = (frame) => Buffer.from(frame).toString("hex");
  const bytes = (text) => new Uint8Array(Buffer.from(text.replaceAll(" ", ""), "hex")).buffer;

  test("a message is a JSON array of five", () => {
    const message = { join_ref: "0", ref: "1", topic: "t", event: "e", payload: { foo: 1 } };
    assert.equal(encode(message), `["0","1","t","e",{"foo":1}]`);
    assert.deepEqual(decode(encode(message)), message);
  });

  test("half a character is replaced before it goes out, wherever it stands", () => {
    const message = { join_ref: "0", ref: "1", topic: "a\udc00", event: "e", payload: { body: ["x\ud83d", "👋", "\\ud83d"] } };
    assert.equal(encode(message), JSON.stringify(["0", "1", "a\ufffd", "e", { body: ["x\ufffd", "👋", "\\ud83d"] }]));
  });

  test("a binary payload makes a binary frame, its lengths counted in bytes", () => {
    const message = { join_ref: "1", ref: "2", topic: "room:é", event: "bin", payload: Uint8Array.of(0, 0xde, 0xad, 0).subarray(1, 3) };
    assert.equal(hex(encode(message)), "00010107033132726f6f6d3ac3a962696edead");
    assert.equal(hex(encode({ ...message, join_ref: null, topic: "room:a", payload: Uint8Array.of(1).buffer })), "000001060332726f6f6d3a6162696e01");
  });

  test("a field of more than 255 bytes is refused", () => {
    const message = { join_ref: "1", ref: "2", topic: "é".repeat(128), event: "bin", payload: new ArrayBuffer(1) };
    assert.throws(() => encode(message), RangeError);
  });

  test("binary replies, pushes and broadcasts are read", () => {
    const { payload: { status, response }, ...reply } = decode(bytes("01 01 01 06 02 31 32 72 6f 6f 6d 3a 61 6f 6b de ad"));
    assert.deepEqual([reply, status, hex(response)], [{ join_ref: "1", ref: "2", topic: "room:a", event: "phx_reply" }, "ok", "dead"]);
    const push = decode(bytes("00 01 06 02 31 72 6f 6f 6d 3a 61 70 62 05 06"));
    assert.deepEqual({ ...push, payload: hex(push.payload) }, { join_ref: "1", ref: null, topic: "room:a", event: "pb", payload: "0506" });
    const broadcast = decode(bytes("02 06 02 72 6f 6f 6d 3a 6d 62 63 01 02"));
    assert.deepEqual({ ...broadcast, payload: hex(broadcast.payload) }, { join_ref: null, ref: null, topic: "room:m", event: "bc", payload: "0102" });
  });
});
