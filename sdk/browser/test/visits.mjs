// Visits of the sample shop: what the visitor does, and what the SDK must have sent of it. `browser.mjs` plays them on a
// shop of its own, `product.mjs` on that of a tracker that runs.

import assert from "node:assert/strict";
import { pause } from "./chromium.mjs";

export const count = (events, type) => events.filter(({ eventType }) => eventType === type).length;

/** By name. */
export const VISITS = {
  rage: [
    async (tab) => {
      for (let n = 0; n < 6; n++) {
        await tab.click("#buy");
        await pause(120);
      }
    },
    (events) => {
      const clicks = events.filter(({ eventType, target }) => eventType === "click" && target.id === "buy");
      assert.equal(clicks.length, 6);
      assert(clicks.every(({ metadata }) => metadata.cursor === "pointer" && metadata.looksLikeButton));
      assert.equal(count(events, "error"), 6);
      assert.match(events.find(({ eventType }) => eventType === "error").metadata.message, /price of the chair/);
    },
  ],
  blocked: [
    async (tab, address) => {
      await tab.evaluate("location.hash = '#/contact'");
      await tab.type("#mail", "jane@example.com");
      await tab.type("#secret", "correct horse");
      await tab.type("#question", "4111 1111 1111 1111?");
      for (let n = 0; n < 4; n++) {
        await tab.click("#contact button");
        await pause(900);
      }
    },
    (events) => {
      const submits = events.filter(({ eventType }) => eventType === "form_submit");
      assert.deepEqual(submits.map(({ target }) => target.id), Array(4).fill("contact"));
      assert.equal(events.filter(({ metadata }) => metadata.status === 503).length, 4);
      assert(events.every(({ route }) => !route.includes("?")));
      // Masked fields are told without their names.
      const inputs = events.filter(({ eventType }) => eventType === "input");
      assert.deepEqual(inputs.map(({ target }) => target.id), [undefined, undefined, "question"]);
    },
  ],
  abandoned: [
    async (tab) => {
      await tab.click("#add");
      await pause(300);
      await tab.evaluate("location.hash = '#/checkout'");
      await pause(300);
      await tab.click("#pay");
      await pause(1500);
      await tab.click("#give-up");
      await pause(300);
    },
    (events) => {
      const paid = events.find(({ target }) => target.id === "POST /api/pay/card");
      assert.equal(paid.metadata.status, 502);
      // It is told after the route has changed, and happened before.
      const left = events.find(({ target }) => target.id === "give-up");
      assert.equal(left.route, "/#/checkout");
      assert.deepEqual(
        events.filter(({ eventType }) => eventType === "navigation").map(({ route }) => route),
        ["/", "/#/checkout", "/#/"],
      );
    },
  ],
  lost: [
    async (tab) => {
      await tab.evaluate("location.hash = '#/shipping'");
      for (let n = 0; n < 4; n++) {
        await pause(200);
        await tab.click("#to-returns");
        await pause(200);
        await tab.click("#to-shipping");
      }
      await pause(200);
    },
    (events) => assert.equal(count(events, "navigation"), 10),
  ],
  calm: [
    async (tab) => {
      for (let n = 0; n < 3; n++) {
        await tab.click("#add");
        await pause(700);
      }
      await tab.evaluate("location.hash = '#/checkout'");
      await pause(500);
      await tab.click("#invoice");
      await pause(1000);
    },
    (events) => {
      const added = events.filter(({ target }) => target.id === "add");
      assert(added.length === 3 && added.every(({ metadata }) => metadata.mutated === true));
      assert.equal(events.at(-1).route, "/#/thank-you");
    },
  ],
};
