// One stream of events per page, whatever it shows. It rests while the tab is hidden, and comes back by itself.
import { get } from "./api.js";
import { t } from "./i18n.js";

const FIRST_MS = 500, MOST_MS = 8000;

export class Live {
  constructor(url, kinds, onEvent) {
    Object.assign(this, { url, kinds, onEvent, wait: FIRST_MS });
    this.look = () => (document.hidden ? this.rest("resting") : this.open());
    document.addEventListener("visibilitychange", this.look);
    this.look();
  }

  open() {
    this.rest("connecting");
    this.source = new EventSource(this.url);
    this.source.onopen = () => say("live");
    for (const kind of this.kinds)
      this.source.addEventListener(kind, ({ data }) => {
        this.wait = FIRST_MS;
        say("live");
        this.onEvent(kind, JSON.parse(data));
      });
    // The browser's own retry gives up after an HTTP error; ours does not, and it notices that the session has ended.
    this.source.onerror = () => {
      this.rest("reconnecting");
      get("/session").catch(() => {});
      this.timer = setTimeout(this.look, this.wait);
      this.wait = Math.min(this.wait * 2, MOST_MS);
    };
  }

  rest(state) {
    clearTimeout(this.timer);
    this.source?.close();
    say(state);
  }

  close() {
    document.removeEventListener("visibilitychange", this.look);
    this.rest("");
  }
}

export function say(state) {
  const live = document.getElementById("live");
  if (live.dataset.state === state || (state === "connecting" && live.dataset.state === "reconnecting")) return;
  live.dataset.state = state;
  live.textContent = state && t(state);
}
