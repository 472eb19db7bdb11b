// The box that ticks all webhooks of the page, and how many are ticked.
const all = document.querySelector("[data-tick-all]");
const told = document.querySelector("[data-ticked]");
const boxes = () => [...document.querySelectorAll("#webhooks input[name=ids]")];

function tell() {
  const every = boxes();
  const count = every.filter((box) => box.checked).length;
  all.checked = count > 0 && count === every.length;
  all.indeterminate = count > 0 && !all.checked;
  const text = count ? `With the ${count} ticked:` : "With those ticked:";
  if (told.textContent !== text) told.textContent = text;
}

if (all) {
  document.addEventListener("change", ({ target }) => {
    if (target === all) boxes().forEach((box) => { box.checked = all.checked; });
    if (target === all || target.name === "ids") tell();
  });
  document.addEventListener("live:message", () => setTimeout(tell)); // once its rows are in their places
  addEventListener("pageshow", tell); // a browser that goes back ticks what was ticked
}
