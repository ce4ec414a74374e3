// What is hidden before anything is kept. The tracker drops events with personal data as a whole; hiding it here keeps
// the rest of the event.

const SENSITIVE =
  "input[type=password],input[type=email],input[type=tel],[autocomplete^=cc-],[autocomplete*=password]," +
  "[data-sensitive],[data-sensitive] *";

/** Whether nothing but the kind of an element may be told. */
export function isSensitive(element: Element, mask: string | undefined): boolean {
  try {
    return element.matches(SENSITIVE) || (!!mask && element.closest(mask) !== null);
  } catch {
    // A mask that is no selector hides everything.
    return true;
  }
}

/** A message without addresses, long numbers and queries, and not longer than 200 characters. */
export function masked(text: unknown): string {
  return String(text)
    .slice(0, 1000)
    .replace(/[^\s@<>"']+@[^\s@<>"']+/g, "[address]")
    .replace(/\d(?:[ -]?\d){8,}/g, "[number]")
    .replace(/\?[^\s"']*/g, "")
    .slice(0, 200);
}

/** A path in which numbers, long ids and addresses are `*`. */
export function path(url: string): string {
  let pathname: string;
  try {
    pathname = new URL(url, location.href).pathname;
  } catch {
    return "invalid";
  }
  const part = (text: string) => (/^\d+$|@|%40|^[\da-f-]{16,}$/i.test(text) ? "*" : text);
  return pathname.split("/").map(part).join("/").slice(0, 200);
}
