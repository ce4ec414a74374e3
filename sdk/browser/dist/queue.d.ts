import type { Counts, TrackedEvent } from "./types";
export declare class Queue {
    private readonly endpoint;
    private readonly apiKey;
    private readonly interval;
    private readonly send;
    readonly counts: Counts;
    private readonly page;
    private waiting;
    private timer;
    private busy;
    private failures;
    constructor(endpoint: string, apiKey: string, interval: number, send: typeof fetch, counts: Counts, page: string);
    add(event: TrackedEvent): void;
    /** Sends one batch after another until nothing waits or one fails. */
    flush(): Promise<void>;
    /** The page may be gone in a moment: the browser is asked to send the rest; what it does not take is kept. */
    hide(): void;
    stop(): void;
    private later;
    /** 0 when the batch is done with, else how long to wait before it is sent again. */
    private deliver;
    /** A refusal of the whole (a wrong key) would be refused for ever, so it is counted and not repeated. */
    private done;
    private backoff;
    private body;
    private fitting;
    /** What earlier pages left. That of a page that still lives is sent twice and, by its keys, counted once. */
    private load;
    private keep;
}
