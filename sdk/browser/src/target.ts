// What an element is called: its id, else a short selector. Its text and value are never read.

import { isSensitive } from "./privacy";
import type { Metadata, Target } from "./types";

const ACTIVE = "button,a,input,select,textarea,summary,label,[role=button],[role=link],[onclick],[tabindex]";

/** The element that a click means: the nearest that answers to clicks. */
export function meant(element: Element): Element {
  return element.closest(ACTIVE) ?? element;
}

export function describe(element: Element, mask: string | undefined): Target {
  const tagName = element.tagName.toLowerCase();
  const target: Target = { type: element.getAttribute("role") ?? tagName, tagName };
  if (isSensitive(element, mask)) return target;
  if (element.id) target.id = element.id.slice(0, 100);
  else target.selector = selector(element);
  return target;
}

/** Up to three steps of `tag.class`, from the nearest element with an id or the third parent down. */
function selector(element: Element): string {
  const steps: string[] = [];
  for (let at: Element | null = element; at && steps.length < 3; at = at.parentElement) {
    const test = at.getAttribute("data-testid");
    if (test) return [`[data-testid="${test.slice(0, 60)}"]`, ...steps].join(" > ");
    if (at.id && at !== element) return [`#${at.id.slice(0, 60)}`, ...steps].join(" > ");
    // Classes with digits are made by tools and change with every build.
    const classes = Array.from(at.classList).filter((name) => !/\d/.test(name)).slice(0, 2);
    steps.unshift([at.tagName.toLowerCase(), ...classes].join("."));
  }
  return steps.join(" > ");
}

/** What a click promises and whether the target is ready for it. */
export function traits(element: Element): Metadata {
  const metadata: Metadata = {};
  if (getComputedStyle(element).cursor === "pointer") metadata.cursor = "pointer";
  if (element.matches("button,[role=button],[type=submit],[class*=btn],[class*=button]")) metadata.looksLikeButton = true;
  if (element.matches(":disabled,[aria-disabled=true]")) metadata.disabled = true;
  if (element.closest("[aria-busy=true]")) metadata.loading = true;
  const link = element.closest("a");
  if (link?.host && link.host !== location.host) metadata.external = true;
  return metadata;
}
