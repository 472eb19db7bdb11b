// Short messages at the corner. Other code may also dispatch `ui:toast` with {text, kind} on the document.

/** Show `text` for five seconds; errors (`kind` "bad") stay until they are dismissed. */
export function toast(text, kind = "ok") {
  const region = document.getElementById("toasts");
  const note = document.createElement("div");
  note.className = `notice notice-${kind}`;
  const body = document.createElement("div");
  body.className = "notice-body";
  body.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "link";
  close.textContent = "Dismiss";
  close.dataset.dismiss = "";
  note.append(document.createElement("span"), body, close);
  region.append(note);
  if (kind !== "bad") setTimeout(() => note.remove(), 5000);
}

/** Tell screen readers what the eye sees already. */
export function announce(text) {
  const note = document.createElement("span");
  note.className = "sr";
  note.textContent = text;
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), 2000);
}

document.addEventListener("ui:toast", (event) => toast(event.detail.text, event.detail.kind));
