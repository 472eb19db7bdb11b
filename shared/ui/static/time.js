// Keeps relative times true while the page stays open. The rules are those of shared/ui/format.py.
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;
const UNITS = [[1, MINUTE, "s"], [MINUTE, HOUR, "min"], [HOUR, DAY, "h"], [DAY, 30 * DAY, "d"]];

/** How far `moment` is from `now` (both in milliseconds), in the words of format.relative_time. */
export function relativeTime(moment, now, coming = false) {
  const seconds = (now - moment) / 1000;
  if (Math.abs(seconds) < 5) return coming ? "in a moment" : "just now";
  for (const [size, most, unit] of UNITS) {
    const count = seconds > 0 ? Math.floor(seconds / size) : Math.floor(-seconds / size + 0.5);
    if (count * size < most) return seconds > 0 ? `${count} ${unit} ago` : `in ${count} ${unit}`;
  }
  return day(new Date(moment));
}

function day(date) {
  const month = date.toLocaleString("en", { month: "short", timeZone: "UTC" });
  return `${date.getUTCDate()} ${month} ${date.getUTCFullYear()}`;
}

/** Rewrite every `time[data-relative]`. A browser's clock may be wrong, so its lead over the server is taken off. */
function refresh() {
  const now = Date.now() - lead;
  for (const element of document.querySelectorAll("time[data-relative]")) {
    const text = relativeTime(Date.parse(element.dateTime), now, element.dataset.relative === "coming");
    if (element.textContent !== text) element.textContent = text;
  }
}

const told = Date.parse(document.documentElement.dataset.now ?? "");
const lead = Number.isNaN(told) ? 0 : Date.now() - told;

refresh();
setInterval(refresh, 1000);
document.addEventListener("ui:added", refresh);
