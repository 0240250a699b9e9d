// The clients under test: the npm package `phoenix` of every minor version, and the page's own socket.js, with what
// sets them apart: binary payloads came with 1.5.7.

import { createRequire } from "node:module";
import WebSocket from "ws";

import * as own from "../../../static/socket.js";

// The bundles before 1.6 look for `window` as they load and run; `transport` is still given to each socket.
globalThis.window ??= { WebSocket };
const require = createRequire(import.meta.url);

export const clients = [
  // The last one to speak V1. Its frames say nothing about the join they belong to, so two channels on one topic
  // cannot be told apart.
  { name: "phoenix 1.2", ...load("phoenix-1.2"), binary: false, v1: true },
  { name: "phoenix 1.3", ...load("phoenix-1.3"), binary: false },
  { name: "phoenix 1.4", ...load("phoenix-1.4"), binary: false },
  { name: "phoenix 1.5", ...load("phoenix-1.5"), binary: true },
  { name: "phoenix 1.6", ...load("phoenix-1.6"), binary: true },
  { name: "phoenix 1.7", ...load("phoenix-1.7"), binary: true },
  { name: "phoenix 1.8", ...load("phoenix-1.8"), binary: true },
  { name: "static/socket.js", Socket: own.Socket, version: "own", binary: true },
];

function load(alias) {
  const { version } = require(`./node_modules/${alias}/package.json`);
  return { Socket: require(alias).Socket, version };
}
