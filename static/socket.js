// A client for Phoenix Channels (protocol 2.0.0): the part of phoenix.js a page needs, under the same names, so that
// `import { Socket } from "phoenix"` can take its place without another change.
//
//   page ─▶ Channel.push ─▶ Push: ref, timeout ─▶ Socket.send ─▶ encode ─▶ WebSocket
//   page ◀─ Channel.on   ◀─ Channel.receive    ◀─ Socket.receive ◀─ decode ◀─ WebSocket
//
// On purpose not here: long-poll, presence, custom serializers, auth tokens.

const PUSH_TIMEOUT_MS = 10_000;
// Half of the server's idle timeout, so that one lost heartbeat does not end a quiet connection.
const HEARTBEAT_INTERVAL_MS = 30_000;
const RECONNECT_AFTER_MS = [10, 50, 100, 150, 200, 250, 500, 1000, 2000, 5000];
const REJOIN_AFTER_MS = [1000, 2000, 5000, 10_000];

/** One WebSocket and the channels on it. It reconnects, and its channels rejoin, until `disconnect()`. */
export class Socket {
  /**
   * @param {string} endPoint where the socket is mounted, "/socket" or "wss://host/socket"
   * @param {object} [opts]
   *   params (object, or function returning one): sent in the URL at every connect;
   *   timeout (ms, 10000): for an answer to a join or push; heartbeatIntervalMs (30000);
   *   reconnectAfterMs, rejoinAfterMs: functions from the number of the try (1, 2, …) to a delay;
   *   transport: the WebSocket class; logger: function (kind, text, data).
   */
  constructor(endPoint, opts = {}) {
    this.endPoint = `${endPoint}/websocket`;
    this.params = closure(opts.params ?? {});
    this.timeout = opts.timeout ?? PUSH_TIMEOUT_MS;
    this.transport = opts.transport ?? globalThis.WebSocket;
    this.heartbeatIntervalMs = opts.heartbeatIntervalMs ?? HEARTBEAT_INTERVAL_MS;
    this.rejoinAfterMs = opts.rejoinAfterMs ?? jittered(REJOIN_AFTER_MS);
    this.logger = opts.logger ?? null;
    this.channels = [];
    this.conn = null;
    this.ref = 0;
    this.heartbeatTimer = null;
    this.heartbeatRef = null;
    this.callbacks = { open: [], close: [], error: [], message: [] };
    this.reconnectTimer = new RetryTimer(() => this.connect(), opts.reconnectAfterMs ?? jittered(RECONNECT_AFTER_MS));
    // Somebody looks again, or the network is back: no reason to sit out the rest of a delay.
    globalThis.addEventListener?.("online", () => this.reconnectTimer.hurry());
    globalThis.document?.addEventListener?.("visibilitychange", () => {
      if (!document.hidden) this.reconnectTimer.hurry();
    });
  }

  /** Opens the connection; does nothing while there is one. */
  connect() {
    if (this.conn) return;
    const conn = new this.transport(this.endPointURL());
    this.conn = conn;
    conn.binaryType = "arraybuffer";
    conn.onopen = () => this.opened();
    conn.onmessage = (event) => this.receive(decode(event.data));
    conn.onerror = (error) => {
      this.log("transport", "error", error);
      this.callbacks.error.forEach(({ callback }) => callback(error));
    };
    conn.onclose = (event) => this.lost(event);
  }

  /** Closes for good; `callback` runs once the connection is gone. `connect()` starts anew. */
  disconnect(callback, code = 1000, reason = "") {
    this.reconnectTimer.reset();
    if (!this.conn) return callback?.();
    this.abandon(code, reason, callback);
    this.lost({ code, reason, wasClean: true }, false);
  }

  /** A new channel; nothing is sent before its `join()`. `params` may be a function, asked at every join. */
  channel(topic, params = {}) {
    const channel = new Channel(topic, params, this);
    this.channels.push(channel);
    return channel;
  }

  // Each returns a number that `off([…])` takes.
  onOpen(callback) { return this.register("open", callback); }
  onClose(callback) { return this.register("close", callback); }
  onError(callback) { return this.register("error", callback); }
  onMessage(callback) { return this.register("message", callback); }

  off(refs) {
    for (const kind in this.callbacks) {
      this.callbacks[kind] = this.callbacks[kind].filter(({ ref }) => !refs.includes(ref));
    }
  }

  isConnected() { return this.connectionState() === "open"; }

  connectionState() {
    return ["connecting", "open", "closing", "closed"][this.conn?.readyState ?? 3];
  }

  endPointURL() {
    const query = new URLSearchParams({ ...this.params(), vsn: "2.0.0" });
    const url = `${this.endPoint}?${query}`;
    if (!url.startsWith("/")) return url;
    return `${location.protocol.replace("http", "ws")}//${location.host}${url}`;
  }

  // ---- below: for this file

  /** Refs are never reused, also not after a reconnect: an answer can never meet the wrong question. */
  makeRef() { return String(++this.ref); }

  /** Hands a message to the connection, if it is open. What must wait for that waits in its channel. */
  send(message) {
    if (!this.isConnected()) return;
    this.log("push", `${message.topic} ${message.event} (${message.join_ref}, ${message.ref})`, message.payload);
    this.conn.send(encode(message));
  }

  receive(message) {
    this.log("receive", `${message.topic} ${message.event} (${message.ref})`, message.payload);
    if (message.ref && message.ref === this.heartbeatRef) this.heartbeatRef = null;
    this.channels.filter((channel) => channel.topic === message.topic).forEach((channel) => channel.receive(message));
    this.callbacks.message.forEach(({ callback }) => callback(message));
  }

  opened() {
    this.log("transport", "connected", this.endPoint);
    this.reconnectTimer.reset();
    this.heartbeatRef = null;
    this.heartbeatTimer = setInterval(() => this.heartbeat(), this.heartbeatIntervalMs);
    this.channels.forEach((channel) => channel.connected());
    this.callbacks.open.forEach(({ callback }) => callback());
  }

  lost(event, reconnect = true) {
    this.log("transport", "close", event);
    this.conn = null;
    clearInterval(this.heartbeatTimer);
    // Whatever the code: proxies close with 1000 as well, and who wants no reconnect calls disconnect().
    if (reconnect) this.reconnectTimer.schedule();
    this.channels.slice().forEach((channel) => channel.disconnected());
    this.callbacks.close.forEach(({ callback }) => callback(event));
  }

  heartbeat() {
    if (this.heartbeatRef) {
      this.abandon(1000, "heartbeat timeout");
      return this.lost({ code: 1006, reason: "heartbeat timeout", wasClean: false });
    }
    this.heartbeatRef = this.makeRef();
    this.send({ join_ref: null, ref: this.heartbeatRef, topic: "phoenix", event: "heartbeat", payload: {} });
  }

  /** Lets go of the connection without waiting: on a dead network its close event may be a minute away. */
  abandon(code, reason, closed) {
    const conn = this.conn;
    conn.onopen = conn.onmessage = null;
    conn.onerror = () => {}; // closing before it is open is reported as an error
    conn.onclose = () => closed?.();
    conn.close(code, reason);
  }

  register(kind, callback) {
    const ref = this.makeRef();
    this.callbacks[kind].push({ ref, callback });
    return ref;
  }

  remove(channel) { this.channels = this.channels.filter((other) => other !== channel); }

  log(kind, text, data) { this.logger?.(kind, text, data); }
}

/** One topic on one socket. `state` is one of "closed", "joining", "joined", "errored", "leaving". */
export class Channel {
  constructor(topic, params, socket) {
    this.topic = topic;
    this.socket = socket;
    this.state = "closed";
    this.joinedOnce = false;
    this.bindings = [];
    this.bindingRef = 0;
    this.pushBuffer = []; // pushes made while not joined, in order
    this.unanswered = new Map(); // ref → Push
    this.rejoinTimer = new RetryTimer(() => this.rejoin(), socket.rejoinAfterMs);
    this.joinPush = new Push(this, "phx_join", closure(params ?? {}), socket.timeout)
      .receive("ok", () => this.joined())
      .receive("error", () => this.retryJoin())
      .receive("timeout", () => {
        // The server may still be at it: tell it that this join is off before the next one.
        this.sendLeave();
        this.retryJoin();
      });
  }

  /** Joins, and joins again after every loss. The hooks of the returned push run at each of these joins. */
  join(timeout = this.socket.timeout) {
    if (this.joinedOnce) throw new Error("tried to join twice: make a new channel to join this topic again");
    this.joinedOnce = true;
    this.joinPush.timeout = timeout;
    this.rejoin();
    return this.joinPush;
  }

  /** Sends, at once when joined, else after the next join unless `timeout` is over by then. */
  push(event, payload = {}, timeout = this.socket.timeout) {
    if (!this.joinedOnce) {
      throw new Error(`tried to push '${event}' to '${this.topic}' before joining: call channel.join() first`);
    }
    const push = new Push(this, event, () => payload, timeout);
    if (this.canPush()) push.send();
    else {
      push.start();
      this.pushBuffer.push(push);
    }
    return push;
  }

  /** Leaves for good. Counts as done at once: the server's answer changes nothing any more. */
  leave(timeout = this.socket.timeout) {
    const leaving = new Push(this, "phx_leave", () => ({}), timeout);
    this.rejoinTimer.reset();
    this.joinPush.cancel();
    if (this.isJoined() || this.isJoining()) this.sendLeave();
    this.state = "leaving";
    leaving.resolve("ok", {});
    this.close("leave");
    return leaving;
  }

  /** Calls back with (payload, ref) for each `event`; returns a number for `off(event, number)`. */
  on(event, callback) {
    this.bindings.push({ event, ref: ++this.bindingRef, callback });
    return this.bindingRef;
  }

  off(event, ref) {
    this.bindings = this.bindings.filter((bound) => bound.event !== event || (ref && bound.ref !== ref));
  }

  onClose(callback) { return this.on("phx_close", callback); }
  onError(callback) { return this.on("phx_error", callback); }

  canPush() { return this.socket.isConnected() && this.isJoined(); }
  joinRef() { return this.joinPush.ref; }
  isClosed() { return this.state === "closed"; }
  isErrored() { return this.state === "errored"; }
  isJoined() { return this.state === "joined"; }
  isJoining() { return this.state === "joining"; }
  isLeaving() { return this.state === "leaving"; }

  // ---- below: for this file

  receive({ join_ref, ref, event, payload }) {
    // A frame of an earlier join of this topic. Broadcasts carry none.
    if (join_ref && join_ref !== this.joinRef()) return;
    if (event === "phx_close") return this.close(payload);
    if (event === "phx_error") return this.error(payload);
    if (event === "phx_reply") this.unanswered.get(ref)?.resolve(payload.status, payload.response);
    this.trigger(event, payload, ref);
  }

  trigger(event, payload, ref) {
    this.bindings.filter((bound) => bound.event === event).forEach(({ callback }) => callback(payload, ref));
  }

  rejoin() {
    // The server knows one channel per topic and connection: the newest object gets it.
    this.socket.channels
      .filter((other) => other !== this && other.topic === this.topic && (other.isJoined() || other.isJoining()))
      .forEach((other) => other.leave());
    this.state = "joining";
    this.joinPush.send();
  }

  joined() {
    this.state = "joined";
    this.rejoinTimer.reset();
    const waiting = this.pushBuffer.splice(0);
    waiting.filter((push) => !push.answer).forEach((push) => push.send());
  }

  retryJoin() {
    this.state = "errored";
    if (this.socket.isConnected()) this.rejoinTimer.schedule();
  }

  connected() {
    this.rejoinTimer.reset();
    if (this.isErrored() || this.isJoining()) this.rejoin();
  }

  disconnected() {
    this.rejoinTimer.reset();
    if (this.isJoined() || this.isJoining()) this.error({ source: "transport", reason: "connection_closed" });
  }

  error(reason) {
    this.joinPush.cancel();
    this.retryJoin();
    this.trigger("phx_error", reason);
  }

  close(reason) {
    this.rejoinTimer.reset();
    this.joinPush.cancel();
    this.state = "closed";
    this.socket.remove(this);
    this.trigger("phx_close", reason);
  }

  sendLeave() {
    const { topic, socket } = this;
    socket.send({ join_ref: this.joinRef(), ref: socket.makeRef(), topic, event: "phx_leave", payload: {} });
  }
}

/** A question to the server: `receive("ok" | "error" | "timeout" | …, callback)` waits for its answer. */
class Push {
  constructor(channel, event, payload, timeout) {
    Object.assign(this, { channel, event, payload, timeout, ref: null, answer: null, timer: null, hooks: [] });
  }

  receive(status, callback) {
    if (this.answer?.status === status) callback(this.answer.response);
    this.hooks.push({ status, callback });
    return this;
  }

  /** A new ref and a new timeout; what the old ref is answered with is of no interest any more. */
  start() {
    this.cancel();
    this.answer = null;
    this.ref = this.channel.socket.makeRef();
    this.channel.unanswered.set(this.ref, this);
    this.timer = setTimeout(() => this.resolve("timeout", {}), this.timeout);
  }

  send() {
    this.start();
    const { channel, ref, event } = this;
    channel.socket.send({ join_ref: channel.joinRef(), ref, topic: channel.topic, event, payload: this.payload() });
  }

  resolve(status, response) {
    this.cancel();
    this.answer = { status, response };
    this.hooks.filter((hook) => hook.status === status).forEach(({ callback }) => callback(response));
  }

  cancel() {
    clearTimeout(this.timer);
    this.channel.unanswered.delete(this.ref);
  }
}

/** Calls `callback` after a delay that depends on how often it did since the last reset. */
class RetryTimer {
  constructor(callback, delayMs) {
    Object.assign(this, { callback, delayMs, tries: 0, timer: null });
  }

  schedule() {
    clearTimeout(this.timer);
    this.tries += 1;
    this.timer = setTimeout(() => this.fire(), this.delayMs(this.tries));
  }

  /** Now instead of later, if something is scheduled. */
  hurry() { if (this.timer) this.fire(); }

  fire() {
    clearTimeout(this.timer);
    this.timer = null;
    this.callback();
  }

  reset() {
    clearTimeout(this.timer);
    this.timer = null;
    this.tries = 0;
  }
}

/**
 * phoenix.js's delays, each spread over half to one and a half of its value. A restart loses all clients in the same
 * millisecond; with bare delays they would also come back in the same millisecond, at every try.
 */
function jittered(delays) {
  return (tries) => delays[Math.min(tries, delays.length) - 1] * (0.5 + Math.random());
}

function closure(value) { return typeof value === "function" ? value : () => value; }

// ---- the wire: a JSON array, or, for an ArrayBuffer or a view of one, a binary frame

function encode({ join_ref, ref, topic, event, payload }) {
  if (!(payload instanceof ArrayBuffer) && !ArrayBuffer.isView(payload)) {
    return JSON.stringify([join_ref, ref, topic, event, payload]);
  }
  const fields = [join_ref ?? "", ref ?? "", topic, event].map((text) => new TextEncoder().encode(text));
  if (fields.some((field) => field.length > 255)) throw new RangeError("a ref, topic or event is over 255 bytes");
  const data = ArrayBuffer.isView(payload)
    ? new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength)
    : new Uint8Array(payload);
  const parts = [Uint8Array.of(0, ...fields.map((field) => field.length)), ...fields, data];
  const frame = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  parts.reduce((at, part) => (frame.set(part, at), at + part.length), 0);
  return frame.buffer;
}

function decode(data) {
  if (typeof data === "string") {
    const [join_ref, ref, topic, event, payload] = JSON.parse(data);
    return { join_ref, ref, topic, event, payload };
  }
  const names = [["join_ref", "topic", "event"], ["join_ref", "ref", "topic", "status"], ["topic", "event"]];
  const bytes = new Uint8Array(data);
  const message = { join_ref: null, ref: null };
  let at = 1 + names[bytes[0]].length;
  names[bytes[0]].forEach((name, i) => {
    message[name] = new TextDecoder().decode(bytes.subarray(at, (at += bytes[1 + i])));
  });
  const { status, ...pushed } = message;
  const payload = data.slice(at);
  return status === undefined ? { ...pushed, payload } : { ...pushed, event: "phx_reply", payload: { status, response: payload } };
}
