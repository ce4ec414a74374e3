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
