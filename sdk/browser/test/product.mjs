// Visits of the sample shop of a tracker that runs (`issuetracker dev --frustration`): `product.mjs [--end] SHOP VISIT…`, SHOP
// being the address of its first page. With `--end` a visit completes as soon as its last event is told, as after a log-out.
// Prints the session of each; what they come to is for the caller to look at.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { launch, until } from "./chromium.mjs";
import { VISITS } from "./visits.mjs";

const binary = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
assert(binary, "a Chromium is needed");
const words = process.argv.slice(2);
const ends = words[0] === "--end";
const [shop, ...names] = ends ? words.slice(1) : words;

const browser = await launch(binary);
try {
  for (const name of names) {
    const tab = await browser.open(shop);
    const [act] = VISITS[name];
    await act(tab);
    if (ends) {
      await tab.evaluate("issuetracker.start({}).flush()");
      await tab.evaluate("issuetracker.start({}).track('navigation', { type: 'page' }, { reset: true })");
    }
    await tab.evaluate("issuetracker.start({}).flush()");
    await until("what was tracked to be taken", () =>
      tab.evaluate("(({ tracked, sent }) => tracked > 0 && sent >= tracked)(issuetracker.start({}).counts)"),
    );
    const { rejected, dropped } = JSON.parse(await tab.evaluate("JSON.stringify(issuetracker.start({}).counts)"));
    assert.deepEqual([rejected, dropped], [0, 0]);
    console.log(await tab.evaluate("issuetracker.start({}).sessionId"));
    await tab.close();
  }
} finally {
  await browser.close();
}
