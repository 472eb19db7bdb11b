// Manners of forms: the first fault is where one starts, filters that send themselves, buttons that show they are working, notices that go away.
// A form that comes back with faults begins at the first of them.
const faulty = document.querySelector("[aria-invalid=true]");
(faulty?.querySelector("input") ?? faulty)?.focus();

document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-autosubmit]");
  if (form && event.target.matches("select, input[type=checkbox], input[type=radio]")) form.requestSubmit();
});

document.addEventListener("click", (event) => {
  event.target.closest("[data-dismiss]")?.closest(".notice")?.remove();
});

// Where the address leads further down the page, what was done is said there too.
addEventListener("load", () => {
  for (const note of document.querySelectorAll("#main > .notice:has([data-dismiss])")) {
    if (note.getBoundingClientRect().bottom < 0) document.getElementById("toasts").append(note);
  }
});

/** Whether the answer to a form's button is still awaited. */
export function isBusy(button) {
  return button?.getAttribute("aria-busy") === "true";
}

/** Show on a form's button that its answer is awaited; returns what undoes it. */
export function busy(button) {
  if (!button) return () => {};
  const label = button.querySelector("span");
  const before = label?.textContent;
  button.setAttribute("aria-busy", "true");
  if (label && button.dataset.busy) label.textContent = button.dataset.busy;
  return () => {
    button.removeAttribute("aria-busy");
    if (label && button.dataset.busy) label.textContent = before;
  };
}

document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method !== "post") return;
  if (isBusy(event.submitter)) {
    event.preventDefault(); // each would be done: a browser that leaves takes back only its interest in the answer
    return;
  }
  const done = busy(event.submitter);
  // A page that comes back from the browser's cache must not still be waiting.
  addEventListener("pageshow", (shown) => shown.persisted && done());
});

/** Send `form` with `more` to `action`; returns the answer and the element matching `selector` in its page, or null. */
export async function send(form, submitter, selector, action = form.action, more = {}) {
  const body = new FormData(form, submitter);
  for (const [name, value] of Object.entries(more)) body.set(name, value);
  const answer = await fetch(action, { method: "POST", body: new URLSearchParams(body), headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return { found: page.querySelector(selector), answer };
}
