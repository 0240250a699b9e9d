// The tutorial's chat. Joins `room:lobby` (or the room named in `?room=`), pushes what is typed as `new_msg` and
// lists every `new_msg` that comes in; the rest of this file is about what a person sees when that does not work.

// The npm package does the same: `import { Socket } from "phoenix"`.
import { Socket } from "./socket.js";

const MESSAGES_SHOWN_MAX = 500;
const NEWEST_WITHIN_PX = 48;
// A message that the server sends back sooner than this is shown without "sending…".
const SENDING_SHOWN_AFTER_MS = 1000;
// Without a connection for this long, the page asks by HTTP what is wrong, and again after each such time.
const ASK_WHY_AFTER_MS = 1000;
const ASK_WHY_EVERY_MS = 5000;

// The server's own reasons why a join fails, and what the page shows while the channel joins again by itself. A room's own
// reason is not in this table, and final.
const busy = "the server is busy, trying again…";
const PASSING = new Map([
  ["room full", "the room is full, waiting for a place…"],
  ["unmatched topic", "no such room yet, trying again…"],
  ["join crashed", "join crashed, trying again…"],
  ["join timed out", busy],
  ["too many channels joined", busy],
  ["too many joins", busy],
  ["too many messages waiting", busy],
]);

const room = new URLSearchParams(location.search).get("room") || "lobby";
const topic = `room:${room}`;
const place = room === "lobby" ? "in the lobby" : `in ${topic}`;
const element = (id) => document.getElementById(id);
const [log, messages, away, waiting, outbox, input, problem, newer] =
  ["log", "messages", "away", "waiting", "outbox", "chat-input", "problem", "newer"].map(element);

let pending = []; // messages typed here that the server has not yet sent back: { body, item, state, … }
let pinging = false; // the server is to answer a ping that was sent behind messages
let following = true; // the newest message is in view, and is to stay there
let unread = 0;
let outside = false; // the join was refused or the room was closed: the page does not try again
let lostAt = null; // when the page lost the room; null in the room, and before the first join
let awayMs = 0; // total length of the absences since the last message came in
let unconnectedAt = null; // when the page lost its connection or began to try; null while it is connected
let askedWhyAt = 0;
let composing = false; // an input method (IME) has text in the field that is not final yet

// The server names the path of its socket. A proxy may serve it all below a prefix, so the path begins where the page is.
const mount = document.querySelector("meta[name=socket-path]").content;
const endPoint = new URL(`.${mount}`, document.baseURI).pathname.replace(/\/$/, "");
const socket = new Socket(endPoint);
const channel = socket.channel(topic, {});

channel.on("new_msg", ({ body }) => receive(typeof body === "string" ? body : JSON.stringify(body)));
channel.onError(() => disconnected());
channel.onClose(() => { if (!outside) stayOutside("closed", "The server closed this room"); });
channel.join()
  .receive("ok", (reply) => {
    console.log("Joined successfully", reply);
    showState("joined", place);
    if (lostAt) showGap(Date.now() - lostAt);
    lostAt = null;
    pending.filter(({ state }) => state === "waiting").forEach(push);
    showWaiting();
  })
  .receive("error", (reply) => {
    console.log("Unable to join", reply);
    const reason = reply.reason ?? JSON.stringify(reply);
    if (PASSING.has(reason)) disconnected(PASSING.get(reason));
    else refuse(reason);
  })
  .receive("timeout", () => disconnected());
socket.onOpen(() => { unconnectedAt = null; });
socket.onClose(() => {
  pinging = false;
  unconnectedAt ??= Date.now();
  showWaiting();
  const now = Date.now();
  if (now - unconnectedAt >= ASK_WHY_AFTER_MS && now - askedWhyAt >= ASK_WHY_EVERY_MS) askWhy();
});
socket.connect();

element("room").textContent = topic;
element("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  endComposition();
  const body = wellFormed(input.value);
  if (body.trim() === "" || outside) return;
  input.value = "";
  showProblem("");
  follow();
  send(body);
});
input.addEventListener("input", () => showProblem(""));
input.addEventListener("compositionstart", () => { composing = true; });
input.addEventListener("compositionend", () => { composing = false; });
// A button that took the focus would fold a phone's keyboard, and what is typed next would be lost. A tap sends `mousedown`
// too, and moves the focus then.
document.addEventListener("mousedown", (event) => {
  if (document.activeElement === input && event.target.closest("button")) event.preventDefault();
});

/** Ends a composition under way: its next update would write the sent text back. Only a loss of the focus ends it. */
function endComposition() {
  if (!composing) return;
  input.blur();
  input.focus();
}

/** The text with U+FFFD for each half of a character, which no JSON in UTF-8 can hold. */
function wellFormed(text) { return text.replace(/\p{Surrogate}/gu, "\ufffd"); }

// ---- connection

function showState(state, text) {
  document.body.dataset.state = state;
  element("status").textContent = text[0].toUpperCase() + text.slice(1);
}

/** Shows that the page is out of the room for now, and what it waits for, where it knows. */
function disconnected(waitsFor) {
  if (outside) return;
  if (document.body.dataset.state === "joined") lostAt = Date.now();
  showState("reconnecting", waitsFor ?? (lostAt ? "reconnecting…" : "no answer yet, trying again…"));
  doubtPushed();
  showWaiting();
}

/** Asks for the socket by HTTP, because a WebSocket that does not open keeps its status from the page. */
async function askWhy() {
  askedWhyAt = Date.now();
  const url = `${endPoint}/websocket?vsn=2.0.0`;
  const status = await fetch(url, { cache: "no-store" }).then((response) => response.status, () => 0);
  if (outside || socket.isConnected()) return;
  if (status === 404) disconnected(`there is no socket at ${endPoint} (404), trying again…`);
  else if (status === 429) disconnected("too many connections from your address (429), trying again…");
  else if (status >= 500) disconnected(`the server is not available (${status}), trying again…`);
  else disconnected();
}

function duration(ms) {
  const seconds = Math.round(ms / 1000);
  if (seconds < 2) return "a moment";
  return seconds < 120 ? `${seconds} seconds` : `${Math.round(seconds / 60)} minutes`;
}

function refuse(reason) {
  element("refused-topic").textContent = topic;
  element("refused-reason").textContent = reason;
  element("refused-why").hidden = false;
  stayOutside("not admitted", "You cannot come in here");
}

function stayOutside(state, title) {
  outside = true;
  doubtPushed();
  showState("refused", state);
  element("refused-title").textContent = title;
  element("refused").hidden = false;
  input.disabled = element("send").disabled = true;
  showWaiting();
  log.tabIndex = -1;
  element("refused").focus(); // the card, not the link in it: an Enter typed for the field would follow the link
  channel.leave();
  socket.disconnect();
}

// ---- sending: a message waits in the outbox until the server sends it back like anybody else's. Its states:
//   "waiting"   typed while the connection was away, to be pushed at the next join
//   "pushed"    on its way; shown only if that takes long
//   "doubtful"  pushed without effect so far: the person decides whether to send it again
// A text that comes in is no proof, because somebody else may have said the same. So a message has arrived once its text is
// `back` and the server has `taken` it: has answered a ping that was sent behind it. What was `lost` with the connection
// does not come back any more.

function send(body) {
  const message = { body, item: document.createElement("li"), state: "waiting" };
  pending.push(message);
  outbox.append(message.item);
  if (channel.state === "joined") return push(message);
  showWaiting();
  show(message);
}

function push(message) {
  Object.assign(message, { state: "pushed", back: false, taken: false, lost: false });
  message.item.hidden = true;
  setTimeout(() => { if (message.state === "pushed") show(message, "sending…"); }, SENDING_SHOWN_AFTER_MS);
  channel.push("new_msg", { body: message.body })
    .receive("ok", () => settle(message))
    .receive("timeout", () => doubt(message, "may not have arrived"))
    .receive("error", (reply) => {
      showProblem(`Not sent: ${reply.reason ?? JSON.stringify(reply)}`);
      if (input.value !== "") return doubt(message, "was rejected");
      settle(message);
      input.value = message.body;
    });
  ping();
}

/** Sends one ping behind all that is pushed now, and the next one, if one is needed, after its answer. */
function ping() {
  if (pinging) return;
  pinging = true;
  queueMicrotask(() => {
    const before = pending.filter(({ state, taken }) => state === "pushed" && !taken);
    pinging = socket.ping(() => {
      pinging = false;
      before.forEach((message) => {
        message.taken = true;
        settleArrived(message);
      });
      if (pending.some(({ state, taken }) => state === "pushed" && !taken)) ping();
    });
  });
}

function settleArrived(message) {
  if (message.back && message.taken && !message.lost) settle(message);
}

/** Offers to send a message again or to discard it, because only the person knows whether a second copy would do harm. */
function doubt(message, text) {
  if (!pending.includes(message) || message.state === "doubtful") return;
  message.state = "doubtful";
  show(message, text,
    button("Send again", () => { settle(message); send(message.body); }),
    button("Discard", () => settle(message)),
  );
}

function doubtPushed() {
  pending.filter(({ state }) => state !== "waiting").forEach((message) => {
    message.lost = true;
    doubt(message, "may not have arrived");
  });
}

function settle(message) {
  pending = pending.filter((other) => other !== message);
  if (message.item.contains(document.activeElement)) input.focus();
  message.item.remove();
}

function show(message, text = "", ...buttons) {
  const body = document.createElement("bdi");
  const note = document.createElement("small");
  body.textContent = message.body;
  note.textContent = text;
  message.item.replaceChildren(body, " ", note, ...buttons);
  message.item.hidden = false;
  if (message.item === outbox.lastElementChild) outbox.scrollTop = outbox.scrollHeight;
}

/** Shows the number of waiting messages in one line above the outbox, which stays in view while the outbox scrolls. */
function showWaiting() {
  const count = pending.filter(({ state }) => state === "waiting").length;
  const subject = count === 1 ? "1 message" : `${count} messages`;
  const when = socket.isConnected() ? "you are in the room" : "the connection is back";
  const text = outside ? `${subject} not sent` : `${subject} will be sent when ${when}`;
  waiting.textContent = count === 0 ? "" : text;
}

function button(text, pressed) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.addEventListener("click", pressed);
  return made;
}

function showProblem(text) {
  problem.textContent = text;
  input.setAttribute("aria-invalid", String(text !== ""));
}

// ---- receiving

function receive(body) {
  const own = pending.find((message) => message.back === false && !message.lost && message.body === body);
  if (own) {
    own.back = true;
    settleArrived(own);
  }
  append(body);
  if (following) scrollToNewest();
  else unread += 1;
  showUnread();
}

function append(body) {
  const item = document.createElement("li");
  const time = document.createElement("time");
  const text = document.createElement("bdi");
  const now = new Date();
  time.dateTime = now.toISOString();
  time.textContent = `[${now.toLocaleString()}]`;
  text.textContent = body;
  item.append(time, " ", text);
  if (away.textContent) item.dataset.gap = away.textContent;
  away.textContent = "";
  awayMs = 0;
  messages.append(item);
  // Removing the oldest messages moves the text of a person who has scrolled up, so their log may become twice as long.
  const shown = following ? MESSAGES_SHOWN_MAX : 2 * MESSAGES_SHOWN_MAX;
  while (messages.children.length > shown) messages.firstElementChild.remove();
}

/** Shows at the end of the log for how long the page was away. `append` moves that line to before the next message. */
function showGap(ms) {
  awayMs += ms;
  away.textContent = `You were away for ${duration(awayMs)}. What others said meanwhile is not shown.`;
  if (following) scrollToNewest();
}

// ---- scrolling, once per animation frame: with many messages at a time, each scroll would cost a layout

let scrollDue = false;
let lastTop = 0;

function scrollToNewest() {
  if (scrollDue) return;
  scrollDue = true;
  requestAnimationFrame(() => {
    scrollDue = false;
    if (!following) return;
    log.scrollTop = log.scrollHeight;
    lastTop = log.scrollTop;
  });
}

function follow() {
  setFollowing(true);
  scrollToNewest();
}

function setFollowing(value) {
  following = value;
  log.toggleAttribute("data-following", value);
  if (following) unread = 0;
  showUnread();
}

function showUnread() {
  newer.hidden = unread === 0;
  newer.textContent = unread === 1 ? "1 new message" : `${unread} new messages`;
}

log.addEventListener("scroll", () => {
  const below = log.scrollHeight - log.clientHeight - log.scrollTop;
  // A move up, however small, is the person's. A distance to the end without a move up is a message that has just come.
  if (log.scrollTop < lastTop && below > 1) setFollowing(false);
  else if (below < NEWEST_WITHIN_PX) setFollowing(true);
  lastTop = log.scrollTop;
});
newer.addEventListener("click", () => { follow(); input.focus(); });
new ResizeObserver(() => { if (following) scrollToNewest(); }).observe(log);
