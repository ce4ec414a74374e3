// The shop, its failing service, and an ingest that remembers what it was sent.

import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { extname } from "node:path";

const SHOP = new URL("../../../examples/shop/", import.meta.url);
const DIST = new URL("../dist/", import.meta.url);
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };

/** Statuses of the shop's service. */
const SERVICE = { "/api/contact": 503, "/api/pay/card": 502, "/api/pay/invoice": 200 };

export async function serve() {
  /** Events in the order of arrival, those that are sent twice too, and what was sent, byte for byte. */
  const ingest = { events: [], bodies: [], status: 200, posts: 0 };
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    let body = "";
    for await (const part of request) body += part;
    const answer = (status, type, text) => response.writeHead(status, { "Content-Type": type }).end(text);
    if (pathname === "/v1/events") {
      ingest.posts++;
      if (ingest.status === 200) {
        ingest.bodies.push(body);
        ingest.events.push(...JSON.parse(body).events);
      }
      return answer(ingest.status, "application/json", '{"success":true}');
    }
    if (pathname in SERVICE) return answer(SERVICE[pathname], "application/json", "{}");
    const name = pathname === "/" ? "index.html" : pathname.slice(1);
    try {
      const folder = name === "issuetracker.js" ? DIST : SHOP;
      answer(200, TYPES[extname(name)] ?? "text/plain", readFileSync(new URL(name, folder)));
    } catch {
      answer(404, "text/plain", "not here");
    }
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return { ingest, address: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}
