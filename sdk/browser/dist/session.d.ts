/** A name that nobody can guess and that says nothing. */
export declare function random(): string;
/** The session of an event at `now`. */
export declare function current(now: number): string;
