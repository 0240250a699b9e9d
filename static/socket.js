// A client for Phoenix Channels (protocol 2.0.0): the part of phoenix.js a page needs, under the same names, so that
// `import { Socket } from "phoenix"` can take its place without another change.
//
//   page ─▶ Channel.push ─▶ Push: ref, timeout ─▶ Socket.send ─▶ encode ─▶ WebSocket
//   page ◀─ Channel.on   ◀─ Channel.receive    ◀─ Socket.receive ◀─ decode ◀─ WebSocket
//
// On purpose not here: long-poll, presence, custom serializers, auth tokens.

import { Channel } from "./socket/channel.js";
import { REJOIN_AFTER_MS, jittered, reconnects } from "./socket/reconnect.js";
import { isLate, onLeave, onWake, watchClock } from "./socket/wake.js";
import { decode, encode } from "./socket/wire.js";

export { Channel };

const PUSH_TIMEOUT_MS = 10_000;
// Half of the server's idle timeout, so that one lost heartbeat does not end a quiet connection.
const HEARTBEAT_INTERVAL_MS = 30_000;
// Silence after which a doubted connection is given up, and the age at which a doubted try to connect is.
const LIFE_WITHIN_MS = 5000;

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
    this.params = opts.params ?? {};
    this.timeout = opts.timeout ?? PUSH_TIMEOUT_MS;
    this.transport = opts.transport ?? globalThis.WebSocket;
    this.heartbeatIntervalMs = opts.heartbeatIntervalMs ?? HEARTBEAT_INTERVAL_MS;
    this.rejoinAfterMs = opts.rejoinAfterMs ?? jittered(REJOIN_AFTER_MS);
    this.logger = opts.logger ?? null;
    this.channels = [];
    this.conn = null;
    this.ref = 0;
    this.connectAt = 0;
    this.clockTimer = null;
    this.heartbeatTimer = null;
    this.heartbeatRef = null;
    this.heartbeatAt = 0;
    this.doubtTimer = null;
    this.doubtAt = 0;
    this.isPutAway = false; // the browser keeps the page for the way back, and it is to connect then
    this.callbacks = { open: [], close: [], error: [], message: [] };
    this.reconnectTimer = reconnects(() => this.connect(), opts.reconnectAfterMs);
    onLeave(() => this.putAway(), () => { if (this.isPutAway) this.connect(); });
    onWake(() => this.woken());
  }

  /** Opens the connection; does nothing while there is one. */
  connect() {
    this.isPutAway = false;
    if (this.conn) return;
    this.connectAt = Date.now();
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
    this.isPutAway = false;
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

  /** Asks the server for an answer, and calls back with the milliseconds until it came. False if there is no connection. */
  ping(callback) {
    if (!this.isConnected()) return false;
    const [ref, at] = [this.makeRef(), Date.now()];
    const answered = this.onMessage((message) => {
      if (message.ref !== ref) return;
      this.off([answered]);
      callback(Date.now() - at);
    });
    this.sendHeartbeat(ref);
    return true;
  }

  isConnected() { return this.connectionState() === "open"; }

  connectionState() {
    return ["connecting", "open", "closing", "closed"][this.conn?.readyState ?? 3];
  }

  endPointURL() {
    const params = typeof this.params === "function" ? this.params() : this.params;
    const query = new URLSearchParams({ ...params, vsn: "2.0.0" });
    const url = `${this.endPoint}?${query}`;
    if (!url.startsWith("/")) return url;
    return `${location.protocol.replace("http", "ws")}//${location.host}${url}`;
  }

  // ---- below: for this file and for Channel

  /** Refs are never reused, also not after a reconnect: an answer can never meet the wrong question. */
  makeRef() { return String(++this.ref); }

  /** Writes a message to the connection, and drops it if the connection is not open: channels keep their pushes. */
  send(message) {
    if (!this.isConnected()) return;
    this.log("push", `${message.topic} ${message.event} (${message.join_ref}, ${message.ref})`, message.payload);
    this.conn.send(encode(message));
  }

  receive(message) {
    this.log("receive", `${message.topic} ${message.event} (${message.ref})`, message.payload);
    if (message.ref && message.ref === this.heartbeatRef) this.lives();
    else if (this.doubtTimer) this.waitForLife(); // much may lie before the answer
    this.channels.filter((channel) => channel.topic === message.topic).forEach((channel) => channel.receive(message));
    this.callbacks.message.forEach(({ callback }) => callback(message));
  }

  opened() {
    this.log("transport", "connected", this.endPoint);
    this.reconnectTimer.reset();
    this.heartbeatRef = null;
    this.heartbeatTimer = setInterval(() => this.heartbeat(), this.heartbeatIntervalMs);
    this.clockTimer = watchClock(() => this.woken());
    this.channels.forEach((channel) => channel.connected());
    this.callbacks.open.forEach(({ callback }) => callback());
  }

  lost(event, reconnect = true) {
    this.log("transport", "close", event);
    this.conn = null;
    clearInterval(this.heartbeatTimer);
    clearInterval(this.clockTimer);
    this.lives();
    // After any close code: proxies close with 1000 too, and a page that wants no reconnect calls disconnect().
    if (reconnect) this.reconnectTimer.schedule();
    this.channels.slice().forEach((channel) => channel.disconnected());
    this.callbacks.close.forEach(({ callback }) => callback(event));
  }

  heartbeat() {
    if (this.doubtTimer) return;
    if (!this.heartbeatRef) return this.beat();
    // The answer of before a sleep may be there, still unread.
    if (isLate(this.heartbeatAt, this.heartbeatIntervalMs)) return this.doubt();
    this.giveUp();
  }

  beat() {
    this.heartbeatRef = this.makeRef();
    this.heartbeatAt = Date.now();
    this.sendHeartbeat(this.heartbeatRef);
  }

  sendHeartbeat(ref) { this.send({ join_ref: null, ref, topic: "phoenix", event: "heartbeat", payload: {} }); }

  /** The page may have slept, or changed its network: a try that waits is made now, and a connection has to show life. */
  woken() {
    this.reconnectTimer.hurry();
    if (this.isConnected()) this.doubt();
    else if (this.conn && Date.now() - this.connectAt > LIFE_WITHIN_MS) this.giveUp();
  }

  /** Sends a heartbeat at once. If nothing at all comes then, the connection is dead. */
  doubt() {
    if (this.doubtTimer && !isLate(this.doubtAt, LIFE_WITHIN_MS)) return;
    this.beat();
    this.waitForLife();
  }

  waitForLife() {
    clearTimeout(this.doubtTimer);
    this.doubtAt = Date.now();
    this.doubtTimer = setTimeout(() => {
      if (isLate(this.doubtAt, LIFE_WITHIN_MS)) this.doubt();
      else this.giveUp();
    }, LIFE_WITHIN_MS);
  }

  lives() {
    clearTimeout(this.doubtTimer);
    this.doubtTimer = this.heartbeatRef = null;
  }

  giveUp() {
    this.abandon(1000, "heartbeat timeout");
    this.lost({ code: 1006, reason: "heartbeat timeout", wasClean: false });
  }

  /** Lets go when the page is left: a kept page that nobody sees would hold its connection, and its place in a room. */
  putAway() {
    if (!this.conn && !this.reconnectTimer.isScheduled()) return;
    this.disconnect();
    this.isPutAway = true;
  }

  /** Closes the connection without waiting for its close event, which may be a minute away on a dead network. */
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
