// What the tests do on the chat page, what they wait for there, and what they look at.

export async function say(page, body) {
  await page.fill("#chat-input", body);
  await page.press("#chat-input", "Enter");
}

/** Sends numbered messages from the page itself, all at once, and waits until the page shows the newest. */
export async function fill(page, count) {
  await page.evaluate((last) => {
    const [field, form] = [document.querySelector("#chat-input"), document.querySelector("#composer")];
    for (let number = 1; number <= last; number += 1) {
      field.value = `message ${number}`;
      form.requestSubmit();
    }
  }, count);
  await page.waitForFunction((last) => document.querySelector("#messages").textContent.includes(`message ${last}`), count);
  // The page scrolls there in its next frame, and would take back what a test scrolls before.
  await atNewest(page);
}

/** Scrolls the log as a person does, and waits until the page has seen it. */
export async function scrollUp(page, top) {
  await page.evaluate((there) => { document.querySelector("#log").scrollTop = there; }, top);
  await page.waitForSelector("#log:not([data-following])");
}

export const boxes = (page, ...selectors) =>
  page.evaluate((all) => all.map((one) => document.querySelector(one).getBoundingClientRect().toJSON()), selectors);

export function framesSent(page) {
  const sent = [];
  page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => sent.push(String(payload))));
  return sent;
}

export async function state(page, name, text) {
  await page.waitForSelector(`body[data-state="${name}"]`);
  await page.waitForFunction((expected) => document.querySelector("#status").textContent === expected, text);
}

export const shows = (page, count) =>
  page.waitForFunction((expected) => document.querySelectorAll("#messages li").length === expected, count);

export const atNewest = (page) =>
  page.waitForFunction(() => {
    const log = document.querySelector("#log");
    return log.scrollHeight - log.clientHeight - log.scrollTop < 2;
  });

export const focused = (page) => page.evaluate(() => document.activeElement.id);

/** Waits until nothing that was written here waits any more. */
export const nothingPending = (page) => page.waitForFunction(() => document.querySelector("#outbox").children.length === 0);

/** Records from now on, in order, what happens to the field: "blur", "compositionend", "submit" and the like. */
export const recordEvents = (page, ...kinds) =>
  page.evaluate((all) => {
    window.recorded = [];
    for (const kind of all) {
      const note = () => { if (kind === "submit" || document.activeElement.id === "chat-input" || kind === "blur") window.recorded.push(kind); };
      document.querySelector(kind === "submit" ? "#composer" : "#chat-input").addEventListener(kind, note, { capture: true });
    }
  }, kinds);

export const recorded = (page) => page.evaluate(() => window.recorded);
