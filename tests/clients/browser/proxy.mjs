// A proxy that serves all of a server below a prefix, as nginx does with `location /chat/` and a `proxy_pass` that ends in /.

import { createServer, request } from "node:http";

/** Starts the proxy on a free port. `hides(path)` answers that path and all below it with 404, until `hides(null)`. */
export async function startProxy(port, prefix) {
  let hidden = null;
  const sockets = new Set();
  const target = (url) => {
    const path = url.startsWith(`${prefix}/`) ? url.slice(prefix.length) : null;
    return path !== null && (hidden === null || !path.startsWith(hidden)) ? path : null;
  };
  const ask = ({ method, headers, url }) => request({ host: "127.0.0.1", port, method, headers, path: target(url), agent: false });

  const proxy = createServer((incoming, outgoing) => {
    if (target(incoming.url) === null) return outgoing.writeHead(404).end();
    const asked = ask(incoming).on("error", () => outgoing.writeHead(502).end());
    asked.on("response", (answer) => answer.pipe(outgoing.writeHead(answer.statusCode, answer.headers)));
    incoming.pipe(asked);
  });
  proxy.on("connection", (socket) => { sockets.add(socket.on("close", () => sockets.delete(socket))); });
  proxy.on("upgrade", (incoming, socket) => {
    socket.on("error", () => {});
    if (target(incoming.url) === null) return socket.end("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
    const asked = ask(incoming).on("error", () => socket.destroy());
    asked.on("response", () => socket.destroy());
    asked.on("upgrade", (answer, upstream) => {
      const lines = answer.rawHeaders.map((text, at) => (at % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join("");
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines}\r\n`);
      upstream.on("error", () => {}).on("close", () => socket.destroy());
      socket.on("close", () => upstream.destroy());
      upstream.pipe(socket).pipe(upstream);
    });
    asked.end();
  });

  await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${proxy.address().port}/`,
    hides(path) { hidden = path; },
    stop() {
      sockets.forEach((socket) => socket.destroy());
      return new Promise((resolve) => proxy.close(resolve));
    },
  };
}
