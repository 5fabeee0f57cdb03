// One stream of events per page, whatever it shows. It rests while the tab is hidden, and comes back by itself.
import { t } from "./i18n.js";

const FIRST_MS = 500, MOST_MS = 8000;

export class Live {
  constructor(url, kinds, onEvent) {
    Object.assign(this, { url, kinds, onEvent, wait: FIRST_MS, last: "" });
    this.visible = () => (document.hidden ? this.rest() : this.open());
    document.addEventListener("visibilitychange", this.visible);
    this.visible();
  }

  open() {
    this.rest();
    say("connecting");
    this.source = new EventSource(this.url);
    this.source.onopen = () => say("live");
    for (const kind of this.kinds)
      this.source.addEventListener(kind, (event) => {
        this.wait = FIRST_MS;
        say("live");
        this.onEvent(kind, JSON.parse(event.data));
      });
    // The browser's own retry gives up after an HTTP error; ours does not.
    this.source.onerror = () => {
      this.rest();
      say("reconnecting");
      this.timer = setTimeout(() => this.open(), this.wait);
      this.wait = Math.min(this.wait * 2, MOST_MS);
    };
  }

  rest() {
    clearTimeout(this.timer);
    this.source?.close();
    if (document.hidden) say("resting");
  }

  close() {
    document.removeEventListener("visibilitychange", this.visible);
    clearTimeout(this.timer);
    this.source?.close();
  }
}

export function say(state) {
  const live = document.getElementById("live");
  if (live.dataset.state === state) return;
  live.dataset.state = state;
  live.textContent = state ? t(state) : "";
}
