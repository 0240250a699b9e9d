// A client for Phoenix Channels (protocol 2.0.0): the part of phoenix.js a page needs, under the same names, so that
// `import { Socket } from "phoenix"` can take its place without another change.
//
//   page ─▶ Channel.push ─▶ Push: ref, timeout ─▶ Socket.send ─▶ encode ─▶ WebSocket
//   page ◀─ Channel.on   ◀─ Channel.receive    ◀─ Socket.receive ◀─ decode ◀─ WebSocket
//
// On purpose not here: long-poll, presence, custom serializers, auth tokens.

import { Channel } from "./socket/channel.js";
import { REJOIN_AFTER_MS, jittered, reconnects } from "./socket/reconnect.js";
import { decode, encode } from "./socket/wire.js";

export { Channel };

const PUSH_TIMEOUT_MS = 10_000;
// Half of the server's idle timeout, so that one lost heartbeat does not end a quiet connection.
const HEARTBEAT_INTERVAL_MS = 30_000;

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
    this.heartbeatTimer = null;
    this.heartbeatRef = null;
    this.callbacks = { open: [], close: [], error: [], message: [] };
    this.reconnectTimer = reconnects(() => this.connect(), opts.reconnectAfterMs);
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
    // After any close code: proxies close with 1000 too, and a page that wants no reconnect calls disconnect().
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
