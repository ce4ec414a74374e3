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
/** Clicks, each told when it is known whether the page changed, or after 2.5 s. */
export declare function clicks({ tell, mask, route }: Watching): [Undo, Undo];
/** Scrolling by more than 100 px, at most every half second. */
export declare function scrolls({ tell }: Watching): Undo;
/** That a field was changed, never what is in it. */
export declare function inputs({ tell, mask }: Watching): Undo;
/** Routes, by the history and by the address. */
export declare function navigation({ tell, route }: Watching): Undo;
/** Errors that nobody caught. */
export declare function errors({ tell }: Watching): Undo;
/** Requests by fetch and XMLHttpRequest: method, path, status, duration. */
export declare function network({ tell, endpoint }: Watching): Undo;
/** Tasks that blocked the page, and how long it took to load. */
export declare function slowness({ tell }: Watching): Undo;
/** How often the pointer changed its direction within two seconds, told once it is often. */
export declare function cursor({ tell }: Watching): Undo;
export {};
