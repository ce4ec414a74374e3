// Visits of the sample shop of a tracker that runs (`issuetracker dev --frustration`): `product.mjs URL VISIT…`. What they
// come to is for the caller to look at.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { launch, pause, until } from "./chromium.mjs";

const binary = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(existsSync);
assert(binary, "a Chromium is needed");
const [url, ...names] = process.argv.slice(2);

/** What a visitor does. */
const VISITS = {
  rage: async (tab) => {
    for (let n = 0; n < 6; n++) {
      await tab.click("#buy");
      await pause(120);
    }
  },
  calm: async (tab) => {
    for (let n = 0; n < 3; n++) {
      await tab.click("#add");
      await pause(700);
    }
    await tab.evaluate("location.hash = '#/checkout'");
    await pause(500);
    await tab.click("#invoice");
    await until("the order", () => tab.evaluate("location.hash === '#/thank-you'"));
  },
};

const browser = await launch(binary);
try {
  for (const name of names) {
    const tab = await browser.open(`${url}/shop/`);
    await VISITS[name](tab);
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
