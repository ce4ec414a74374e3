// The session's name: one for a tab, a new one after fifteen minutes without an event, as the tracker's sessions end.

const KEY = "issuetracker.session";
const IDLE = 15 * 60 * 1000;

interface Kept {
  id: string;
  last: number;
}

let memory: Kept | undefined;

/** A name that nobody can guess and that says nothing. */
export function random(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(36).padStart(2, "0")).join("");
}

/** The session of an event at `now`. */
export function current(now: number): string {
  let kept = memory;
  try {
    const text = sessionStorage.getItem(KEY);
    if (text) kept = JSON.parse(text) as Kept;
  } catch {
    // Storage that is forbidden or holds something else: the page's own memory serves.
  }
  if (!kept?.id || !(now - kept.last < IDLE)) kept = { id: random(), last: now };
  memory = { id: kept.id, last: Math.max(now, kept.last) };
  try {
    sessionStorage.setItem(KEY, JSON.stringify(memory));
  } catch {
    // As above.
  }
  return memory.id;
}
