// One source of live messages: server-sent events, and polling where they cannot be had.
//
// The stream gets ?after=<last id> and, when the browser reconnects by itself, Last-Event-ID, which counts more.
// The poll gets ?after=<last id> and answers {"items": [...]}, oldest first, each with its `id`.

const POLL_EVERY = 2000;
const STREAM_AGAIN_AFTER = 15; // polls
const FAILURES_MOST = 4; // reconnections without an open stream between them
const SLOTS = 4; // streams of one browser to one service: HTTP/1.1 allows it six connections, and pages need some

const withAfter = (url, id) => {
  const full = new URL(url, location.href);
  if (id) full.searchParams.set("after", id);
  return full;
};

/** The items after `id`; throws when the service does not answer, with `signedOut` set when it wants a sign-in. */
export async function fetchItems(url, id) {
  const answer = await fetch(withAfter(url, id), { headers: { Accept: "application/json" } });
  if (answer.status === 401 || answer.redirected) throw Object.assign(new Error("signed out"), { signedOut: true });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return (await answer.json()).items;
}

/** Hold one of the browser's stream slots until `release` resolves; resolves at once to false when none is free. */
async function takeSlot(release) {
  if (!navigator.locks) return true;
  for (let slot = 0; slot < SLOTS; slot += 1) {
    const taken = await new Promise((tell) => {
      navigator.locks.request(`live-slot-${slot}`, { ifAvailable: true }, (lock) => {
        tell(lock !== null);
        return lock && release;
      });
    });
    if (taken) return true;
  }
  return false;
}

/** Calls `onMessage(item, id)` and `onState(state)` until `close()`. */
export class Source {
  constructor({ stream, poll, lastId, onMessage, onState }) {
    Object.assign(this, { stream, poll, lastId, onMessage, onState, closed: false, failures: 0 });
    this.openStream();
  }

  close() {
    this.closed = true;
    this.stopStream();
    clearTimeout(this.timer);
  }

  async openStream() {
    const released = new Promise((resolve) => { this.freeSlot = resolve; });
    const granted = await takeSlot(released);
    if (this.closed) {
      this.freeSlot();
      return;
    }
    if (!granted) {
      this.startPolling();
      return;
    }
    this.events = new EventSource(withAfter(this.stream, this.lastId));
    this.events.addEventListener("open", () => {
      this.failures = 0;
      this.onState("live");
    });
    this.events.addEventListener("message", (event) => {
      const item = JSON.parse(event.data);
      this.take(item, event.lastEventId || item.id);
    });
    this.events.addEventListener("error", () => this.failed());
  }

  stopStream() {
    this.events?.close();
    this.events = null;
    this.freeSlot?.();
  }

  failed() {
    this.failures += 1;
    const refused = this.events.readyState === EventSource.CLOSED;
    if (!refused && this.failures < FAILURES_MOST) {
      this.onState("reconnecting");
      return;
    }
    this.stopStream();
    this.startPolling();
  }

  startPolling() {
    this.polls = 0;
    this.pollOnce();
  }

  async pollOnce() {
    if (this.closed) return;
    try {
      for (const item of await fetchItems(this.poll, this.lastId)) this.take(item, item.id);
      this.onState("polling");
    } catch (error) {
      this.onState(error.signedOut ? "stopped" : "reconnecting");
      if (error.signedOut) return;
    }
    this.polls += 1;
    const next = this.polls >= STREAM_AGAIN_AFTER ? () => this.openStream() : () => this.pollOnce();
    if (!this.closed) this.timer = setTimeout(next, POLL_EVERY);
  }

  take(item, id) {
    if (this.closed) return;
    this.lastId = String(id);
    this.onMessage(item, this.lastId);
  }
}
