// The SDK: `start` listens to a page and sends what its visitors meet to an issuetracker.

import { masked } from "./privacy";
import { Queue } from "./queue";
import { current, random } from "./session";
import type { Client, Counts, Metadata, Options, TrackedEvent } from "./types";
import * as watch from "./watch";

export type { Client, Counts, EventType, Metadata, Options, Target, TrackedEvent } from "./types";

let running: Client | undefined;

/** Begins to listen. A page has one client: a second call returns the first. */
export function start(options: Options): Client {
  if (running) return running;
  const counts: Counts = { tracked: 0, sent: 0, rejected: 0, dropped: 0 };
  // What the page puts in place of fetch later is not asked, and what we put there neither.
  const send = window.fetch.bind(window);
  const page = random();
  const queue = new Queue(options.endpoint, options.apiKey, options.interval ?? 5000, send, counts, page);
  const route = options.route ?? (() => location.pathname + (/^#!?\//.test(location.hash) ? location.hash.split("?")[0] : ""));
  let number = 0;

  const tell: watch.Tell = (type, target, metadata = {}, at = Date.now(), there = route()) => {
    const event: TrackedEvent = {
      eventType: type,
      timestamp: at,
      sessionId: current(at),
      route: masked(there),
      target,
      metadata,
      idempotencyKey: `${page}.${++number}`,
    };
    if (options.environment) event.environment = options.environment;
    queue.add(event);
  };

  const watching: watch.Watching = { tell, mask: options.mask, endpoint: options.endpoint, route };
  const [unclick, settle] = watch.clicks(watching);
  const undo = [watch.scrolls, watch.inputs, watch.navigation, watch.errors, watch.network, watch.slowness, watch.cursor].map(
    (watcher) => watcher(watching),
  );
  const hide = () => {
    if (document.visibilityState === "visible") return;
    settle();
    queue.hide();
  };
  const leave = () => (settle(), queue.hide());
  const online = () => void queue.flush();
  document.addEventListener("visibilitychange", hide);
  addEventListener("pagehide", leave);
  addEventListener("online", online);

  running = {
    get sessionId() {
      return current(Date.now());
    },
    counts,
    track: (type, target, metadata?: Metadata) => tell(type, target, metadata),
    flush: () => (settle(), queue.flush()),
    stop() {
      unclick();
      undo.forEach((off) => off());
      document.removeEventListener("visibilitychange", hide);
      removeEventListener("pagehide", leave);
      removeEventListener("online", online);
      queue.stop();
      running = undefined;
    },
  };
  return running;
}
