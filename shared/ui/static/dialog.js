// Dialogs: open and close by attribute, ask before a form is sent, show a form's answer without leaving the page.
import { busy, isBusy, send } from "./forms.js";
import { toast } from "./toast.js";

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog-open]");
  if (opener) document.getElementById(opener.dataset.dialogOpen).showModal();
  if (event.target.closest("[data-dialog-close]") || event.target.matches("dialog")) {
    event.target.closest("dialog")?.close();
  }
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    const inside = menu.contains(event.target);
    if (!inside || event.target.closest(".menu-item")) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details[data-menu][open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

const CONTROLS = "a[href], button, summary";

/** How to find `element` again when a live message has replaced the row that it stands in. */
function finder(element) {
  const row = element?.closest("[id]");
  if (!row) return () => element;
  const at = [...row.querySelectorAll(CONTROLS)].indexOf(element);
  return () => (element.isConnected ? element : document.getElementById(row.id)?.querySelectorAll(CONTROLS)[at]);
}

/** A dialog that removes itself when it closes; `closable` gives its head a close button. The focus goes back. */
function build(title, className = "", closable = true) {
  const opener = finder(document.activeElement);
  const dialog = element("dialog", className);
  const head = element("div", "dialog-head");
  const heading = element("h2", "", title);
  heading.id = "dialog-heading";
  const close = element("button", "btn btn-quiet", "Close");
  close.type = "button";
  close.dataset.dialogClose = "";
  head.append(heading);
  if (closable) head.append(close);
  dialog.append(head);
  dialog.setAttribute("aria-labelledby", heading.id);
  dialog.addEventListener("close", () => {
    dialog.remove();
    opener()?.focus();
  });
  document.body.append(dialog);
  return dialog;
}

/** Ask; resolves to whether the answer was yes. */
export function ask(title, text, label) {
  const dialog = build(title, "", false);
  const body = element("div", "dialog-body");
  if (text) body.append(element("p", "", text));
  const foot = element("form", "dialog-foot");
  foot.method = "dialog";
  const no = element("button", "btn", "Cancel");
  const yes = element("button", "btn btn-danger-solid", label);
  no.value = "";
  yes.value = "yes";
  foot.append(no, yes);
  if (text) dialog.append(body);
  dialog.append(foot);
  dialog.showModal();
  no.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"));
  });
}

async function confirmFirst(form, submitter) {
  const { confirm, confirmText, confirmLabel } = form.dataset;
  if (!(await ask(confirm, confirmText, confirmLabel))) return;
  const field = element("input");
  Object.assign(field, { type: "hidden", name: "confirmed", value: "1" });
  form.append(field);
  form.requestSubmit(submitter);
}

async function showAnswer(form, submitter) {
  if (isBusy(submitter)) return;
  const done = busy(submitter);
  try {
    const { found, answer } = await send(form, submitter, "[data-dialog-content]");
    if (!found) {
      location.assign(answer.url);
      return;
    }
    const dialog = build(found.dataset.dialogTitle ?? "Result", "is-wide");
    const body = element("div", "dialog-body");
    body.append(...found.childNodes);
    dialog.append(body);
    dialog.showModal();
    document.dispatchEvent(new CustomEvent("ui:added", { detail: { root: body } }));
  } catch {
    toast("No answer came from this service. Is it still running?", "bad");
  } finally {
    done();
  }
}

// Captured, so that a form waiting for a yes is stopped before anything marks it as sent.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.confirm && !form.elements.namedItem("confirmed")) {
    event.preventDefault();
    event.stopImmediatePropagation();
    confirmFirst(form, event.submitter);
  } else if ("resultDialog" in form.dataset) {
    event.preventDefault();
    event.stopImmediatePropagation();
    showAnswer(form, event.submitter);
  }
}, true);
