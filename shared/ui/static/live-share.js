// All windows that show the same list share one source: one of them holds it and tells the others. A browser
// opens only six connections to a service, so a stream per window would stop the seventh window from loading.
import { Source, fetchItems } from "./live-source.js";

export class SharedSource {
  constructor({ stream, poll, lastId, onMessage, onState }) {
    Object.assign(this, { stream, poll, lastId, onMessage, onState, state: "connecting" });
    this.start();
    addEventListener("pagehide", () => this.stop());
    addEventListener("pageshow", (event) => event.persisted && this.start());
    document.addEventListener("visibilitychange", () => document.hidden || this.catchUp());
  }

  start() {
    Object.assign(this, { leads: false, held: null });
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
    Object.assign(this, { leads: false, held: null });
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

  /**
   * Fetch what came between the rendering of this page (or its sleep) and now. What the source tells meanwhile is
   * held until then: the answer may be older than it, and must not take its place.
   */
  async catchUp() {
    if (this.leads || !this.channel || this.held) return;
    const held = this.held = [];
    const missed = await fetchItems(this.poll, this.lastId).catch(() => []); // the window that leads shows the state
    if (this.held !== held) return;
    this.held = null;
    const ids = new Set(missed.map((item) => String(item.id)));
    const known = held.findLastIndex(({ id }) => ids.has(id));
    for (const item of missed) this.take(item, String(item.id));
    for (const { item, id } of held.slice(known + 1)) this.take(item, id);
  }

  take(item, id) {
    if (this.held) {
      this.held.push({ item, id });
      return;
    }
    this.lastId = id;
    this.onMessage(item);
  }

  turn(state) {
    this.state = state;
    this.onState(state);
  }
}
