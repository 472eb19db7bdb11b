// Turns the links and sections of ui.tabs into tabs (WAI-ARIA pattern). The open one is kept per set in the session.

const key = (set) => `tab:${set.dataset.tabs}`;

function remember(set, id) {
  try { sessionStorage.setItem(key(set), id); } catch { /* forgets */ }
}

function remembered(set) {
  try { return sessionStorage.getItem(key(set)); } catch { return null; }
}

function show(set, id) {
  for (const tab of set.querySelectorAll(":scope > .tabs > .tab")) {
    const chosen = tab.getAttribute("aria-controls") === id;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
  }
  for (const panel of set.querySelectorAll(":scope > .tab-panel")) panel.hidden = panel.id !== id;
}

function enhance(set) {
  const tabs = [...set.querySelectorAll(":scope > .tabs > .tab")];
  const ids = tabs.map((tab) => tab.hash.slice(1));
  set.querySelector(":scope > .tabs").setAttribute("role", "tablist");
  tabs.forEach((tab, index) => {
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", ids[index]);
  });
  for (const panel of set.querySelectorAll(":scope > .tab-panel")) {
    panel.setAttribute("role", "tabpanel");
    panel.tabIndex = 0;
  }
  const wanted = [location.hash.slice(1), remembered(set)].find((id) => ids.includes(id));
  show(set, wanted ?? ids[0]);
  set.dataset.ready = "";
}

function enhanceAll() {
  document.querySelectorAll("[data-tabs]:not([data-ready])").forEach(enhance);
}

document.addEventListener("click", (event) => {
  const tab = event.target.closest("[data-tabs] > .tabs > .tab");
  if (!tab) return;
  event.preventDefault();
  const set = tab.closest("[data-tabs]");
  show(set, tab.getAttribute("aria-controls"));
  remember(set, tab.getAttribute("aria-controls"));
});

document.addEventListener("keydown", (event) => {
  const tab = event.target.closest?.("[role=tab]");
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!tab || !step) return;
  const tabs = [...tab.parentElement.children];
  const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length];
  event.preventDefault();
  next.click();
  next.focus();
});

enhanceAll();
document.addEventListener("ui:added", enhanceAll);
