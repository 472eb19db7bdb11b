// Runs before the first paint: marks that scripts work, applies the kept theme, and serves the toggle.
(() => {
  const root = document.documentElement;
  const words = { auto: "as the system", light: "light", dark: "dark" };
  const order = ["auto", "light", "dark"];

  // Storage can be switched off in a browser; then the choice lasts for the page.
  const kept = () => {
    try { return localStorage.getItem("theme"); } catch { return null; }
  };
  const keep = (theme) => {
    try { localStorage.setItem("theme", theme); } catch { /* lasts for this page */ }
  };
  const apply = (theme) => {
    root.dataset.theme = order.includes(theme) ? theme : "auto";
  };
  const describe = (button) => {
    const text = `Theme: ${words[root.dataset.theme]}`;
    button.setAttribute("aria-label", text);
    button.title = text;
  };

  root.classList.add("js");
  apply(kept());
  addEventListener("storage", (event) => {
    if (event.key === "theme") apply(event.newValue);
  });
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("[data-theme-toggle]").forEach(describe);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-toggle]");
    if (!button) return;
    apply(order[(order.indexOf(root.dataset.theme) + 1) % order.length]);
    keep(root.dataset.theme);
    describe(button);
  });
})();
