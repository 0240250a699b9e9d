// The wire: a message as a JSON array, or, when its payload is an ArrayBuffer or a view of one, as a binary frame of
// length-prefixed fields. Plain functions between objects and what a WebSocket takes and gives.

export function encode({ join_ref, ref, topic, event, payload }) {
  if (!(payload instanceof ArrayBuffer) && !ArrayBuffer.isView(payload)) {
    const each = (_, value) => (typeof value === "string" ? wellFormed(value) : value);
    return JSON.stringify([join_ref, ref, topic, event, payload], each);
  }
  const fields = [join_ref ?? "", ref ?? "", topic, event].map((text) => new TextEncoder().encode(text));
  if (fields.some((field) => field.length > 255)) throw new RangeError("a ref, topic or event is over 255 bytes");
  const data = ArrayBuffer.isView(payload)
    ? new Uint8Array(payload.buffer, payload.byteOffset, payload.byteLength)
    : new Uint8Array(payload);
  const parts = [Uint8Array.of(0, ...fields.map((field) => field.length)), ...fields, data];
  const frame = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  parts.reduce((at, part) => (frame.set(part, at), at + part.length), 0);
  return frame.buffer;
}

export function decode(data) {
  if (typeof data === "string") {
    const [join_ref, ref, topic, event, payload] = JSON.parse(data);
    return { join_ref, ref, topic, event, payload };
  }
  const names = [["join_ref", "topic", "event"], ["join_ref", "ref", "topic", "status"], ["topic", "event"]];
  const bytes = new Uint8Array(data);
  const message = { join_ref: null, ref: null };
  let at = 1 + names[bytes[0]].length;
  names[bytes[0]].forEach((name, i) => {
    message[name] = new TextDecoder().decode(bytes.subarray(at, (at += bytes[1 + i])));
  });
  const { status, ...pushed } = message;
  const payload = data.slice(at);
  return status === undefined ? { ...pushed, payload } : { ...pushed, event: "phx_reply", payload: { status, response: payload } };
}

/** The text with U+FFFD for each half of a character: a browser lets people type such text, and a server refuses it. */
export function wellFormed(text) { return text.replace(/\p{Surrogate}/gu, "\ufffd"); }
