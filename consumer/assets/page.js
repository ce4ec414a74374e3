// Niceties only: every page is complete without this file.
"use strict";

// Relative times grow while a page stays open. Same units as on the server.
const UNITS = [[31536000, "y"], [2592000, "mo"], [86400, "d"], [3600, "h"], [60, "m"]];
const short = (seconds) => {
  const unit = UNITS.find(([size]) => seconds >= size);
  return unit ? Math.floor(seconds / unit[0]) + unit[1] : "now";
};
const refresh = () => {
  for (const time of document.querySelectorAll("td > time[datetime]")) {
    time.textContent = short((Date.now() - Date.parse(time.dateTime)) / 1000);
  }
};
setInterval(refresh, 30000);

// A button that copies the text next to it, where the browser lets a page do so.
for (const button of document.querySelectorAll("button[data-copies]")) {
  const text = document.getElementById(button.dataset.copies);
  if (!text || !navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text.value);
    button.textContent = "Copied";
  });
}

// Light and dark: the system's wish, unless somebody chose. The server reads the cookie, so that no page flashes.
const theme = document.getElementById("theme");
if (theme) {
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    document.cookie = "theme=" + root.dataset.theme + "; Path=/; Max-Age=31536000; SameSite=Lax";
  });
}

// What happens just now is told in a pill; no row moves under the cursor.
const pill = document.getElementById("live");
if (pill && window.EventSource) {
  const shown = new Set([...document.querySelectorAll("[data-issue]")].map((row) => row.dataset.issue));
  const one = pill.dataset.one;
  const fresh = new Set();
  const stale = document.getElementById("stale");
  let trouble = "";
  const tell = () => {
    const age = (Date.now() - performance.timeOrigin) / 1000;
    const ago = age < 60 ? "less than a minute ago" : short(age) + " ago";
    const words = trouble + " does not answer. What you see was read " + ago + ". Nothing can be changed until it is back; reports wait, and are counted then.";
    if (trouble && stale.textContent !== words) stale.textContent = words;
    stale.hidden = !trouble;
  };
  const away = (who) => {
    trouble = who;
    tell();
  };
  setInterval(tell, 30000);
  const events = new EventSource("/api/v1/events");
  events.addEventListener("open", () => {
    document.body.dataset.live = "on";
    away("");
  });
  events.addEventListener("error", () => away("The tracker"));
  events.addEventListener("issues", (event) => {
    const beat = JSON.parse(event.data);
    away(beat.store ? "" : "The store");
    for (const id of one ? beat.changed.filter((id) => id === one) : beat.new.concat(beat.changed)) fresh.add(id);
    if (fresh.size === 0) return;
    const added = [...fresh].filter((id) => !shown.has(id)).length;
    const words = one ? "New reports" : added > 0 ? added + " new" : fresh.size + " updated";
    if (pill.textContent !== words) pill.textContent = words;
    pill.hidden = false;
  });
  addEventListener("pagehide", () => events.close());
}

// Keys, for those who want them: j k o x e a / ? – and one to switch them off.
const rows = [...document.querySelectorAll("tr[data-issue]")];
let at = -1;
const go = (step) => {
  if (rows.length === 0) return;
  rows[at]?.classList.remove("at");
  at = Math.min(Math.max(at + step, 0), rows.length - 1);
  rows[at].classList.add("at");
  rows[at].querySelector("a").focus();
};
const act = (value) => {
  const bulk = document.getElementById("bulk");
  if (!bulk) return;
  const box = rows[at]?.querySelector("input[type=checkbox]");
  if (box && !document.querySelector("input[name=id]:checked")) box.checked = true;
  if (!document.querySelector("input[name=id]:checked")) return;
  bulk.querySelector("select").value = value;
  bulk.requestSubmit();
};
const press = (name) => document.querySelector('[data-key="' + name + '"]')?.click();
const help = document.getElementById("keys");
const KEYS = {
  j: () => go(1),
  k: () => go(-1),
  o: () => rows[at]?.querySelector("a").click(),
  x: () => rows[at]?.querySelector("input[type=checkbox]")?.click(),
  e: () => (rows.length ? act("resolved") : press("e")),
  a: () => (rows.length ? act("mine") : press("a")),
  "/": () => document.querySelector("input[type=search]")?.focus(),
  "?": () => help?.showModal?.(),
};
const off = () => localStorage.getItem("keys") === "off";
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input:not([type=checkbox]), textarea, select, dialog");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
  if (off() && event.key !== "?") return;
  event.preventDefault();
  KEYS[event.key]();
});
const toggle = document.getElementById("keys-off");
if (toggle) {
  toggle.checked = off();
  toggle.addEventListener("change", () => localStorage.setItem("keys", toggle.checked ? "off" : "on"));
}
