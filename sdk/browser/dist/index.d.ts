import type { Client, Options } from "./types";
export type { Client, Counts, EventType, Metadata, Options, Target, TrackedEvent } from "./types";
/** Begins to listen. A page has one client: a second call returns the first. */
export declare function start(options: Options): Client;
