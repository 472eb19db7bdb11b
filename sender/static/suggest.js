// Suggests webhooks in a field [data-suggest] as it is typed in, from the API at that address. What is chosen from the
// list, or cleared, is sent at once where the form is one that sends itself.
const PAUSE = 150; // milliseconds without a key before the API is asked

let asked = 0;
let timer;

async function suggest(field) {
  const turn = ++asked;
  const query = new URLSearchParams({ limit: "20", name: field.value.trim() });
  const answer = await fetch(`${field.dataset.suggest}?${query}`);
  if (!answer.ok || turn !== asked) return;
  const { items } = await answer.json();
  field.list.replaceChildren(...items.map(({ name, url }) => {
    const option = new Option(url, name);
    option.label = url;
    return option;
  }));
}

function submit(field) {
  if ("autosubmit" in field.form.dataset) field.form.requestSubmit();
}

document.addEventListener("input", (event) => {
  const field = event.target;
  if (!("suggest" in field.dataset)) return;
  clearTimeout(timer);
  if (event.inputType === "insertReplacementText" || event.inputType === undefined) submit(field); // from the list
  else timer = setTimeout(() => suggest(field).catch(() => {}), PAUSE); // the service is away: nothing is suggested
});

// The cross of a search field; Enter sends the form by itself.
document.addEventListener("search", (event) => {
  if ("suggest" in event.target.dataset && event.target.value === "") submit(event.target);
});
