// The inspector's own manners: a page that waits switches by itself, a list that lost rows renews itself, and the
// letter c copies the capture URL.

/** Replace the list by the one that the page would have now. What comes meanwhile, and the detail beside it, stay. */
async function replaceList(list) {
  const before = new Set([...list.children].map((row) => row.id));
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(list.id);
  if (!fresh) {
    location.assign(location.pathname.split("/").slice(0, 3).join("/")); // all captures are gone, or this one
    return;
  }
  const told = new Set([...fresh.children].map((row) => row.id));
  const meanwhile = [...list.children].filter((row) => !before.has(row.id) && !told.has(row.id));
  list.replaceChildren(...meanwhile, ...fresh.childNodes);
  document.dispatchEvent(new CustomEvent("ui:added", { detail: { root: list } }));
}

let asked = 0; // for renewals that are not done

/** Replace the list, again if that is asked for meanwhile, and never two at a time: the older might come last. */
async function renew(list) {
  asked += 1;
  if (asked > 1) return;
  while (asked > 0) {
    asked = 1;
    await replaceList(list).catch(() => {}); // the service is away: the dot says so
    asked -= 1;
  }
}

document.addEventListener("live:message", ({ detail }) => {
  if (document.querySelector("[data-waiting]")) {
    if (detail.html) location.reload();
    return;
  }
  const list = document.getElementById("captures");
  if (detail.renew && list) renew(list);
});

const copy = document.querySelector(".toolbar .copy, .waiting .copy-field .copy");
if (copy) Object.assign(copy.dataset, { key: "c", keyLabel: "Copy the capture URL" });
