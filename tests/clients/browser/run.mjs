// The chat page in a real browser against the real server: what a person sees, and what a reader of the console sees.
// Start it with run.sh; CHROMIUM names the browser (default /usr/bin/chromium), TESTED_LOBBYD the server. The screenshots
// it leaves in screenshots/ are for eyes: nothing compares them.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, afterEach, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

import { startLobbyd } from "../phoenix_js/lobbyd.mjs";
import { atNewest, boxes, fill, focused, framesSent, nothingPending, recordEvents, recorded, say, scrollUp, shows, state } from "./page.mjs";
import { startProxy } from "./proxy.mjs";

const WAIT_MS = 15_000;
const PHONE = { viewport: { width: 320, height: 568 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
const screenshots = fileURLToPath(new URL("screenshots/", import.meta.url));
const profile = mkdtempSync(path.join(tmpdir(), "lobbyd-chromium-"));
const launch = {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
  ],
  env: { ...process.env, HOME: profile },
};
const contexts = [];
const others = []; // servers and proxies of one test
let server;
let browser;

before(async () => {
  mkdirSync(screenshots, { recursive: true });
  server = await startLobbyd();
  browser = await chromium.launch(launch);
});

afterEach(async () => {
  await Promise.all(contexts.splice(0).map((context) => context.close()));
  await Promise.all(others.splice(0).map((other) => other.stop("SIGKILL")));
});

after(async () => {
  await browser?.close();
  await server?.stop("SIGKILL");
  rmSync(profile, { recursive: true, force: true });
});

test("two pages chat, and each shows the date and the body", async () => {
  const [ann, bob] = [await lobby(), await lobby()];
  await say(ann, "hello bob");
  await say(bob, "hello ann");
  for (const page of [ann, bob]) {
    await shows(page, 2);
    const lines = await page.locator("#messages li").allTextContents();
    assert.match(lines[0], /^\[.*\d:\d\d:\d\d.*\] hello bob$/);
    assert.match(lines[1], /^\[.*\d:\d\d:\d\d.*\] hello ann$/);
    await nothingPending(page);
  }
  assert.equal(await ann.inputValue("#chat-input"), "", "the field is cleared");
});

test("the console says that the join succeeded, and nothing is wrong", async () => {
  const page = await lobby();
  await say(page, "hello");
  await shows(page, 1);
  assert.deepEqual(page.logged, ["log: Joined successfully {}"]);
});

test("markup in a message stays text", async () => {
  const page = await lobby();
  const markup = `<img src=x onerror="window.hacked = 1"><script>window.hacked = 1</script><b>&amp;</b>`;
  await say(page, markup);
  await shows(page, 1);
  assert.ok((await page.textContent("#messages li")).endsWith(`] ${markup}`));
  assert.equal(await page.locator("#messages :is(img, script, b)").count(), 0);
  assert.equal(await page.evaluate(() => window.hacked), undefined);
});

test("Enter in an empty or blank field sends nothing", async () => {
  const page = await newPage();
  const sent = framesSent(page);
  await enter(page);
  await page.press("#chat-input", "Enter");
  await say(page, "   ");
  await page.fill("#chat-input", "");
  await say(page, "something");
  await shows(page, 1);
  assert.equal(sent.filter((frame) => frame.includes("new_msg")).length, 1);
});

test("keys alone are enough to write, read back and come back to the newest", async () => {
  const page = await lobby();
  await page.keyboard.type("the field has the focus");
  await page.keyboard.press("Enter");
  await shows(page, 1);
  await fill(page, 60);
  await page.keyboard.press("Shift+Tab");
  assert.equal(await focused(page), "log");
  await page.keyboard.press("Home");
  await page.waitForFunction(() => document.querySelector("#log").scrollTop === 0);
  await say(await lobby(), "from elsewhere");
  await page.waitForSelector("#newer:not([hidden])");
  await page.keyboard.press("Tab");
  assert.equal(await focused(page), "newer");
  await page.keyboard.press("Enter");
  await atNewest(page);
  assert.equal(await focused(page), "chat-input");
});

test("who reads the newest stays there, and who scrolled up is left where they are", async () => {
  const page = await lobby();
  await fill(page, 60);
  await scrollUp(page, 100);
  const other = await lobby();
  await say(other, "one");
  await page.getByText("1 new message", { exact: false }).waitFor();
  await say(other, "two");
  await page.getByText("2 new messages", { exact: false }).waitFor();
  assert.equal(await page.evaluate(() => document.querySelector("#log").scrollTop), 100);
  await page.screenshot({ path: `${screenshots}scrolled-up.png` });
  await page.click("#newer");
  await atNewest(page);
  assert.equal(await page.isVisible("#newer"), false);
  await page.focus("#log");
  await page.keyboard.press("ArrowUp"); // even one line
  await page.waitForSelector("#log:not([data-following])");
  await say(other, "three");
  await page.getByText("1 new message", { exact: false }).waitFor();
  await page.keyboard.press("End");
  await page.waitForSelector("#newer", { state: "hidden" });
});

test("only the newest 500 messages are kept", async () => {
  const page = await lobby();
  await fill(page, 510);
  await page.getByText("message 510", { exact: true }).waitFor();
  assert.equal(await page.locator("#messages li").count(), 500);
  assert.match(await page.textContent("#messages li:first-child"), /message 11$/);
});

test("a restart of the server heals by itself, and what was written meanwhile arrives", async () => {
  const page = await lobby();
  await say(page, "before");
  await shows(page, 1);
  await server.stop("SIGTERM");
  await state(page, "reconnecting", "Reconnecting…");
  await say(page, "written while away");
  await page.getByText("will be sent when the connection is back").waitFor();
  await page.screenshot({ path: `${screenshots}reconnecting.png` });
  server = await startLobbyd(server.port);
  await state(page, "joined", "In the lobby");
  await shows(page, 2);
  assert.match(await page.textContent("#messages li:last-child"), /\] written while away$/);
  await nothingPending(page);
  assert.match(await page.getAttribute("#messages li:last-child", "data-gap"), /^You were away for /);
  await page.screenshot({ path: `${screenshots}healed.png` });
});

test("who only reads sees at once that there was a gap, and then where", async () => {
  const page = await lobby();
  await restart(page);
  await page.getByText("You were away for ").waitFor();
  assert.equal(await page.isVisible("#empty"), false);
  await page.screenshot({ path: `${screenshots}away-empty.png` });
  await fill(page, 40);
  await shows(page, 40);
  assert.equal(await page.isVisible("#away"), false);
  assert.match(await page.getAttribute("#messages li:first-child", "data-gap"), /^You were away for /);
  await restart(page);
  await page.locator("#away", { hasText: "You were away for " }).waitFor();
  await atNewest(page);
  await page.screenshot({ path: `${screenshots}away.png` });
  await say(page, "and on");
  await shows(page, 41);
  assert.match(await page.textContent("#messages li:last-child"), /^\[[^\]]+\] and on$/);
  assert.equal(await page.locator("[data-gap]").count(), 2);
});

test("of many messages written while away the last is in view, below one heading", async () => {
  for (const [name, viewport] of [["phone", { width: 360, height: 640 }], ["tiny", { width: 320, height: 180 }]]) {
    const page = await lobby({ ...PHONE, viewport });
    await server.stop("SIGTERM");
    await state(page, "reconnecting", "Reconnecting…");
    await say(page, "message 1");
    await page.getByText("1 message will be sent when the connection is back").waitFor();
    for (let number = 2; number <= 12; number += 1) await say(page, `message ${number}`);
    assert.equal(await page.textContent("#waiting"), "12 messages will be sent when the connection is back");
    const [box, last, field] = await boxes(page, "#outbox", "#outbox li:last-child", "#chat-input");
    await page.screenshot({ path: `${screenshots}outbox-${name}.png` });
    server = await startLobbyd(server.port);
    assert.ok(last.top >= box.top - 1 && last.bottom <= box.bottom + 1, JSON.stringify({ box, last }));
    assert.ok(field.bottom <= viewport.height, JSON.stringify(field));
    await shows(page, 12);
    assert.equal(await page.textContent("#waiting"), "");
    await contexts.pop().close();
  }
});

test("a message that was under way when the connection went can be sent again", async () => {
  const page = await newPage();
  let cut = true;
  await page.routeWebSocket(/\/socket\/websocket/, (route) => {
    const upstream = route.connectToServer();
    route.onMessage((frame) => {
      if (cut && String(frame).includes("new_msg")) {
        cut = false;
        upstream.close();
        route.close({ code: 1012 });
      } else upstream.send(frame);
    });
  });
  await enter(page);
  await say(page, "did it arrive?");
  await page.getByText("may not have arrived").waitFor();
  await state(page, "joined", "In the lobby");
  await page.screenshot({ path: `${screenshots}doubt.png` });
  await page.getByRole("button", { name: "Send again" }).click();
  await shows(page, 1);
  await nothingPending(page);
});

test("a rejected message comes back to the field with the reason", async () => {
  const page = await newPage();
  await page.routeWebSocket(/\/socket\/websocket/, (route) => {
    const upstream = route.connectToServer();
    route.onMessage((frame) => {
      const [joinRef, ref, topic, event] = JSON.parse(frame);
      if (event !== "new_msg") return upstream.send(frame);
      route.send(JSON.stringify([joinRef, ref, topic, "phx_reply", { status: "error", response: { reason: "slow down a little" } }]));
    });
  });
  await enter(page);
  await say(page, "too fast");
  await page.getByText("Not sent: slow down a little").waitFor();
  assert.equal(await page.inputValue("#chat-input"), "too fast");
  await page.screenshot({ path: `${screenshots}rejected.png` });
  await page.locator("#chat-input").press("End");
  await page.keyboard.type("!");
  assert.equal(await page.textContent("#problem"), "");
});

test("a refused room says so once, and leaves the server alone", async () => {
  const page = await newPage();
  const sent = framesSent(page);
  await page.clock.install();
  await page.goto(`${server.url}?room=secret`);
  await state(page, "refused", "Not admitted");
  const text = await page.textContent("#refused");
  assert.match(text, /room:secret/);
  assert.match(text, /authorized/);
  assert.equal(await page.isVisible("#composer"), false);
  await page.clock.fastForward(300_000); // past every delay after which a client might join or connect again
  assert.equal(sent.filter((frame) => frame.includes("phx_join")).length, 1);
  assert.deepEqual(page.logged, [`log: Unable to join {"reason":"authorized"}`]);
  await page.screenshot({ path: `${screenshots}refused.png` });
  await page.click("#refused a");
  await state(page, "joined", "In the lobby");
});

test("a join that fails for now shows its reason, and the page comes in when the next join succeeds", async () => {
  const page = await newPage();
  const reasons = ["join crashed", "too many joins", "join timed out"];
  await page.routeWebSocket(/\/socket\/websocket/, (route) => {
    const upstream = route.connectToServer();
    route.onMessage((frame) => {
      const [joinRef, ref, topic, event] = JSON.parse(frame);
      if (event !== "phx_join" || reasons.length === 0) return upstream.send(frame);
      const reason = reasons.shift();
      route.send(JSON.stringify([joinRef, ref, topic, "phx_reply", { status: "error", response: { reason } }]));
    });
  });
  await page.goto(server.url);
  await state(page, "reconnecting", "Join crashed, trying again…");
  await page.screenshot({ path: `${screenshots}join-crashed.png` });
  await say(page, "written before the join");
  await state(page, "joined", "In the lobby");
  await shows(page, 1);
  assert.deepEqual(reasons, []);
  assert.equal(await page.textContent("#away"), "", "a page that was never in the room missed nothing");
});

test("in any window the way out of a refused room is in reach, by keys too", async () => {
  const long = "x".repeat(1100);
  const windows = [
    ["secret", 240, 320], ["secret", 320, 180], ["a long name ".repeat(10), 568, 320],
    [long, 240, 320], [long, 320, 180], [long, 600, 500],
  ];
  for (const [room, width, height] of windows) {
    const page = await newPage({ viewport: { width, height }, colorScheme: height < 500 ? "dark" : "light" });
    await page.goto(`${server.url}?room=${encodeURIComponent(room)}`);
    await state(page, "refused", "Not admitted");
    assert.equal(await focused(page), "refused");
    const name = `refused-${width}x${height}-${room.length}`;
    await page.screenshot({ path: `${screenshots}${name}.png` });
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Go to the lobby");
    const [header, link] = await boxes(page, "header", "#refused a");
    assert.ok(link.top >= header.bottom && link.bottom <= height, `${name}: ${JSON.stringify({ header, link })}`);
    const wide = await page.evaluate(() => [document.documentElement, document.querySelector("main")].map((e) => e.scrollWidth));
    assert.ok(wide.every((pixels) => pixels <= width), `${name}: ${wide}`);
    await page.keyboard.press("Enter");
    await state(page, "joined", "In the lobby");
    await contexts.pop().close();
  }
});

test("a room that is closed leaves its messages, and what could not be sent, to be read", async () => {
  const page = await newPage(PHONE);
  await page.routeWebSocket(/\/socket\/websocket/, (route) => {
    const upstream = route.connectToServer();
    route.onMessage((frame) => {
      const [joinRef, , topic] = JSON.parse(frame);
      if (frame.includes("the last word")) route.send(JSON.stringify([joinRef, joinRef, topic, "phx_close", {}]));
      else upstream.send(frame);
    });
  });
  await enter(page);
  await fill(page, 30);
  await say(page, "the last word");
  await state(page, "refused", "Closed");
  await page.getByText("The server closed this room").waitFor();
  await page.getByText("the last word").waitFor();
  await page.getByText("may not have arrived").waitFor();
  assert.equal(await focused(page), "refused");
  assert.equal(await page.isVisible("#chat-input"), false);
  const [main, link] = await boxes(page, "main", "#refused a");
  assert.ok(link.bottom <= main.bottom, JSON.stringify({ main, link }));
  await page.screenshot({ path: `${screenshots}closed.png` });
  await page.getByText("message 1", { exact: true }).scrollIntoViewIfNeeded();
});

test("without JavaScript it says that it needs it, and offers nothing that does not work", async () => {
  const page = await newPage({ ...PHONE, javaScriptEnabled: false });
  await page.goto(server.url);
  await page.waitForSelector(".notice");
  await page.screenshot({ path: `${screenshots}no-javascript.png` });
  for (const part of ["#status", "#composer", "#log"]) assert.equal(await page.isVisible(part), false, part);
});

test("with the npm package in place of socket.js the page works the same", async () => {
  const page = await newPage();
  const phoenix = fileURLToPath(new URL("node_modules/phoenix/priv/static/phoenix.mjs", import.meta.url));
  await page.route("**/phoenix.mjs", (route) => route.fulfill({ path: phoenix, contentType: "text/javascript" }));
  await page.route("**/chat.js", async (route) => {
    const response = await route.fetch();
    const swapped = (await response.text()).replace(`from "./socket.js"`, `from "./phoenix.mjs"`);
    await route.fulfill({ response, body: swapped });
  });
  const loaded = [];
  page.on("request", (request) => loaded.push(new URL(request.url()).pathname));
  await enter(page);
  await say(page, "before");
  await shows(page, 1);
  await restart(page);
  await say(page, "after");
  await shows(page, 2);
  assert.ok(loaded.includes("/phoenix.mjs") && !loaded.includes("/socket.js"), loaded.join(" "));
});

test("on a phone nothing scrolls sideways, and the field is large enough not to zoom", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const page = await lobby({ ...PHONE, colorScheme });
    await say(page, `w${"o".repeat(300)}rd`);
    await say(page, "https://example.org/" + "path/".repeat(40));
    await say(page, "שלום, and hello");
    await shows(page, 3);
    const size = await page.evaluate(() => ({
      sideways: [document.documentElement, document.querySelector("#log")].map((e) => e.scrollWidth - e.clientWidth),
      font: parseFloat(getComputedStyle(document.querySelector("#chat-input")).fontSize),
      field: document.querySelector("#chat-input").getBoundingClientRect().toJSON(),
    }));
    assert.deepEqual(size.sideways, [0, 0]);
    assert.ok(size.font >= 16 && size.field.height >= 44, JSON.stringify(size));
    assert.ok(size.field.bottom <= PHONE.viewport.height, "the field is in view");
    await page.screenshot({ path: `${screenshots}phone-${colorScheme}.png` });
    await contexts.pop().close(); // or the next page's messages come twice
  }
  const reader = await lobby(PHONE);
  await fill(reader, 40);
  await scrollUp(reader, 0);
  await say(await lobby(), "from elsewhere");
  await reader.getByText("1 new message", { exact: false }).waitFor();
  const [pill] = await boxes(reader, "#newer");
  assert.ok(pill.height < 50, "the pill is one line");
  await reader.screenshot({ path: `${screenshots}phone-scrolled-up.png` });
  const refused = await newPage(PHONE);
  await refused.goto(`${server.url}?room=secret`);
  await state(refused, "refused", "Not admitted");
  await refused.screenshot({ path: `${screenshots}phone-refused.png` });
});

test("it looks right in light and in dark, empty and in use", async () => {
  for (const colorScheme of ["light", "dark"]) {
    const page = await lobby({ colorScheme });
    await page.screenshot({ path: `${screenshots}empty-${colorScheme}.png` });
    await say(page, "Good morning, everybody");
    await say(page, "A longer message, to see how lines break when somebody has a little more to say than the width of the column has room for.");
    await say(page, "👋 grüße");
    await shows(page, 3);
    await page.screenshot({ path: `${screenshots}${colorScheme}.png` });
    await contexts.pop().close();
  }
});

test("a full room is waited for, and entered once there is a place", async () => {
  const small = await other(`[[room]]\ntopic = "room:lobby"\nmembers_max = 1\n[[room.event]]\nname = "new_msg"\nrelay = ["body"]\n`);
  const [inside, outside] = [await newPage(), await newPage()];
  await inside.goto(small.url);
  await state(inside, "joined", "In the lobby");
  await outside.goto(small.url);
  await state(outside, "reconnecting", "The room is full, waiting for a place…");
  await say(outside, "from the door");
  await outside.getByText("1 message will be sent when you are in the room").waitFor();
  await outside.screenshot({ path: `${screenshots}room-full.png` });
  await inside.goto("about:blank");
  await state(outside, "joined", "In the lobby");
  await shows(outside, 1);
});

test("three pages that join at once are all in at last, whatever the server's rate", async () => {
  const slow = await other("[limits.joins_per_second]\nmax = 1\nburst = 1\nwait_ms = 1\n");
  const pages = await Promise.all([1, 2, 3].map(() => newPage()));
  await Promise.all(pages.map((page) => page.goto(slow.url)));
  await Promise.all(pages.map((page) => state(page, "joined", "In the lobby")));
});

test("a room that a reload brings is entered by the pages that wait for it", async () => {
  const room = (topic) => `[[room]]\ntopic = "${topic}"\n[[room.event]]\nname = "new_msg"\nrelay = ["body"]\n`;
  const reloaded = await other(room("a"));
  const page = await newPage();
  await page.goto(reloaded.url);
  await state(page, "reconnecting", "No such room yet, trying again…");
  writeFileSync(reloaded.configuration, room("room:*"));
  reloaded.signal("SIGHUP");
  await state(page, "joined", "In the lobby");
});

test("the page finds its socket at the path of the configuration, and below a proxy's prefix", async () => {
  for (const socketPath of ["/socket", "/a/b"]) {
    const moved = await other(undefined, { LOBBYD_SOCKET_PATH: socketPath });
    const proxy = await startProxy(moved.port, "/chat");
    others.push(proxy);
    for (const url of [moved.url, `${proxy.url}chat/index.html?room=lobby`]) {
      const page = await newPage();
      await page.goto(url);
      await state(page, "joined", "In the lobby");
      await say(page, "hello");
      await shows(page, 1);
      await contexts.pop().close();
    }
  }
});

test("a page whose socket is not where it asks says so, and comes in once it is there", async () => {
  const proxy = await startProxy(server.port, "/chat");
  others.push(proxy);
  const page = await newPage(PHONE);
  proxy.hides("/socket/websocket");
  await page.goto(`${proxy.url}chat/`);
  await state(page, "reconnecting", "There is no socket at /chat/socket (404), trying again…");
  await page.screenshot({ path: `${screenshots}no-socket.png` });
  proxy.hides(null);
  await state(page, "joined", "In the lobby");
});

for (const event of ["visibilitychange", "online", "pageshow"]) {
  test(`a server that has died in silence is noticed within six seconds of ${event}`, async () => {
    const dying = await other();
    const page = await newPage();
    await page.goto(dying.url);
    await state(page, "joined", "In the lobby");
    const doubted = () => page.evaluate((kind) => (kind === "visibilitychange" ? document : window).dispatchEvent(new Event(kind)), event);
    const opened = [];
    page.on("websocket", (socket) => opened.push(socket));
    await doubted();
    dying.signal("SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await doubted();
    await state(page, "reconnecting", "Reconnecting…");
    dying.signal("SIGCONT");
    await state(page, "joined", "In the lobby");
    assert.ok(opened.length > 0);
  });
}

test("a healthy connection is kept, however often the page is shown", async () => {
  const page = await newPage();
  const opened = [];
  page.on("websocket", (socket) => opened.push(socket));
  await enter(page);
  for (let times = 0; times < 14; times += 1) {
    await page.evaluate(() => {
      document.dispatchEvent(new Event("visibilitychange"));
      for (const kind of ["online", "pageshow"]) window.dispatchEvent(new Event(kind));
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  assert.equal(opened.length, 1);
  assert.equal(await page.textContent("#status"), "In the lobby");
});

test("a page kept for the way back gives up its place, and comes in again when it is shown", async () => {
  const folder = mkdtempSync(path.join(tmpdir(), "lobbyd-chromium-"));
  const keeping = { ...launch, ignoreDefaultArgs: ["--disable-back-forward-cache"], viewport: { width: 1000, height: 700 } };
  const context = await chromium.launchPersistentContext(folder, keeping);
  context.setDefaultTimeout(WAIT_MS);
  contexts.push({ close: () => context.close().then(() => rmSync(folder, { recursive: true, force: true })) });
  const one = await other(`[[room]]\ntopic = "room:lobby"\nmembers_max = 1\n[[room.event]]\nname = "new_msg"\nrelay = ["body"]\n`);
  const elsewhere = await other();
  const kept = await context.newPage();
  await kept.goto(one.url);
  await state(kept, "joined", "In the lobby");
  await kept.evaluate(() => { window.isTheSame = true; });
  await kept.goto(elsewhere.url.replace("127.0.0.1", "localhost") + "favicon.svg");
  const second = await context.newPage();
  await second.goto(one.url);
  await state(second, "joined", "In the lobby");
  await second.close();
  await kept.goBack({ waitUntil: "commit" });
  await state(kept, "joined", "In the lobby");
  assert.equal(await kept.evaluate(() => window.isTheSame), true, "the browser kept the page");
});

test("Send leaves the focus in the field, by mouse and by touch, also for blanks and for keys on Send", async () => {
  for (const touch of [false, true]) {
    const page = await lobby(touch ? PHONE : {});
    const press = (where) => (touch ? page.tap(where) : page.click(where));
    await page.focus("#chat-input");
    await recordEvents(page, "blur");
    await page.keyboard.type("first");
    await press("#send");
    await shows(page, 1);
    await page.keyboard.type("   ");
    await press("#send");
    await page.fill("#chat-input", "");
    await page.keyboard.type("second");
    await press("#send");
    await shows(page, 2);
    assert.match(await page.textContent("#messages li:last-child"), /\] second$/);
    assert.equal(await focused(page), "chat-input");
    assert.deepEqual(await recorded(page), [], "the field never lost the focus");
    await page.keyboard.type("third");
    await page.keyboard.press("Tab");
    assert.equal(await focused(page), "send");
    await page.keyboard.press("Space");
    await shows(page, 3);
    assert.equal(await focused(page), "send");
    await contexts.pop().close();
  }
});

test("the other buttons leave the focus in the field too", async () => {
  const page = await lobby();
  await fill(page, 60);
  await scrollUp(page, 0);
  await page.focus("#chat-input");
  await recordEvents(page, "blur");
  await say(await lobby(), "from elsewhere");
  await page.click("#newer");
  await atNewest(page);
  await page.keyboard.type("on");
  assert.equal(await page.inputValue("#chat-input"), "on");
  assert.deepEqual(await recorded(page), []);
});

test("a composition under way ends before its text is sent, and nothing is written back", async () => {
  for (const touch of [false, true]) {
    const page = await lobby(touch ? PHONE : {});
    const devtools = await page.context().newCDPSession(page);
    await page.focus("#chat-input");
    await recordEvents(page, "compositionstart", "compositionend", "submit");
    await devtools.send("Input.imeSetComposition", { text: "にほ", selectionStart: 2, selectionEnd: 2 });
    await (touch ? page.tap("#send") : page.click("#send"));
    await shows(page, 1);
    assert.match(await page.textContent("#messages li"), /\] にほ$/);
    assert.deepEqual([await page.inputValue("#chat-input"), await focused(page)], ["", "chat-input"]);
    await devtools.send("Input.imeSetComposition", { text: "ん", selectionStart: 1, selectionEnd: 1 });
    await devtools.send("Input.insertText", { text: "ん" });
    assert.equal(await page.inputValue("#chat-input"), "ん");
    const events = await recorded(page);
    assert.ok(events.indexOf("compositionend") > 0 && events.includes("submit"), events.join(" "));
    await contexts.pop().close();
  }
});

test("half a character that was typed arrives as the replacement character", async () => {
  const page = await newPage();
  const opened = [];
  page.on("websocket", (socket) => opened.push(socket));
  await enter(page);
  await page.evaluate(() => {
    document.querySelector("#chat-input").value = "x\ud83d";
    document.querySelector("#composer").requestSubmit();
  });
  await shows(page, 1);
  assert.match(await page.textContent("#messages li"), /\] x\ufffd$/);
  await nothingPending(page);
  assert.equal(opened.length, 1);
});

test("somebody else's words are not taken for a message of one's own that was lost", async () => {
  const page = await newPage();
  let cut = false;
  await page.routeWebSocket(/\/socket\/websocket/, (route) => {
    const upstream = route.connectToServer();
    route.onMessage((frame) => {
      if (cut || !String(frame).includes("new_msg")) return void (cut || upstream.send(frame));
      cut = true;
      route.send(JSON.stringify([null, null, "room:lobby", "new_msg", { body: "hi" }]));
      setTimeout(() => {
        cut = false;
        upstream.close();
        route.close({ code: 1012 });
      }, 200);
    });
  });
  await enter(page);
  await say(page, "hi");
  await page.getByText("may not have arrived").waitFor();
  await shows(page, 1);
  await state(page, "joined", "In the lobby");
  await say(await lobby(), "hi");
  await shows(page, 2);
  assert.equal(await page.locator("#outbox li").count(), 1, "the lost one is still told");
});

/** Another server, for this test alone. */
async function other(config, env) {
  const started = await startLobbyd(0, { config, env });
  others.push(started);
  return started;
}

/** A new page in a context of its own; `page.logged` collects its console and its uncaught errors. */
async function newPage(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1000, height: 700 }, locale: "en-US", ...options });
  context.setDefaultTimeout(WAIT_MS);
  contexts.push(context);
  const page = await context.newPage();
  page.logged = [];
  page.on("console", async (message) => {
    const values = await Promise.all(message.args().map((arg) => arg.jsonValue()));
    const texts = values.map((value) => (typeof value === "string" ? value : JSON.stringify(value)));
    page.logged.push(`${message.type()}: ${texts.join(" ") || message.text()}`);
  });
  page.on("pageerror", (error) => page.logged.push(`uncaught: ${error}`));
  return page;
}

async function enter(page) {
  await page.goto(server.url);
  await state(page, "joined", "In the lobby");
}

async function lobby(options) {
  const page = await newPage(options);
  await enter(page);
  return page;
}

/** Restarts the server. Waits until the page shows the server's end, then until it shows the server's start. */
async function restart(page) {
  await server.stop("SIGTERM");
  await state(page, "reconnecting", "Reconnecting…");
  server = await startLobbyd(server.port);
  await state(page, "joined", "In the lobby");
}
