// The inspector's own manners: a page that waits switches by itself, a list that lost rows renews itself, and the
// letter c copies the capture URL.

/** Replace the list by the one that the page would have now. The detail beside it stays. */
async function renew(list) {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(list.id);
  if (!fresh) {
    location.assign(location.pathname.split("/").slice(0, 3).join("/")); // all captures are gone, or this one
    return;
  }
  list.replaceChildren(...fresh.childNodes);
  document.dispatchEvent(new CustomEvent("ui:added", { detail: { root: list } }));
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
