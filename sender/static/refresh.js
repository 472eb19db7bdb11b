// Keeps the elements [data-refresh] (each with an id) as the server shows them, for as long as one of them has the
// value "running": the page is fetched again, and what has changed is put in its place. An element in use stays.
const EVERY = 1000;

async function refresh() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const old of document.querySelectorAll("[data-refresh]")) {
    const now = fresh.getElementById(old.id);
    if (!now || now.isEqualNode(old)) continue;
    if (now.dataset.refresh === "running" && old.contains(document.activeElement)) continue;
    old.replaceWith(document.adoptNode(now));
  }
}

async function keepOn() {
  while (document.querySelector('[data-refresh="running"]')) {
    await new Promise((resolve) => { setTimeout(resolve, EVERY); });
    if (!document.hidden) await refresh().catch(() => {}); // the service is away: ask again
  }
}

keepOn();
