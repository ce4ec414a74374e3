// The shapes that travel, as the tracker's ingest reads them.

/** What happened. */
export type EventType =
  | "click"
  | "scroll"
  | "input"
  | "form_submit"
  | "navigation"
  | "error"
  | "unhandled_rejection"
  | "network"
  | "performance"
  | "long_task"
  | "loading"
  | "cursor";

/** What it happened to. Texts and values of elements are never part of it. */
export interface Target {
  type: string;
  id?: string;
  selector?: string;
  tagName?: string;
}

/** Short facts; no personal data. */
export type Metadata = Record<string, string | number | boolean>;

/** One event. */
export interface TrackedEvent {
  eventType: EventType;
  /** Unix milliseconds. */
  timestamp: number;
  sessionId: string;
  route: string;
  target: Target;
  metadata: Metadata;
  environment?: string;
  idempotencyKey: string;
}

/** What `start` takes. */
export interface Options {
  /** Where events go, such as `https://issues.example.com/v1/events`. */
  endpoint: string;
  /** The project's key. */
  apiKey: string;
  /** `production`, `staging`. */
  environment?: string;
  /** Elements that match are masked beside the built-in ones. */
  mask?: string;
  /** Told apart from the address by applications that route in their own way. */
  route?: () => string;
  /** Milliseconds between two batches; 5000 if not given. */
  interval?: number;
}

/** What `start` returns. */
export interface Client {
  /** The session at this moment. */
  readonly sessionId: string;
  /** Tells an event of the application's own. */
  track(type: EventType, target: Target, metadata?: Metadata): void;
  /** Sends what waits. */
  flush(): Promise<void>;
  /** Stops listening and sends what waits. */
  stop(): void;
  /** Counts since the start. */
  readonly counts: Readonly<Counts>;
}

/** What became of events. */
export interface Counts {
  tracked: number;
  sent: number;
  rejected: number;
  dropped: number;
}
