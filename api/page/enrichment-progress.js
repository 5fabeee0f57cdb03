// <enrichment-progress job-id="…" base-url="…">: the live progress of a job, in any page. See docs/embed.md.
const SHEET = new CSSStyleSheet();
SHEET.replaceSync(`
  :host { display: block; font: var(--enrichment-font, 15px/1.5 system-ui, sans-serif); color: var(--enrichment-ink, inherit); }
  p { display: flex; gap: .75em; align-items: baseline; margin: 0 0 .4em; }
  #message { flex: 1; min-width: 0; overflow-wrap: anywhere; }
  #percentage { font-variant-numeric: tabular-nums; }
  #track { height: var(--enrichment-height, .45em); border-radius: 1em; background: var(--enrichment-track, #8884); overflow: hidden; }
  #bar { height: 100%; width: 0; border-radius: inherit; background: var(--enrichment-accent, #3449c4); transition: width .4s ease-out; }
  :host([status="completed"]) #bar { background: var(--enrichment-completed, #19794a); }
  :host([status="failed"]) #bar, :host([status="cancelled"]) #bar { background: var(--enrichment-failed, #bd2a24); }
  button { font: inherit; color: inherit; background: none; border: 1px solid; border-radius: .4em; padding: 0 .6em; cursor: pointer; }
  [hidden] { display: none; }
  @media (prefers-reduced-motion: reduce) { #bar { transition: none; } }
`);
const ENDS = ["completed", "failed", "cancelled"], AGAIN_MS = 2000;
const WORDS = {
  en: { cancel: "Cancel", retry: "Run again", progress: "Progress", lost: "Reconnecting…", gone: "There is no such job", completed: "Completed", failed: "Failed", cancelled: "Cancelled" },
  fr: { cancel: "Annuler", retry: "Relancer", progress: "Avancement", lost: "Reconnexion…", gone: "Cette tâche n’existe pas", completed: "Terminée", failed: "Échouée", cancelled: "Annulée" },
};

class EnrichmentProgress extends HTMLElement {
  static observedAttributes = ["job-id", "base-url"];
  #parts = {};
  #source;
  #timer;

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [SHEET];
    const make = (tag, id, parent) => (this.#parts[id] = parent.appendChild(Object.assign(document.createElement(tag), { id })));
    const line = make("p", "line", root);
    for (const [tag, id] of [["span", "message"], ["span", "percentage"], ["button", "cancel"], ["button", "retry"]]) make(tag, id, line);
    make("div", "bar", make("div", "track", root));
    this.#parts.message.setAttribute("role", "status");
    this.#parts.track.setAttribute("role", "progressbar");
    for (const act of ["cancel", "retry"]) Object.assign(this.#parts[act], { hidden: true, onclick: () => this.#steer(act) });
  }

  connectedCallback() { this.#follow(); }
  disconnectedCallback() { this.#stop(); }
  attributeChangedCallback() { if (this.isConnected) this.#follow(); }

  get #words() { return WORDS[this.closest("[lang]")?.lang.slice(0, 2)] ?? WORDS.en; }

  #url(rest = "") { return `${this.getAttribute("base-url") ?? ""}/api/enrichment/jobs/${encodeURIComponent(this.getAttribute("job-id"))}${rest}`; }

  #stop() {
    clearTimeout(this.#timer);
    this.#source?.close();
  }

  #follow() {
    this.#stop();
    if (!this.getAttribute("job-id")) return;
    for (const act of ["cancel", "retry"]) this.#parts[act].textContent = this.#words[act];
    this.#parts.track.setAttribute("aria-label", this.#words.progress);
    const source = (this.#source = new EventSource(this.#url("/events")));
    source.addEventListener("progress", ({ data }) => this.#show("in_progress", JSON.parse(data)));
    for (const status of ENDS) source.addEventListener(status, ({ data }) => this.#end(status, JSON.parse(data)));
    source.onerror = async () => {
      this.#stop();
      const answer = await fetch(this.#url()).catch(() => null);
      if (source !== this.#source) return;
      this.#parts.message.textContent = answer?.status === 404 ? this.#words.gone : this.#words.lost;
      if (answer?.status !== 404) this.#timer = setTimeout(() => this.#follow(), AGAIN_MS);
    };
  }

  #show(status, { percentage, message }) {
    const { track, bar, cancel, retry } = this.#parts;
    this.setAttribute("status", status);
    this.#parts.message.textContent = message;
    this.#parts.percentage.textContent = `${percentage} %`;
    bar.style.width = `${percentage}%`;
    track.setAttribute("aria-valuenow", percentage);
    cancel.hidden = ENDS.includes(status);
    retry.hidden = !["failed", "cancelled"].includes(status);
  }

  #end(status, job) {
    this.#stop();
    this.#show(status, { ...job.progress, message: status === "failed" ? job.error : this.#words[status] });
    this.dispatchEvent(new CustomEvent(status, { detail: job, bubbles: true, composed: true }));
  }

  async #steer(act) {
    const answer = await fetch(this.#url(`/${act}`), { method: "POST" }).catch(() => null);
    if (answer?.ok && act === "retry") this.#follow();
  }
}

customElements.define("enrichment-progress", EnrichmentProgress);
