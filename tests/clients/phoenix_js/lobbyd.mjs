// Runs the real lobbyd binary for the JavaScript suites: on a port of its choice, stopped in all cases.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const START_TIMEOUT_MS = 15_000;
// Longer than the server takes to close connections that answer its Close.
const STOP_TIMEOUT_MS = 15_000;

const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

/**
 * Starts the server and waits for its start-up line. `port` 0 lets it choose. `env` is added to the environment, and
 * `config` is the text of a configuration file.
 */
export async function startLobbyd(port = 0, { env = {}, config } = {}) {
  const options = { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } };
  if (config !== undefined) {
    const folder = mkdtempSync(path.join(tmpdir(), "lobbyd-"));
    process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
    options.env.LOBBYD_CONFIG = path.join(folder, "lobbyd.toml");
    writeFileSync(options.env.LOBBYD_CONFIG, config);
  }
  const child = spawn(binary(), ["--listen", `127.0.0.1:${port}`], options);
  running.add(child);
  let errors = "";
  child.stderr.on("data", (text) => { errors += text; });
  const exited = new Promise((resolve) => {
    child.once("error", (error) => resolve({ code: null, signal: null, error }));
    child.once("exit", (code, signal) => resolve({ code, signal }));
  }).finally(() => running.delete(child));

  const startUp = new Promise((resolve) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const found = line.match(/http:\/\/127\.0\.0\.1:(\d+)\//);
      if (found) resolve(Number(found[1]));
    });
  });
  const failed = exited.then((end) => { throw new Error(`lobbyd ended at start-up: ${JSON.stringify(end)}\n${errors}`); });
  failed.catch(() => {}); // also settles after a good start, when nobody listens any more
  const actualPort = await within(START_TIMEOUT_MS, "lobbyd's start-up line", Promise.race([startUp, failed]))
    .catch((error) => { child.kill("SIGKILL"); throw error; });

  return {
    port: actualPort,
    url: `http://127.0.0.1:${actualPort}/`,
    /** The file of `config`. */
    configuration: options.env.LOBBYD_CONFIG,
    socketUrl: `ws://127.0.0.1:${actualPort}/socket`,
    /** Sends a signal without waiting for what comes of it: SIGSTOP and SIGCONT. */
    signal: (signal) => child.kill(signal),
    /** Ends the server, by default the way an operator does, and says how it ended. */
    async stop(signal = "SIGTERM") {
      child.kill(signal);
      const end = await within(STOP_TIMEOUT_MS, "lobbyd's end", exited)
        .catch((error) => { child.kill("SIGKILL"); throw error; });
      return { ...end, errors };
    },
  };
}

/** The value of `promise`, or an error naming what was waited for. */
export function within(ms, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms in vain for ${what}`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** TESTED_LOBBYD, else the binary built last into CARGO_TARGET_DIR or target/. Relative paths begin at the repository. */
function binary() {
  const root = fileURLToPath(new URL("../../../", import.meta.url));
  if (process.env.TESTED_LOBBYD) {
    const named = path.resolve(root, process.env.TESTED_LOBBYD);
    if (!existsSync(named)) throw new Error(`there is no lobbyd to test: TESTED_LOBBYD names ${named}, which does not exist`);
    return named;
  }
  const target = path.resolve(root, process.env.CARGO_TARGET_DIR || "target");
  const built = ["ci", "debug", "release"]
    .map((profile) => path.join(target, profile, "lobbyd"))
    .filter((file) => existsSync(file))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  if (built.length === 0) throw new Error(`there is no lobbyd to test in ${target}: run \`cargo build\` or set TESTED_LOBBYD`);
  return built[0];
}

// Run by itself, by the suites' run.sh, it prints the path of what will be tested, or why there is nothing to test.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log(binary());
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}
