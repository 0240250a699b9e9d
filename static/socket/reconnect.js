// When to reconnect and rejoin: the timer of the socket's and the channels' next tries.

/** Calls `callback` after a delay that depends on how often it did since the last reset. */
export class RetryTimer {
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
export function jittered(delays) {
  return (tries) => delays[Math.min(tries, delays.length) - 1] * (0.5 + Math.random());
}
