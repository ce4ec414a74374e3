/** Whether nothing but the kind of an element may be told. */
export declare function isSensitive(element: Element, mask: string | undefined): boolean;
/** A message without addresses, long numbers and queries, and not longer than 200 characters. */
export declare function masked(text: unknown): string;
/** A path in which numbers, long ids and addresses are `*`. */
export declare function path(url: string): string;
