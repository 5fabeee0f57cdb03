// The shell: which view an address shows, language and colours, the keyboard.
import * as job from "./job.js";
import * as jobs from "./jobs.js";
import * as newJob from "./new.js";
import * as overview from "./overview.js";
import * as signIn from "./signin.js";
import { h, put } from "./dom.js";
import { lang, t } from "./i18n.js";
import { say } from "./live.js";

const view = document.getElementById("view");
const VIEWS = [
  [/^\/$/, overview, "overview", "/"],
  [/^\/jobs$/, jobs, "jobs", "/jobs"],
  [/^\/jobs\/([0-9a-f-]+)$/, job],
  [/^\/new$/, newJob, "newJob", "/new"],
];
let shown;

export function go(address, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", address);
  show();
}

function show() {
  shown?.stop?.();
  shown?.listening.abort();
  say("");
  const found = VIEWS.map(([pattern, module]) => [pattern.exec(location.pathname), module]).find(([match]) => match);
  open(found ? found[1] : overview, found?.[0].slice(1) ?? []);
  navigation();
}

function open(module, params) {
  const listening = new AbortController(), { signal } = listening;
  view.replaceChildren();
  view.className = "";
  shown = { listening };
  const made = module.show(view, { params, query: new URLSearchParams(location.search), go, note, confirm });
  shown = { ...made, listening };
  document.title = `${made.title} · Enrichment`;
  // One listener of each kind: what is drawn anew says by `data-do` what it does.
  for (const kind of ["click", "change", "submit"])
    view.addEventListener(kind, (event) => act(kind, event, made.acts ?? {}), { signal });
  scrollTo(0, 0);
}

async function act(kind, event, acts) {
  const target = event.target.closest("[data-do]");
  if (!target || (target.dataset.on ?? "click") !== kind || !acts[target.dataset.do]) return;
  if (target.tagName !== "INPUT") event.preventDefault();
  try {
    target.setAttribute("aria-busy", "true");
    await acts[target.dataset.do](target, event);
  } catch (error) {
    note(error.message, "failed");
  } finally {
    target.removeAttribute("aria-busy");
  }
}

// A sentence that goes by itself; the screen reader reads it.
export function note(text, kind = "") {
  const made = h("p", { class: `note ${kind}` }, text);
  document.getElementById("notes").append(made);
  setTimeout(() => made.remove(), 6000);
}

// Asks before something that cannot be undone; answers whether to go on.
export function confirm(question, detail, yes) {
  return new Promise((resolve) => {
    const dialog = h("dialog", { "aria-label": question }, h("form", { method: "dialog" }, h("h2", {}, question), h("p", {}, detail),
      h("menu", {}, h("button", { value: "no" }, t("back")), h("button", { value: "yes", class: "primary" }, yes))));
    dialog.addEventListener("close", () => { resolve(dialog.returnValue === "yes"); dialog.remove(); });
    document.body.append(dialog);
    dialog.showModal();
  });
}

const KEYS = [["o", "keyOverview"], ["l", "keyJobs"], ["n", "keyNew"], ["/", "keySearch"], ["j k", "keyMove"], ["↵", "keyOpen"], ["x", "keyMark"], ["?", "keyHelp"]];

function help() {
  const dialog = h("dialog", { class: "keys", "aria-label": t("keys") }, h("form", { method: "dialog" }, h("h2", {}, t("keys")),
    h("dl", {}, KEYS.map(([key, word]) => [h("dt", {}, key.split(" ").map((one) => h("kbd", {}, one))), h("dd", {}, t(word))])),
    h("menu", {}, h("button", {}, t("close")))));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

// Rows are links: the keyboard walks through them, Enter is the browser's own.
function move(step) {
  const rows = [...view.querySelectorAll("a[data-row]")];
  const next = rows[Math.min(rows.length - 1, Math.max(0, rows.indexOf(document.activeElement) + step))];
  next?.focus();
}

const SHORTCUTS = {
  o: () => go("/"), l: () => go("/jobs"), n: () => go("/new"), j: () => move(1), k: () => move(-1), "?": help,
  "/": () => (view.querySelector("[data-search]") ? view.querySelector("[data-search]").focus() : go("/jobs")),
  x: () => document.activeElement.closest("tr")?.querySelector("input[type=checkbox]")?.click(),
};

addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, select, textarea, dialog");
  if (event.key === "Escape" && event.target.closest("input, textarea")) return event.target.blur();
  if (typing && event.target.type !== "checkbox") return;
  if (event.ctrlKey || event.metaKey || event.altKey || !SHORTCUTS[event.key]) return;
  event.preventDefault();
  SHORTCUTS[event.key]();
});

// Links of ours are followed without loading the page anew.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='/']");
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || link.hasAttribute("download") || link.dataset.outside !== undefined) return;
  if (!VIEWS.some(([pattern]) => pattern.test(new URL(link.href).pathname))) return;
  event.preventDefault();
  go(link.getAttribute("href"));
  view.focus({ preventScroll: true });
});
addEventListener("popstate", show);
addEventListener("signed-out", () => {
  shown?.stop?.();
  shown?.listening.abort();
  open(signIn, []);
});

function navigation() {
  const nav = document.querySelector("header nav");
  nav.setAttribute("aria-label", t("menu"));
  put(nav, VIEWS.filter(([, , word]) => word).map(([pattern, , word, href]) =>
    h("a", { href, "aria-current": pattern.test(location.pathname) && "page" }, t(word))));
}

function remember(name, value) {
  try { localStorage.setItem(name, value); } catch { /* a browser that keeps nothing */ }
}

function theme(next) {
  if (next) remember("theme", next);
  let kept;
  try { kept = localStorage.getItem("theme"); } catch { kept = null; }
  if (kept) document.documentElement.dataset.theme = kept;
}

const TOOLS = {
  theme: () => theme(getComputedStyle(document.documentElement).colorScheme.startsWith("dark") || (!document.documentElement.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches) ? "light" : "dark"),
  language: () => { remember("language", lang === "fr" ? "en" : "fr"); location.reload(); },
  help,
};
document.getElementById("tools").append(
  h("button", { "data-tool": "language", lang: lang === "fr" ? "en" : "fr" }, t("language")),
  h("button", { "data-tool": "theme", "aria-label": t("theme"), title: t("theme") }, "◐"),
  h("button", { "data-tool": "help", "aria-label": t("help"), title: t("help") }, "?"),
);
document.getElementById("tools").addEventListener("click", (event) => TOOLS[event.target.dataset.tool]?.());
document.querySelector(".skip").textContent = t("skip");
theme();
show();
