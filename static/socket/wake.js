// When a page has reason to doubt its connection: it is shown again, the network is back, or a timer came far too late.
// And when it is put away: browsers keep a page that was left as it is, with its sockets, for the way back.

const LATE_MS = 2000;
const TICK_MS = 500;

/** Calls `woken` whenever the page is shown or the network comes back. */
export function onWake(woken) {
  globalThis.addEventListener?.("online", woken);
  globalThis.addEventListener?.("pageshow", woken);
  globalThis.document?.addEventListener?.("visibilitychange", () => {
    if (!document.hidden) woken();
  });
}

/** Calls `left` when the browser goes to another page and may keep this one for the way back, and `back` on that way. */
export function onLeave(left, back) {
  globalThis.addEventListener?.("pagehide", left);
  globalThis.addEventListener?.("pageshow", back);
}

/** Calls `woken` after each sleep of the machine, which stops all timers. Ends by clearInterval of the returned timer. */
export function watchClock(woken) {
  let last = Date.now();
  return setInterval(() => {
    const slept = isLate(last, TICK_MS);
    last = Date.now();
    if (slept) woken();
  }, TICK_MS);
}

/** True if a timer of `ms`, started at `since`, is called so late now that the page must have slept. */
export function isLate(since, ms) { return Date.now() - since - ms > LATE_MS; }
