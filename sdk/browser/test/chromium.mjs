// A real Chromium over its DevTools protocol, without a library.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const until = async (what, condition, limit = 15_000) => {
  const end = Date.now() + limit;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`${what} did not happen within ${limit} ms`);
    await pause(25);
  }
};

/** People pause between two acts, and so do tests of people. */
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export { pause, until };

/** Starts a browser with a profile of its own. `ready`: when a page of the test is there. */
export async function launch(binary, ready = "document.readyState === 'complete' && !!window.issuetracker") {
  const profile = mkdtempSync(join(tmpdir(), "chromium-"));
  const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"];
  const child = spawn(binary, [...flags, "--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"]);
  let said = "";
  child.stderr.on("data", (text) => (said += text));
  const address = await until("Chromium's start", () => /ws:\/\/\S+/.exec(said)?.[0], 60_000);
  const socket = new WebSocket(address);
  await new Promise((open, fail) => ((socket.onopen = open), (socket.onerror = fail)));
  const waiting = new Map();
  const told = new Map();
  let number = 0;
  socket.onmessage = ({ data }) => {
    const { id, result, error, method, params, sessionId } = JSON.parse(data);
    if (method) told.get(sessionId)?.(method, params);
    const call = waiting.get(id);
    waiting.delete(id);
    if (error) call?.[1](new Error(error.message));
    else call?.[0](result);
  };
  const call = (method, params = {}, sessionId = undefined) =>
    new Promise((done, fail) => {
      waiting.set(++number, [done, fail]);
      socket.send(JSON.stringify({ id: number, method, params, sessionId }));
    });
  const close = async () => {
    const gone = new Promise((done) => child.once("exit", done));
    await call("Browser.close").catch(() => child.kill());
    await gone;
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  return { open: (url) => open(call, url, ready, told), close };
}

/** A tab of a visitor whom nobody knows yet. */
async function open(call, url, ready, told) {
  const { browserContextId } = await call("Target.createBrowserContext");
  const { targetId } = await call("Target.createTarget", { url: "about:blank", browserContextId });
  const { sessionId } = await call("Target.attachToTarget", { targetId, flatten: true });
  const page = (method, params) => call(method, params, sessionId);
  const evaluate = async (expression) => {
    const { result } = await page("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true });
    return result.value;
  };
  const tab = {
    evaluate,
    /** Any method of the protocol. */
    send: page,
    /** Hears every event of this tab. */
    hear: (listener) => told.set(sessionId, listener),
    go: async (address) => {
      await page("Page.navigate", { url: address });
      await until("the page", () => evaluate(ready));
    },
    /** A press of the mouse in the middle of what a selector finds. */
    click: async (selector) => {
      const place = await evaluate(`(() => { const box = document.querySelector(${JSON.stringify(selector)}).getBoundingClientRect();
        return [box.x + box.width / 2, box.y + box.height / 2]; })()`);
      const [x, y] = place;
      await page("Input.dispatchMouseEvent", { type: "mousePressed", x, y, button: "left", clickCount: 1 });
      await page("Input.dispatchMouseEvent", { type: "mouseReleased", x, y, button: "left", clickCount: 1 });
    },
    type: async (selector, text) => {
      await tab.click(selector);
      await page("Input.insertText", { text });
    },
    /** Leaves for an empty page, as a visitor who closes the tab does. */
    leave: () => page("Page.navigate", { url: "about:blank" }),
    close: () => call("Target.disposeBrowserContext", { browserContextId }),
  };
  await page("Page.enable");
  await tab.go(url);
  return tab;
}
