// What a test waits for: the answer to a push, and the next item of a queue.

import { within } from "./lobbyd.mjs";

const WAIT_MS = 10_000;

/** How the server answered a push, as data. */
export function answer(push) {
  const answered = new Promise((resolve) => {
    for (const status of ["ok", "error", "timeout"]) push.receive(status, (response) => resolve({ status, response }));
  });
  return within(WAIT_MS, "an answer", answered);
}

/** A queue one can wait at: `next()` is the oldest item, present or to come. */
export function inbox(what) {
  const [items, waiting] = [[], []];
  return {
    get length() { return items.length; },
    put(item) { waiting.length > 0 ? waiting.shift()(item) : items.push(item); },
    next() { return items.length > 0 ? items.shift() : within(WAIT_MS, what, new Promise((resolve) => waiting.push(resolve))); },
  };
}
