// Links inside [data-pane="id"] replace that element by its counterpart in the page they lead to: the list beside
// it keeps its place. The address changes too, so reload, back and sharing work as with the plain link.

const latest = new Map();

function mark(list, href) {
  for (const link of list.querySelectorAll("a[href]")) {
    if (link.href === href) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

async function load(list, href, { push }) {
  const id = list.dataset.pane;
  latest.set(id, href);
  mark(list, href);
  let page;
  try {
    const answer = await fetch(href, { headers: { Accept: "text/html" } });
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    page = null;
  }
  if (latest.get(id) !== href) return; // a later choice has overtaken this one
  const fresh = page?.getElementById(id);
  if (!fresh) {
    location.assign(href);
    return;
  }
  const pane = document.getElementById(id);
  pane.replaceWith(fresh);
  fresh.scrollTop = 0;
  list.closest("[data-split]")?.classList.toggle("has-selection", page.querySelector(".has-selection") !== null);
  document.title = page.title;
  if (push) history.pushState({ pane: true }, "", href);
  document.dispatchEvent(new CustomEvent("ui:added", { detail: { root: fresh } }));
}

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest("[data-pane] a[href]");
  if (!link || link.origin !== location.origin || link.target) return;
  event.preventDefault();
  load(link.closest("[data-pane]"), link.href, { push: link.href !== location.href });
});

addEventListener("popstate", () => {
  const list = document.querySelector("[data-pane]");
  if (list) load(list, location.href, { push: false });
});
