// Everything that is listened to. Each watcher returns what undoes it; none may ever break the page.

import { masked, path } from "./privacy";
import { describe, meant, traits } from "./target";
import type { EventType, Metadata, Target } from "./types";

/** Tells an event; `at` and `there` are when and where it happened, if it is told later. */
export type Tell = (type: EventType, target: Target, metadata?: Metadata, at?: number, there?: string) => void;

/** What watchers share. */
export interface Watching {
  tell: Tell;
  mask: string | undefined;
  /** Requests to this address are our own. */
  endpoint: string;
  route: () => string;
}

type Undo = () => void;

const PAGE: Target = { type: "page" };
const DEAD = 2500;

function listen(target: EventTarget, type: string, handler: (event: any) => void): Undo {
  const safe = (event: Event) => {
    try {
      handler(event);
    } catch {
      // The page goes on, whatever happens here.
    }
  };
  target.addEventListener(type, safe, { capture: true, passive: true });
  return () => target.removeEventListener(type, safe, { capture: true });
}

/** Clicks, each told when it is known whether the page changed, or after 2.5 s. */
export function clicks({ tell, mask, route }: Watching): [Undo, Undo] {
  const pending = new Set<(mutated?: boolean) => void>();
  const observer = new MutationObserver(() => pending.forEach((done) => done(true)));
  const off = listen(document, "click", (event: MouseEvent) => {
    if (!(event.target instanceof Element)) return;
    const element = meant(event.target);
    const [target, metadata, at, there] = [describe(element, mask), traits(element), Date.now(), route()];
    const done = (mutated?: boolean) => {
      clearTimeout(timer);
      pending.delete(done);
      if (mutated !== undefined) metadata.mutated = mutated;
      if (!pending.size) observer.disconnect();
      tell("click", target, metadata, at, there);
    };
    const timer = setTimeout(() => done(false), DEAD);
    // What the press itself changes (focus, a ripple) is not an answer of the page; its handlers run in this task.
    if (!pending.size) observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: ["class", "hidden", "open", "src", "value", "aria-expanded"] });
    pending.add(done);
  });
  const settle = () => pending.forEach((done) => done());
  return [() => (off(), settle(), observer.disconnect()), settle];
}

/** Scrolling by more than 100 px, at most every half second. */
export function scrolls({ tell }: Watching): Undo {
  let [last, at] = [scrollY, 0];
  return listen(document, "scroll", () => {
    const now = Date.now();
    const moved = scrollY - last;
    if (now - at < 500 || Math.abs(moved) <= 100) return;
    [last, at] = [scrollY, now];
    tell("scroll", PAGE, { direction: moved > 0 ? "down" : "up" });
  });
}

/** That a field was changed, never what is in it. */
export function inputs({ tell, mask }: Watching): Undo {
  const change = listen(document, "change", (event: Event) => {
    if (event.target instanceof Element) tell("input", describe(event.target, mask));
  });
  const submit = listen(document, "submit", (event: SubmitEvent) => {
    if (event.target instanceof Element) tell("form_submit", { ...describe(event.target, mask), type: "form" });
  });
  const invalid = listen(document, "invalid", (event: Event) => {
    if (event.target instanceof Element) tell("error", describe(event.target, mask), { validation: true });
  });
  return () => (change(), submit(), invalid());
}

/** Routes, by the history and by the address. */
export function navigation({ tell, route }: Watching): Undo {
  let here = route();
  tell("navigation", PAGE, { how: "load" });
  const check = () => {
    const there = route();
    if (there === here) return;
    const from = here;
    here = there;
    tell("navigation", PAGE, { from });
  };
  const undo: Undo[] = (["pushState", "replaceState"] as const).map((name) => {
    const original = history[name];
    history[name] = function (...args) {
      original.apply(this, args);
      check();
    };
    return () => {
      history[name] = original;
    };
  });
  undo.push(listen(window, "popstate", check), listen(window, "hashchange", check));
  return () => undo.forEach((off) => off());
}

/** Errors that nobody caught. */
export function errors({ tell }: Watching): Undo {
  const describeError = (error: any, message?: string): Metadata => ({
    errorType: masked(error?.name ?? "Error"),
    message: masked(error?.message ?? message ?? error),
  });
  const thrown = listen(window, "error", (event: ErrorEvent) => {
    // Images and scripts that do not load arrive here, too, with an element and without a message.
    if (event.message) tell("error", { type: "script" }, describeError(event.error, event.message));
  });
  const rejected = listen(window, "unhandledrejection", (event: PromiseRejectionEvent) =>
    tell("unhandled_rejection", { type: "promise" }, describeError(event.reason)),
  );
  return () => (thrown(), rejected());
}

/** Requests by fetch and XMLHttpRequest: method, path, status, duration. */
export function network({ tell, endpoint }: Watching): Undo {
  const told = (method: string, url: string, started: number, status: number) => {
    if (new URL(url, location.href).href === new URL(endpoint, location.href).href) return;
    const metadata: Metadata = { status, duration: Math.round(performance.now() - started) };
    if (!status) metadata.error = "failed";
    tell("network", { type: "request", id: `${method.toUpperCase()} ${path(url)}` }, metadata);
  };
  const safely = (tellIt: () => void) => {
    try {
      tellIt();
    } catch {
      // As above: the page goes on.
    }
  };
  const original = window.fetch;
  window.fetch = function (input, init) {
    const [started, request] = [performance.now(), input instanceof Request ? input : undefined];
    const name = init?.method ?? request?.method ?? "GET";
    const url = request?.url ?? String(input);
    const answer = original.call(this, input, init);
    answer.then(
      ({ status, type }) => safely(() => type === "opaque" || told(name, url, started, status)),
      // What the page itself gave up is no failure.
      (error) => safely(() => error?.name === "AbortError" || told(name, url, started, 0)),
    );
    return answer;
  };
  const { open, send } = XMLHttpRequest.prototype;
  const asked = new WeakMap<XMLHttpRequest, [string, string]>();
  XMLHttpRequest.prototype.open = function (this: XMLHttpRequest, method: string, url: string | URL, ...rest: any[]) {
    asked.set(this, [method, String(url)]);
    return (open as any).call(this, method, url, ...rest);
  } as typeof open;
  XMLHttpRequest.prototype.send = function (body) {
    const [started, what] = [performance.now(), asked.get(this)];
    let aborted = false;
    this.addEventListener("abort", () => (aborted = true));
    this.addEventListener("loadend", () => safely(() => what && !aborted && told(...what, started, this.status)));
    return send.call(this, body);
  };
  return () => {
    window.fetch = original;
    Object.assign(XMLHttpRequest.prototype, { open, send });
  };
}

/** Tasks that blocked the page, and how long it took to load. */
export function slowness({ tell }: Watching): Undo {
  const observe = (type: string, handler: (entry: any) => void) => {
    const observer = new PerformanceObserver((list) => list.getEntries().forEach(handler));
    try {
      observer.observe({ type, buffered: true });
    } catch {
      // Browsers without this kind of entry.
    }
    return () => observer.disconnect();
  };
  const task = observe("longtask", ({ duration }) => {
    if (duration >= 200) tell("long_task", PAGE, { duration: Math.round(duration) });
  });
  let loaded = false;
  const load = observe("navigation", ({ loadEventEnd }) => {
    // Told when it is complete, and once, although browsers may hand the entry out again.
    if (loaded || !loadEventEnd) return;
    loaded = true;
    tell("performance", PAGE, { duration: Math.round(loadEventEnd), name: "load" });
  });
  return () => (task(), load());
}

/** How often the pointer changed its direction within two seconds, told once it is often. */
export function cursor({ tell }: Watching): Undo {
  let [x, y, dx, dy, changes, since] = [0, 0, 0, 0, 0, 0];
  return listen(document, "pointermove", (event: PointerEvent) => {
    const [mx, my, now] = [event.clientX - x, event.clientY - y, Date.now()];
    if (Math.abs(mx) + Math.abs(my) < 20) return;
    [x, y] = [event.clientX, event.clientY];
    if (now - since > 2000) [changes, since] = [0, now];
    if (mx * dx + my * dy < 0) changes++;
    [dx, dy] = [mx, my];
    if (changes < 8) return;
    tell("cursor", PAGE, { directionChanges: changes });
    [changes, since] = [0, now];
  });
}
