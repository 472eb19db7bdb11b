// What was changed in a form [data-unsaved="words"] is not lost unasked: before another form of its page leads away, its
// words are shown. Links need no asking, since a browser that goes back shows what was written; a form that asks for a
// yes of its own has been answered.
import { ask } from "./dialog.js";

const answered = new WeakSet();

function isChanged(field) {
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.matches("select")) {
    return field.selectedIndex !== Math.max(0, [...field.options].findIndex((option) => option.defaultSelected));
  }
  return "defaultValue" in field && field.value !== field.defaultValue;
}

async function askFirst(form, submitter, words) {
  if (!(await ask("Discard your changes?", words, "Discard"))) return;
  answered.add(form);
  form.requestSubmit(submitter);
}

// Captured, so that a form waiting for a yes is stopped before anything marks it as sent.
document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  if (form.method !== "post" || answered.has(form) || form.elements.namedItem("confirmed")) return;
  const others = [...document.querySelectorAll("form[data-unsaved]")].filter((other) => other !== form);
  const left = others.find((other) => [...other.elements].some(isChanged));
  if (!left) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  askFirst(form, submitter, left.dataset.unsaved);
}, true);
