// What waits to be sent: bounded in memory and, over a reload or an outage, in localStorage. Keys make sure that an
// event that is sent twice counts once.

import type { Counts, TrackedEvent } from "./types";

/** Each page keeps its own: tabs that share the storage do not take each other's away. */
const KEY = "issuetracker.queue.";
const BATCH = 10;
const LARGEST = 100;
const KEPT = 200;
const MOST = 500;
/** Browsers refuse beacons beyond 64 KiB. */
const BEACON = 60_000;
const SLOWEST = 60_000;

export class Queue {
  private waiting: TrackedEvent[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private busy = false;
  private failures = 0;

  constructor(
    private readonly endpoint: string,
    private readonly apiKey: string,
    private readonly interval: number,
    private readonly send: typeof fetch,
    readonly counts: Counts,
    private readonly page: string,
  ) {
    this.waiting = this.load();
    if (this.waiting.length) this.later(0);
  }

  add(event: TrackedEvent): void {
    this.waiting.push(event);
    this.counts.tracked++;
    if (this.waiting.length > MOST) {
      this.waiting.shift();
      this.counts.dropped++;
    }
    if (this.failures) return;
    if (this.waiting.length >= BATCH) this.later(0);
    else this.later(this.interval);
  }

  /** Sends one batch after another until nothing waits or one fails. */
  async flush(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    clearTimeout(this.timer);
    this.timer = undefined;
    try {
      while (this.waiting.length) {
        const pause = await this.deliver(this.waiting.slice(0, LARGEST));
        if (pause > 0) {
          this.keep();
          this.later(pause, true);
          return;
        }
      }
      this.keep();
    } finally {
      this.busy = false;
    }
  }

  /** The page may be gone in a moment: the browser is asked to send the rest; what it does not take is kept. */
  hide(): void {
    while (this.waiting.length) {
      const batch = this.fitting();
      if (!batch.length || !navigator.sendBeacon?.(this.endpoint, new Blob([this.body(batch)], { type: "text/plain" }))) break;
      this.counts.sent += batch.length;
      this.waiting.splice(0, batch.length);
    }
    this.keep();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.hide();
  }

  private later(pause: number, anew = false): void {
    if (anew) clearTimeout(this.timer);
    else if (this.timer !== undefined && pause > 0) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.flush(), pause);
  }

  /** 0 when the batch is done with, else how long to wait before it is sent again. */
  private async deliver(batch: TrackedEvent[]): Promise<number> {
    try {
      // Plain text needs no preflight; the key stands in the body, as a beacon has no headers.
      const answer = await this.send(this.endpoint, {
        method: "POST",
        body: this.body(batch),
        headers: { "Content-Type": "text/plain" },
        credentials: "omit",
        keepalive: batch.length <= BATCH,
      });
      if (answer.status === 429 || answer.status >= 500) {
        return this.backoff(Number(answer.headers.get("Retry-After")) * 1000);
      }
      this.done(batch, answer.ok);
      return 0;
    } catch {
      return this.backoff(0);
    }
  }

  /** A refusal of the whole (a wrong key) would be refused for ever, so it is counted and not repeated. */
  private done(batch: TrackedEvent[], ok: boolean): void {
    const keys = new Set(batch.map((event) => event.idempotencyKey));
    this.waiting = this.waiting.filter((event) => !keys.has(event.idempotencyKey));
    this.counts[ok ? "sent" : "rejected"] += batch.length;
    this.failures = 0;
  }

  private backoff(asked: number): number {
    this.failures++;
    const own = Math.min(1000 * 2 ** Math.min(this.failures - 1, 6), SLOWEST);
    // Pages that failed together should not come back together.
    return Math.max(own * (0.75 + Math.random() / 2), Math.min(asked || 0, 600_000));
  }

  private body(events: TrackedEvent[]): string {
    return JSON.stringify({ api_key: this.apiKey, sdk_version: "0.1.0", events });
  }

  private fitting(): TrackedEvent[] {
    let count = Math.min(this.waiting.length, LARGEST);
    while (count > 0 && this.body(this.waiting.slice(0, count)).length > BEACON) count = Math.floor(count / 2);
    return this.waiting.slice(0, count);
  }

  /** What earlier pages left. That of a page that still lives is sent twice and, by its keys, counted once. */
  private load(): TrackedEvent[] {
    const found: TrackedEvent[] = [];
    try {
      for (const key of Object.keys(localStorage).filter((key) => key.startsWith(KEY))) {
        const kept: unknown = JSON.parse(localStorage.getItem(key) ?? "[]");
        localStorage.removeItem(key);
        if (Array.isArray(kept)) found.push(...(kept as TrackedEvent[]));
      }
    } catch {
      // Storage that is forbidden or holds something else: what was found so far is sent.
    }
    return found.slice(-KEPT);
  }

  private keep(): void {
    try {
      if (this.waiting.length) localStorage.setItem(KEY + this.page, JSON.stringify(this.waiting.slice(-KEPT)));
      else localStorage.removeItem(KEY + this.page);
    } catch {
      // No room, or forbidden: memory has it as long as the page lives.
    }
  }
}
