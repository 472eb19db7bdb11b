// Drives ui.live_dot: connects [data-live-url], says how it stands, and dispatches on the element, bubbling,
//   live:message  detail = the item {id, html?, remove?, counts?, …} (rows.js puts it into the page)
//   live:state    detail = {state: connecting | live | reconnecting | polling | paused | stopped}
// Elements with the same address share one source. A click pauses; what arrives meanwhile waits.
import { SharedSource } from "./live-share.js";

const WORDS = {
  connecting: "Connecting",
  live: "Live",
  reconnecting: "Reconnecting",
  polling: "Polling",
  paused: "Live paused",
  stopped: "Signed out",
};
const WAITING_MOST = 500;
const ANSWER_EXPECTED_WITHIN = 3000;

// A page whose form was sent waits for another page. A message about that very change must not make it fetch or go
// elsewhere meanwhile; if the answer turns out to be a download, the page stays and hears what it missed.
let leaving = false;

class Dot {
  constructor(element) {
    this.element = element;
    this.label = element.querySelector("[data-live-label]");
    this.paused = false;
    this.waiting = [];
    this.state = "connecting";
    element.addEventListener("click", () => this.toggle());
  }

  message(item) {
    if (this.paused || leaving) {
      this.waiting.push(item);
      this.show();
    } else {
      this.element.dispatchEvent(new CustomEvent("live:message", { bubbles: true, detail: item }));
    }
  }

  turn(state) {
    this.state = state;
    this.show();
  }

  toggle() {
    if (this.waiting.length > WAITING_MOST) {
      location.reload();
      return;
    }
    this.paused = !this.paused;
    this.release();
    this.show();
  }

  release() {
    if (this.paused) return;
    for (const item of this.waiting.splice(0)) this.message(item);
  }

  show() {
    const state = this.paused ? "paused" : this.state;
    const count = this.paused && this.waiting.length ? ` · ${this.waiting.length} new` : "";
    const text = WORDS[state] + count;
    if (this.label.textContent !== text) this.label.textContent = text;
    this.element.title = this.paused ? "Show what arrives" : "Pause live updates";
    if (this.element.dataset.state === state) return;
    this.element.dataset.state = state;
    this.element.dispatchEvent(new CustomEvent("live:state", { bubbles: true, detail: { state } }));
  }
}

function connect() {
  const byUrl = new Map();
  for (const element of document.querySelectorAll("[data-live-url]")) {
    const url = element.dataset.liveUrl;
    byUrl.set(url, [...(byUrl.get(url) ?? []), element]);
  }
  for (const [stream, elements] of byUrl) {
    const dots = elements.map((element) => new Dot(element));
    const { pollUrl, lastId } = elements[0].dataset;
    document.addEventListener("submit", (event) => {
      if (event.defaultPrevented || event.target.method === "dialog") return;
      leaving = true;
      setTimeout(() => {
        leaving = false;
        dots.forEach((dot) => dot.release());
      }, ANSWER_EXPECTED_WITHIN);
    });
    new SharedSource({
      stream,
      poll: pollUrl,
      lastId,
      onMessage: (item) => dots.forEach((dot) => dot.message(item)),
      onState: (state) => dots.forEach((dot) => dot.turn(state)),
    });
  }
}

connect();
