// A person's browser on the tracker under test, and what must hold of every page that it shows.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { launch, until } from "../../../sdk/browser/test/chromium.mjs";

const binary = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
assert(binary, "a Chromium is needed: install the package chromium");
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** A tenth of what web.dev/articles/cls calls good. Not nothing: a busy machine paints while a page still arrives. */
const MOST_SHIFT = 0.01;

/** Runs before any script of a page, where its policy does not reach. */
const WATCH = `window.watched = { breaches: [], shift: 0 };
addEventListener("securitypolicyviolation", (event) => watched.breaches.push(event.violatedDirective + " " + event.blockedURI));
new PerformanceObserver((list) => { for (const each of list.getEntries()) if (!each.hadRecentInput) watched.shift += each.value; })
  .observe({ type: "layout-shift", buffered: true });`;

export const WIDTHS = [390, 1280, 2560];
export const THEMES = ["light", "dark"];
const MOST_BYTES = 100 * 1024;

/** The browser; `site` is what the test program tells of the tracker. */
export async function browser(site) {
  const { open, close } = await launch(binary, "document.readyState === 'complete'");
  return { visit: (cookie) => visit(open, site, cookie), close };
}

/** A person with a window of their own; a cookie makes them somebody. */
async function visit(open, site, cookie) {
  const tab = await open("about:blank");
  const wrong = [];
  tab.hear((method, params) => {
    const outside = (url) => /^https?:/.test(url) && !url.startsWith(site.url) && !url.startsWith(site.replica) && !url.startsWith(site.issuer);
    if (method === "Network.requestWillBeSent" && outside(params.request.url)) wrong.push(`asked ${params.request.url}`);
    if (method === "Runtime.exceptionThrown") wrong.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    if (method === "Page.javascriptDialogOpening") wrong.push(`a dialog: ${params.message}`);
    if (method === "Log.entryAdded" && params.entry.source === "security") wrong.push(params.entry.text);
  });
  await tab.send("Emulation.setScrollbarsHidden", { hidden: true });
  for (const domain of ["Network", "Runtime", "Log"]) await tab.send(`${domain}.enable`);
  await tab.send("Page.addScriptToEvaluateOnNewDocument", { source: WATCH });
  await tab.send("Emulation.setDeviceMetricsOverride", { width: 1280, height: 900, deviceScaleFactor: 1, mobile: false });
  if (cookie) {
    await tab.send("Network.setCookie", { name: "issuetracker", value: cookie, url: site.url, httpOnly: true, sameSite: "Lax" });
  }
  const one = (selector) => `document.querySelector(${JSON.stringify(selector)})`;
  const person = {
    ...tab,
    go: (path) => tab.go(path.startsWith("http") ? path : site.url + path),
    path: () => tab.evaluate("location.pathname"),
    text: (selector = "main") => tab.evaluate(`${one(selector)}?.innerText ?? ""`),
    shows: (selector) => tab.evaluate(`!!${one(selector)}?.checkVisibility()`),
    value: (selector) => tab.evaluate(`${one(selector)}?.value ?? null`),
    /** Does something that leads to another page, and waits for it. */
    leads: async (act) => {
      await tab.evaluate("window.before = true");
      await act();
      await until("the next page", () => tab.evaluate("!window.before && document.readyState === 'complete'").catch(() => false));
    },
    /** Presses what a selector finds, as a mouse does; of several, the one with this text. */
    press: (selector, text = "") =>
      person.leads(async () => {
        const found = await tab.evaluate(`(() => { const found = [...document.querySelectorAll(${JSON.stringify(selector)})]
          .find((each) => each.innerText.includes(${JSON.stringify(text)})); found?.scrollIntoView({ block: "center" });
          found?.setAttribute("data-pressed", ""); return !!found; })()`);
        assert(found, `there is no ${selector} with ${text}`);
        await tab.click("[data-pressed]");
      }),
    /** Types into what a selector finds. */
    type: async (selector, text) => {
      await tab.evaluate(`${one(selector)}.scrollIntoView({ block: "center" })`);
      await tab.type(selector, text);
      assert.equal(await person.value(selector), text, `typed into ${selector}`);
    },
    /** A key, as a keyboard sends it. */
    key: async (key) => {
      const codes = { Enter: 13, Tab: 9, Escape: 27 };
      const text = key.length === 1 ? key : key === "Enter" ? "\r" : undefined;
      const event = { key, text, windowsVirtualKeyCode: codes[key] ?? key.toUpperCase().charCodeAt(0) };
      await tab.send("Input.dispatchKeyEvent", { type: "keyDown", ...event });
      await tab.send("Input.dispatchKeyEvent", { type: "keyUp", ...event });
    },
    /** What went wrong on the pages so far, in the page and around it. */
    harmless: async () => {
      const seen = await tab.evaluate("({ hacked: window.hacked, breaches: window.watched?.breaches ?? [] })");
      assert.equal(seen.hacked, undefined, "a script of a text ran");
      assert.deepEqual([...seen.breaches, ...wrong], [], await tab.evaluate("location.href"));
    },
    looks: (name) => looks(site, tab, person, name),
  };
  return person;
}

/** Holds the page that is shown against what holds of every page, at every width and in both themes, and keeps pictures. */
async function looks(site, tab, person, name) {
  mkdirSync(site.pictures, { recursive: true });
  const { bytes, shift } = await tab.evaluate(`({ bytes: new Blob([document.documentElement.outerHTML]).size, shift: window.watched.shift })`);
  assert(bytes <= MOST_BYTES, `${name} has ${bytes} bytes`);
  assert(shift < MOST_SHIFT, `${name} shifts by ${shift}`);
  for (const theme of THEMES) {
    await tab.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: theme }, { name: "prefers-reduced-motion", value: "reduce" }] });
    for (const width of WIDTHS) {
      await tab.send("Emulation.setDeviceMetricsOverride", { width, height: 900, deviceScaleFactor: 1, mobile: false });
      const where = `${name} at ${width} px, ${theme}`;
      const cut = await tab.evaluate(`(() => {
        const over = document.documentElement.scrollWidth - document.documentElement.clientWidth;
        const out = [...document.querySelectorAll(".bar a, .bar button")].filter((each) => each.checkVisibility() && !each.matches(".skip"))
          .filter((each) => { const box = each.getBoundingClientRect(); return box.left < 0 || box.right > innerWidth + 0.5; });
        const nav = document.querySelector(".bar nav");
        return { over, out: out.map((each) => each.innerText), hidden: nav ? nav.scrollWidth - nav.clientWidth : 0 };
      })()`);
      assert.deepEqual(cut, { over: 0, out: [], hidden: 0 }, where);
      const breaches = await axe(tab);
      const { data } = await tab.send("Page.captureScreenshot", { format: "png", captureBeyondViewport: true });
      writeFileSync(join(site.pictures, `${name}-${width}-${theme}.png`), Buffer.from(data, "base64"));
      assert.deepEqual(breaches, [], where);
    }
  }
  await tab.send("Emulation.setDeviceMetricsOverride", { width: 1280, height: 900, deviceScaleFactor: 1, mobile: false });
  await person.harmless();
}

async function axe(tab) {
  if (!(await tab.evaluate("!!window.axe"))) await tab.evaluate(AXE);
  return tab.evaluate(`axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })
    .then(({ violations }) => violations.map(({ id, nodes }) => id + ": " + nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(" | ")))`);
}
