import type { Metadata, Target } from "./types";
/** The element that a click means: the nearest that answers to clicks. */
export declare function meant(element: Element): Element;
export declare function describe(element: Element, mask: string | undefined): Target;
/** What a click promises and whether the target is ready for it. */
export declare function traits(element: Element): Metadata;
