// Keeps relative times true while the page stays open. The rules are those of shared/ui/format.py.
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

/** How far `moment` is from `now` (both in milliseconds), in the words of format.relative_time. */
export function relativeTime(moment, now) {
  const seconds = Math.trunc((now - moment) / 1000);
  const size = Math.abs(seconds);
  if (size < 5) return "just now";
  if (size >= 30 * DAY) return day(new Date(moment));
  let text;
  if (size < MINUTE) text = `${size} s`;
  else if (size < HOUR) text = `${Math.floor(size / MINUTE)} min`;
  else if (size < DAY) text = `${Math.floor(size / HOUR)} h`;
  else text = `${Math.floor(size / DAY)} d`;
  return seconds > 0 ? `${text} ago` : `in ${text}`;
}

function day(date) {
  const month = date.toLocaleString("en", { month: "short", timeZone: "UTC" });
  return `${date.getUTCDate()} ${month} ${date.getUTCFullYear()}`;
}

/** Rewrite every `time[data-relative]`. A browser's clock may be wrong, so its lead over the server is taken off. */
function refresh() {
  const now = Date.now() - lead;
  for (const element of document.querySelectorAll("time[data-relative]")) {
    const text = relativeTime(Date.parse(element.dateTime), now);
    if (element.textContent !== text) element.textContent = text;
  }
}

const told = Date.parse(document.documentElement.dataset.now ?? "");
const lead = Number.isNaN(told) ? 0 : Date.now() - told;

refresh();
setInterval(refresh, 1000);
document.addEventListener("ui:added", refresh);
