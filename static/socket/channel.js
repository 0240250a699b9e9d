// A channel: one topic on one socket, from join to leave, and the pushes on it. Between the page and socket.js.

import { RetryTimer } from "./reconnect.js";

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
    this.joinPush = new Push(this, "phx_join", params ?? {}, socket.timeout)
      .receive("ok", () => this.joined())
      .receive("error", () => this.retryJoin())
      .receive("timeout", () => {
        // The server may still answer this join, so a leave is sent before the next join.
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

  /** Sends an event: at once if joined, else after the next join, unless `timeout` (ms) has passed by then. */
  push(event, payload = {}, timeout = this.socket.timeout) {
    if (!this.joinedOnce) {
      throw new Error(`tried to push '${event}' to '${this.topic}' before joining: call channel.join() first`);
    }
    const push = new Push(this, event, payload, timeout);
    if (this.canPush()) push.send();
    else {
      push.start();
      this.pushBuffer.push(push);
    }
    return push;
  }

  /** Leaves for good. The returned push is "ok" at once, because the server's answer changes nothing any more. */
  leave(timeout = this.socket.timeout) {
    const leaving = new Push(this, "phx_leave", {}, timeout);
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

  // ---- below: for this file and for Socket

  receive({ join_ref, ref, event, payload }) {
    // The message belongs to an earlier join of this topic. Broadcasts have no join_ref.
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
    // The server knows one channel per topic and connection: older objects of this topic leave.
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

/** A message that the server answers: `receive("ok" | "error" | "timeout" | …, callback)` waits for the answer. */
class Push {
  constructor(channel, event, payload, timeout) {
    Object.assign(this, { channel, event, payload, timeout, ref: null, answer: null, timer: null, hooks: [] });
  }

  receive(status, callback) {
    if (this.answer?.status === status) callback(this.answer.response);
    this.hooks.push({ status, callback });
    return this;
  }

  /** Takes a new ref and starts a new timeout; an answer to the old ref is ignored. */
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
    const payload = typeof this.payload === "function" ? this.payload() : this.payload;
    channel.socket.send({ join_ref: channel.joinRef(), ref, topic: channel.topic, event, payload });
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
