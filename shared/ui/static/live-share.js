// All windows that show the same list share one source: one of them holds it and tells the others. A browser
// opens only six connections to a service, so a stream per window would stop the seventh window from loading.
import { Source, fetchItems } from "./live-source.js";

const REMEMBER = 1000; // ids, to hear nothing twice when windows change places

export class SharedSource {
  constructor({ stream, poll, lastId, onMessage, onState }) {
    Object.assign(this, { stream, poll, lastId, onMessage, onState, seen: new Set(), state: "connecting" });
    this.start();
    addEventListener("pagehide", () => this.stop());
    addEventListener("pageshow", (event) => event.persisted && this.start());
    document.addEventListener("visibilitychange", () => document.hidden || this.catchUp());
  }

  start() {
    this.leads = false;
    if (!navigator.locks || !window.BroadcastChannel) {
      this.lead();
      return;
    }
    this.channel = new BroadcastChannel(`live:${this.stream}`);
    this.channel.addEventListener("message", ({ data }) => this.hear(data));
    const ended = new Promise((resolve) => { this.resign = resolve; });
    this.aborter = new AbortController();
    navigator.locks
      .request(`live:${this.stream}`, { signal: this.aborter.signal }, () => {
        this.lead();
        return ended;
      })
      .catch(() => {}); // aborted: the page is going
    this.channel.postMessage({ ask: true });
    this.catchUp();
  }

  stop() {
    this.aborter?.abort();
    this.resign?.();
    this.source?.close();
    this.source = null;
    this.channel?.close();
    this.channel = null;
    this.leads = false;
  }

  lead() {
    this.leads = true;
    this.source = new Source({
      stream: this.stream,
      poll: this.poll,
      lastId: this.lastId,
      onMessage: (item, id) => {
        this.channel?.postMessage({ item, id });
        this.take(item, id);
      },
      onState: (state) => {
        this.channel?.postMessage({ state });
        this.turn(state);
      },
    });
  }

  hear({ ask, item, id, state }) {
    if (ask && this.leads) this.channel.postMessage({ state: this.state });
    if (item && !this.leads) this.take(item, id);
    if (state && !this.leads) this.turn(state);
  }

  /** Fetch what came between the rendering of this page (or its sleep) and now. */
  async catchUp() {
    if (this.leads || !this.channel) return;
    try {
      for (const item of await fetchItems(this.poll, this.lastId)) this.take(item, String(item.id));
    } catch { /* the window that leads shows the state */ }
  }

  take(item, id) {
    if (this.seen.has(id)) return;
    this.seen.add(id);
    if (this.seen.size > REMEMBER) this.seen.delete(this.seen.values().next().value);
    this.lastId = id;
    this.onMessage(item);
  }

  turn(state) {
    this.state = state;
    this.onState(state);
  }
}
