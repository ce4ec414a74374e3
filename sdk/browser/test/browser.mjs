// The SDK in a real Chromium on the sample shop. `--record FOLDER` keeps what it sent, as test data of the engine.

import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { launch, pause, until } from "./chromium.mjs";
import { serve } from "./server.mjs";
import { VISITS, count } from "./visits.mjs";

const binary = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
assert(binary, "a Chromium is needed");
const record = process.argv.includes("--record") ? process.argv.at(-1) : undefined;

/** How many events wait in the storage of a page. */
const KEPT = `Object.keys(localStorage).filter((key) => key.startsWith("issuetracker.queue."))
  .reduce((sum, key) => sum + JSON.parse(localStorage[key]).length, 0)`;

/** One visit from its first page to the beacon of its end. */
async function visit(browser, server, name) {
  const [act, check] = VISITS[name];
  const { ingest } = server;
  ingest.events.length = ingest.bodies.length = 0;
  const tab = await browser.open(server.address);
  await act(tab, server.address);
  const tracked = await tab.evaluate("issuetracker.start({}).counts.tracked");
  await tab.leave();
  await until("what the page sent", () => ingest.events.length >= tracked);
  // What was pending at the end comes with the last beacon; nobody knows how much that is.
  let [seen, since] = [0, Date.now()];
  await until("quiet", () => {
    if (ingest.events.length !== seen) [seen, since] = [ingest.events.length, Date.now()];
    return Date.now() - since > 500;
  });
  await tab.close();
  const events = [...ingest.events].sort((one, other) => one.timestamp - other.timestamp);
  check(events);
  assert.equal(new Set(events.map(({ sessionId }) => sessionId)).size, 1);
  assert.equal(new Set(events.map(({ idempotencyKey }) => idempotencyKey)).size, events.length);
  assert.doesNotMatch(ingest.bodies.join(), /jane|horse|4111/, "what was typed stays in the page");
  if (record) writeFileSync(join(record, `${name}.json`), `${JSON.stringify({ api_key: "dev", events }, null, 1)}\n`);
  console.log(`${name}: ${events.length} events`);
}

/** The ingest is away while things happen, and over a reload; every event arrives in the end. */
async function outage(browser, server) {
  const { ingest } = server;
  ingest.events.length = 0;
  ingest.status = 503;
  ingest.posts = 0;
  const tab = await browser.open(server.address);
  for (let n = 0; n < 4; n++) {
    await tab.click("#wish");
    await pause(30);
  }
  void (await tab.evaluate("issuetracker.start({}).flush()"));
  await until("a refused batch", () => ingest.posts > 0);
  const kept = await tab.evaluate(KEPT);
  assert(kept >= 5, `${kept} events wait`);
  ingest.status = 200;
  await tab.evaluate("dispatchEvent(new Event('online'))");
  await until("what waited", () => count(ingest.events, "click") === 4);
  // A page that goes away offline leaves what it has to the next one, which has its own to send first.
  ingest.status = 503;
  ingest.events.length = 0;
  await tab.evaluate("navigator.sendBeacon = () => false");
  await tab.click("#wish");
  await tab.leave();
  ingest.status = 200;
  await tab.go(server.address);
  await until("what the page before left", () => count(ingest.events, "click") === 1);
  await tab.close();
  console.log(`outage: ${kept} events waited and arrived`);
}

/** Nothing grows without end while the ingest is away. */
async function bounds(browser, server) {
  const { ingest } = server;
  ingest.status = 503;
  const tab = await browser.open(server.address);
  const script = `(async () => { const c = issuetracker.start({});
    for (let n = 0; n < 2000; n++) c.track("loading", { type: "x" }); await c.flush();
    return [c.counts.tracked, c.counts.dropped, ${KEPT}]; })()`;
  const [tracked, dropped, kept] = await tab.evaluate(script);
  assert(tracked >= 2000 && dropped >= 1500 && kept <= 200, `${tracked} ${dropped} ${kept}`);
  ingest.status = 200;
  await tab.close();
  console.log(`bounds: ${tracked} tracked, ${dropped} dropped and counted, ${kept} kept`);
}

/** An application does not notice that it is listened to. */
async function harmless(browser, server) {
  const tab = await browser.open(server.address);
  const script = `(async () => { const c = issuetracker.start({});
    const answer = await fetch("/api/pay/invoice", { method: "POST" });
    const text = await answer.text();
    const failed = await fetch("http://127.0.0.1:1/").catch((error) => error.name);
    const xhr = await new Promise((done) => { const x = new XMLHttpRequest(); x.open("GET", "/nothing"); x.onload = () => done(x.status); x.send(); });
    history.pushState({ a: 1 }, "", "/other");
    const native = c.stop() ?? /native code/.test(fetch.toString() + history.pushState.toString());
    return [answer.status, text, failed, xhr, history.state.a, native]; })()`;
  assert.deepEqual(await tab.evaluate(script), [200, "{}", "TypeError", 404, 1, true]);
  await tab.close();
  console.log("harmless: fetch, XMLHttpRequest and history answer as before");
}

const server = await serve();
const browser = await launch(binary);
try {
  for (const name of Object.keys(VISITS)) await visit(browser, server, name);
  await outage(browser, server);
  await bounds(browser, server);
  await harmless(browser, server);
  console.log("all fine");
} finally {
  await browser.close();
  server.close();
}
