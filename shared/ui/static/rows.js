// Puts what live messages carry into the page: {html} is one or more elements with ids, {rows: {ids, down_to}} names
// all rows that the list has from its top down to that id (to its end if that is empty), so that others go,
// {counts: {name: number}} sets [data-live-count="name"]. Nothing jumps: a reader who has scrolled away from the top
// of a list keeps the line under the eye.

const MOST = 500; // rows kept in a list; older ones are a page away

function scroller(element) {
  for (let at = element; at && at !== document.body; at = at.parentElement) {
    const flow = getComputedStyle(at).overflowY;
    if ((flow === "auto" || flow === "scroll") && at.scrollHeight > at.clientHeight) return at;
  }
  return document.scrollingElement;
}

/** Run `change` and scroll by as much as it moved `list`'s present rows, if they were scrolled past their start. */
function still(list, change) {
  const box = scroller(list);
  const edge = box === document.scrollingElement ? 0 : box.getBoundingClientRect().top;
  const anchor = [...list.children].find((row) => row.getBoundingClientRect().bottom > edge);
  const passed = box === list ? box.scrollTop > 0 : list.getBoundingClientRect().top < edge;
  const before = anchor?.getBoundingClientRect().top;
  change();
  if (!passed || !anchor?.isConnected) return;
  box.scrollTop += anchor.getBoundingClientRect().top - before;
}

function replace(old, fresh) {
  const current = old.getAttribute("aria-current");
  if (current) fresh.setAttribute("aria-current", current);
  const boxes = old.querySelectorAll("input[type=checkbox]");
  fresh.querySelectorAll("input[type=checkbox]").forEach((box, at) => { box.checked = boxes[at]?.checked ?? false; });
  old.replaceWith(fresh);
}

// A row in use (the focus or an open menu is in it) waits with its newest form until it is free.
const waiting = new Map();

function settle() {
  for (const [old, fresh] of waiting) {
    if (inUse(old)) continue;
    waiting.delete(old);
    if (old.isConnected) replace(old, fresh);
  }
}

/** Add to a list inside `old`, which is in use, what it does not have yet; what stands there stays untouched. */
function grow(old, fresh) {
  const list = old.querySelector("[data-grows]");
  for (const item of (list && fresh.querySelector("[data-grows]")?.children) ?? []) {
    if (!document.getElementById(item.id)) list.append(item.cloneNode(true));
  }
}

function inUse(row) {
  return row.contains(document.activeElement) || row.querySelector("details[open]") !== null;
}

document.addEventListener("focusout", () => setTimeout(settle));
document.addEventListener("toggle", settle, true);

/** Replace the elements of `html` that the page has and put the others at the top of `list`. */
function patch(html, list) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  for (const fresh of [...holder.content.children]) {
    const old = document.getElementById(fresh.id);
    if (old) {
      if (inUse(old)) {
        grow(old, fresh);
        waiting.set(old, fresh);
      } else {
        replace(old, fresh);
      }
    } else if (list) {
      fresh.classList.add("is-new");
      still(list, () => list.prepend(fresh));
      document.querySelectorAll(`[data-empty-for="${list.id}"]`).forEach((one) => { one.hidden = true; });
    }
  }
  while (list && list.children.length > MOST) list.lastElementChild.remove();
  document.dispatchEvent(new CustomEvent("ui:added", { detail: { root: list } }));
}

/** Take out of `list` what it no longer has. Ids grow with time, and lists show the newest first. */
function keep(list, { ids, down_to: last }) {
  const kept = new Set(ids);
  for (const row of [...list.children]) {
    if (!kept.has(row.id) && row.id >= last) still(list, () => row.remove());
  }
}

document.addEventListener("live:message", (event) => {
  const { html, rows, counts } = event.detail;
  const source = event.target.dataset;
  const list = document.getElementById(source.liveTarget) ?? document.querySelector("[data-live-list]");
  if (html) patch(html, list);
  if (rows && list) keep(list, rows);
  for (const [name, value] of Object.entries(counts ?? {})) {
    document.querySelectorAll(`[data-live-count="${name}"]`).forEach((one) => { one.textContent = value.toLocaleString("en"); });
  }
});
