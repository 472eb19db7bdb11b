// A form [data-draft="address"] whose text is checked while it is written. The address answers the form with the page
// as it would be then; from it come the new text and what is said about it (#payload-check, beside the text). With
//   [data-draft-text]    the field that is written in; [data-draft-example] while it holds an untouched example
//   [data-draft-choice]  another choice loads its example; what somebody wrote is not replaced unasked
// Buttons with formaction=address do their work (name=verb) without leaving the page.
import { ask } from "./dialog.js";
import { busy, send } from "./forms.js";

const QUIET = 400; // ms without a key before the text is checked
const REPORT = "payload-check";

const newest = new WeakMap();
const timers = new WeakMap();
const pristine = new WeakMap();

const fieldOf = (form) => form.querySelector("[data-draft-text]");

function isEdited(form) {
  const field = fieldOf(form);
  if (!pristine.has(form)) pristine.set(form, "draftExample" in field.dataset ? field.defaultValue : "");
  return field.value.trim() !== pristine.get(form).trim();
}

/** Have the draft checked, or done with as `verb` says; an answer that a newer question has overtaken is dropped. */
async function consult(form, verb, submitter) {
  clearTimeout(timers.get(form));
  const mine = Symbol(verb);
  newest.set(form, mine);
  const done = busy(submitter);
  try {
    const { found } = await send(form, null, "form[data-draft]", form.dataset.draft, { verb });
    if (newest.get(form) !== mine || !found) return;
    const field = fieldOf(form);
    if (verb !== "check") {
      field.value = fieldOf(found).defaultValue;
      pristine.set(form, verb === "example" ? field.value : pristine.get(form) ?? "");
    }
    field.removeAttribute("aria-invalid");
    document.getElementById(`${field.id}-error`)?.remove();
    form.querySelector(`#${REPORT}`).replaceChildren(...found.querySelector(`#${REPORT}`).childNodes);
  } catch { /* the service is away; sending says so */
  } finally {
    done();
  }
}

async function example(form, submitter) {
  const replace = !isEdited(form) || await ask("Replace what you wrote?", "The payload becomes the example of this event type.", "Replace");
  await consult(form, replace ? "example" : "check", submitter);
}

document.addEventListener("input", ({ target }) => {
  const form = target.closest("form[data-draft]");
  if (!form || !target.matches("[data-draft-text]")) return;
  newest.delete(form);
  clearTimeout(timers.get(form));
  timers.set(form, setTimeout(() => consult(form, "check"), QUIET));
});

document.addEventListener("change", ({ target }) => {
  const form = target.closest("form[data-draft]");
  if (form && target.matches("[data-draft-choice]")) example(form);
});

document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  if (!form.dataset.draft) return;
  if (submitter?.getAttribute("formaction") !== form.dataset.draft) {
    clearTimeout(timers.get(form));
    return;
  }
  event.preventDefault();
  event.stopImmediatePropagation();
  if (submitter.value === "example") example(form, submitter);
  else consult(form, submitter.value, submitter);
}, true);
