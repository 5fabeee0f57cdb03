// The shell: which view an address shows, who looks at it, language and colours, the keyboard.
import { call, get } from "./api.js";
import * as job from "./job.js";
import * as jobs from "./jobs.js";
import * as newJob from "./new.js";
import * as overview from "./overview.js";
import * as signIn from "./signin.js";
import { h, put } from "./dom.js";
import { keep, kept, lang, t } from "./i18n.js";
import { say } from "./live.js";

const VIEWS = [
  [/^\/$/, overview, "overview", "/"],
  [/^\/jobs$/, jobs, "jobs", "/jobs"],
  [/^\/jobs\/([^/]+)$/, job],
  [/^\/new$/, newJob, "newJob", "/new"],
];
const root = document.documentElement, header = document.querySelector("header"), view = document.getElementById("view");
const nav = header.querySelector("nav"), tools = document.getElementById("tools"), other = lang === "fr" ? "en" : "fr";
let shown, hasSession;

function go(address) {
  history.pushState(null, "", address);
  show();
}

function show() {
  const [pattern, module] = VIEWS.find(([each]) => each.test(location.pathname)) ?? VIEWS[0];
  open(module, pattern.exec(location.pathname)?.slice(1));
}

function open(module, params) {
  shown?.stop?.();
  shown?.listening.abort();
  say("");
  const listening = new AbortController();
  view.replaceChildren();
  shown = { listening, ...module.show(view, { params, query: new URLSearchParams(location.search), go, note, confirm, enter }) };
  document.title = `${shown.title} · Enrichment`;
  // One listener of each kind: what is drawn anew says by `data-do` what it does when it is sent (a form), changed (a field)
  // or clicked (all else).
  for (const kind of ["click", "change", "submit"]) view.addEventListener(kind, (event) => act(kind, event), { signal: listening.signal });
  frame();
  scrollTo(0, 0);
}

async function act(kind, event) {
  const target = event.target.closest("[data-do]"), todo = shown.acts?.[target?.dataset.do];
  if (!todo || kind !== (target.matches("form") ? "submit" : target.matches("input, select") ? "change" : "click")) return;
  if (target.type !== "checkbox") event.preventDefault();
  target.setAttribute("aria-busy", "true");
  try {
    await todo(target, event);
  } catch (error) {
    note(error.message, "failed");
  } finally {
    target.removeAttribute("aria-busy");
  }
}

// A sentence that goes by itself; the screen reader reads it.
function note(text, kind = "done") {
  const made = h(`p.note.${kind}`, text);
  document.getElementById("notes").append(made);
  setTimeout(() => made.remove(), 6000);
}

function dialog(title, what, buttons) {
  return new Promise((resolve) => {
    const made = h("dialog", { "aria-label": title }, h("form", { method: "dialog" }, h("h2", title), what, h("menu", buttons)));
    made.addEventListener("close", () => { resolve(made.returnValue); made.remove(); });
    document.body.append(made);
    made.showModal();
  });
}

// Asks before something that cannot be undone; answers whether to go on.
const confirm = async (question, detail, yes) =>
  (await dialog(question, h("p", detail), [h("button", { value: "" }, t("back")), h("button.primary", { value: "yes" }, yes)])) === "yes";

const KEYS = { o: "overview", l: "jobs", n: "newJob", "/": "keySearch", "j k": "keyMove", x: "select", "?": "help" };
const help = () => dialog(t("help"), h("dl.keys", Object.entries(KEYS).map(([key, word]) => h("div", h("dt", key.split(" ").map((one) => h("kbd", one))), h("dd", t(word))))), h("button", t("close")));

// Rows are links: the keyboard walks through them, Enter is the browser's own.
function move(step) {
  const rows = [...view.querySelectorAll("a[data-row]")];
  rows[Math.min(rows.length - 1, Math.max(0, rows.indexOf(document.activeElement) + step))]?.focus();
}

const SHORTCUTS = {
  o: () => go("/"), l: () => go("/jobs"), n: () => go("/new"), j: () => move(1), k: () => move(-1), "?": help,
  "/": () => { if (!view.querySelector("[data-search]")) go("/jobs"); view.querySelector("[data-search]")?.focus(); },
  x: () => document.activeElement.closest("tr")?.querySelector("input")?.click(),
};

addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (key === "Escape" && target.matches("input, textarea")) return target.blur();
  if (target.closest("input:not([type=checkbox]), select, textarea, dialog") || event.ctrlKey || event.metaKey || event.altKey || !SHORTCUTS[key]) return;
  event.preventDefault();
  SHORTCUTS[key]();
});

// Links of ours are followed without loading the page anew.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='/']");
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || link.hasAttribute("download")) return;
  if (!VIEWS.some(([pattern]) => pattern.test(link.pathname))) return;
  event.preventDefault();
  go(link.getAttribute("href"));
  view.focus({ preventScroll: true });
});
addEventListener("popstate", show);
// Each request that is refused says so: the first one asks for the key, the others leave alone what is being typed.
addEventListener("signed-out", () => { hasSession = null; shown.acts?.signIn || open(signIn); });

async function enter() {
  hasSession = (await get("/session")).keyId;
  show();
}

const TOOLS = {
  async signOut() { await call("DELETE", "/session"); dispatchEvent(new Event("signed-out")); },
  language: () => { keep("language", other); location.reload(); },
  theme() {
    const now = root.style.colorScheme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "");
    root.style.colorScheme = now === "dark" ? "light" : "dark";
    keep("theme", root.style.colorScheme);
  },
  help,
};

function frame() {
  const links = VIEWS.filter(([, , word]) => word).map(([pattern, , word, href]) => h("a", { href, "aria-current": pattern.test(location.pathname) && "page" }, t(word)));
  put(nav, links);
  put(tools, hasSession && h("button.plain", { "data-tool": "signOut" }, t("signOut")),
    root.dataset.temporal && h("a", { href: `${root.dataset.temporal}/workflows`, rel: "noreferrer" }, "Temporal ↗"),
    h("button.plain", { "data-tool": "language", lang: other }, t("language")),
    ["theme", "help"].map((tool) => h("button.plain", { "data-tool": tool, "aria-label": t(tool), title: t(tool) }, tool === "help" ? "?" : "◐")));
}

nav.setAttribute("aria-label", t("views"));
document.querySelector(".skip").textContent = t("skip");
tools.addEventListener("click", ({ target }) => TOOLS[target.dataset.tool]?.());
root.style.colorScheme = kept("theme") ?? "";
// Where no keys are asked for, the page does not wait for who looks at it.
show();
get("/session").then(({ keyId }) => { hasSession = keyId; frame(); }, () => {});
