// The page's reconnects: when a lost connection is opened again, and the timer behind it.

const RECONNECT_AFTER_MS = [10, 50, 100, 150, 200, 250, 500, 1000, 2000, 5000];

/** Delays in ms before a channel joins again after the first, second, … failed join; the last one repeats. */
export const REJOIN_AFTER_MS = [1000, 2000, 5000, 10_000];

/** A timer that calls `connect`, later at each try. */
export function reconnects(connect, afterMs = jittered(RECONNECT_AFTER_MS)) { return new RetryTimer(connect, afterMs); }

/** Calls `callback` after a delay that depends on the number of tries since the last reset. */
export class RetryTimer {
  constructor(callback, delayMs) {
    Object.assign(this, { callback, delayMs, tries: 0, timer: null });
  }

  schedule() {
    clearTimeout(this.timer);
    this.tries += 1;
    this.timer = setTimeout(() => this.fire(), this.delayMs(this.tries));
  }

  isScheduled() { return this.timer !== null; }

  /** Calls `callback` now if a call is scheduled. */
  hurry() { if (this.isScheduled()) this.fire(); }

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
