// [data-copy="text"] and [data-copy-target="id"] copy; "code" as target means the code block around the button.
import { announce, toast } from "./toast.js";

function textOf(button) {
  const { copy, copyTarget } = button.dataset;
  if (copyTarget === undefined) return copy;
  const source = copyTarget === "code"
    ? button.closest("[data-code]").querySelector("code")
    : document.getElementById(copyTarget);
  return "value" in source ? source.value : source.textContent;
}

/** Put `text` on the clipboard. The clipboard API needs https or localhost; elsewhere a selection does it. */
async function write(text) {
  if (navigator.clipboard && isSecureContext) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "sr";
  area.setAttribute("aria-hidden", "true");
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("the browser refused");
}

function confirm(button) {
  const label = button.querySelector("[data-copy-label]");
  button.dataset.before ??= label?.textContent ?? "";
  button.dataset.copied = "";
  if (label) label.textContent = "Copied";
  announce("Copied");
  clearTimeout(button.copyTimer);
  button.copyTimer = setTimeout(() => {
    delete button.dataset.copied;
    if (label) label.textContent = button.dataset.before;
  }, 1600);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy], [data-copy-target]");
  if (!button) return;
  event.preventDefault();
  try {
    await write(textOf(button));
    confirm(button);
  } catch {
    toast("Copying did not work here. Select the text and copy it by hand.", "bad");
  }
});

document.addEventListener("focusin", (event) => {
  if (event.target.matches("[data-select]")) event.target.select();
});
