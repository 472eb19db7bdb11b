// The keyboard: j and k walk over a list, / searches, ? explains, and [data-key="n"] is clicked by its letter.

const typing = (target) => target.closest("input, textarea, select, [contenteditable]");
const visible = (element) => element.checkVisibility?.() ?? element.offsetParent !== null;

/** What j and k stop at: each row's first link, or the row itself when it is a link. */
function stops() {
  const lists = [...document.querySelectorAll("[data-list]")].filter(visible);
  const list = lists.find((one) => one.contains(document.activeElement)) ?? lists[0];
  if (!list) return [];
  return [...list.children].map((row) => (row.matches("a") ? row : row.querySelector("a"))).filter(Boolean);
}

function move(step) {
  const all = stops();
  if (!all.length) return;
  let at = all.findIndex((link) => link === document.activeElement || link.closest("tr")?.contains(document.activeElement));
  if (at < 0) at = all.findIndex((link) => link.getAttribute("aria-current") === "true");
  const next = all[Math.min(Math.max(at + step, 0), all.length - 1)];
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

function explain() {
  const list = document.querySelector("[data-shortcuts]");
  list.querySelectorAll("[data-made]").forEach((entry) => entry.remove());
  for (const target of document.querySelectorAll("[data-key][data-key-label]")) {
    const term = document.createElement("dt");
    const key = document.createElement("kbd");
    const meaning = document.createElement("dd");
    key.textContent = target.dataset.key;
    meaning.textContent = target.dataset.keyLabel;
    term.dataset.made = meaning.dataset.made = "";
    term.append(key);
    list.append(term, meaning);
  }
  document.getElementById("shortcuts").showModal();
}

function search() {
  const field = [...document.querySelectorAll("[data-search]")].find(visible);
  field?.focus();
  field?.select();
  return Boolean(field);
}

const actions = {
  j: () => move(1),
  k: () => move(-1),
  "/": search,
  "?": explain,
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "Escape" && typing(event.target)) event.target.blur();
  if (typing(event.target) || document.querySelector("dialog[open]")) return;
  const action = actions[event.key];
  if (action) {
    if (action() !== false) event.preventDefault();
    return;
  }
  const target = [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === event.key && visible(one));
  if (!target) return;
  event.preventDefault();
  target.click();
});
