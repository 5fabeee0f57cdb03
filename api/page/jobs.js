// All jobs: narrowed by the address, a page at a time, and what can be done with those that match.
import { JOBS, get, post } from "./api.js";
import { h, put } from "./dom.js";
import { number, t } from "./i18n.js";
import { BANDS, STATUSES, TYPES, table } from "./jobrow.js";
import { Live } from "./live.js";

const FIELDS = ["status", "type", "priority", "candidateId", "errorCode", "parentId", "id"];
const CHOICES = { status: STATUSES, type: TYPES, priority: BANDS };
const WORDS = { candidateId: "candidate", parentId: "parent", id: "idBegins" };
const LIMIT = 50, CALM_MS = 2000;

export function show(view, { query, go, note, confirm }) {
  const filter = Object.fromEntries(FIELDS.filter((name) => query.get(name)).map((name) => [name, query.get(name)]));
  const marked = new Set();
  let page, all = false, action, refused, again, stopped = false;

  const address = (more) => {
    const kept = new URLSearchParams(Object.entries({ ...filter, ...more }).filter(([, value]) => value));
    return `/jobs${kept.size ? `?${kept}` : ""}`;
  };

  async function load() {
    const parameters = new URLSearchParams({ ...filter, limit: LIMIT, ...(query.get("cursor") && { cursor: query.get("cursor") }) });
    try {
      page = await get(`${JOBS}?${parameters}`);
      refused = null;
    } catch (error) {
      if (error.status === 422) refused = error.message;
      else if (!page) refused = t("gone");
    }
    if (!stopped) draw();
  }

  // The one stream of the page says that something has changed; the list is then read again, calmly.
  const live = new Live("/api/queue/events", ["overview"], (_, parts) => {
    if ((parts.stats || parts.queues) && !again) again = setTimeout(() => { again = null; load(); }, CALM_MS);
  });

  const field = (name) => h("label", { class: name }, t(WORDS[name] ?? name), CHOICES[name]
    ? h("select", { name, "data-do": "narrow", "data-on": "change" }, h("option", { value: "" }, t("any")), CHOICES[name].map((value) => h("option", { value, selected: filter[name] === value }, t(value))))
    : h("input", { name, value: filter[name], "data-do": "narrow", "data-on": "change", "data-search": name === "id", spellcheck: "false", autocomplete: "off" }));

  function draw() {
    put(view, h("h1", {}, t("jobs")),
      h("form", { class: "card filter", "data-do": "narrow", "data-on": "submit", role: "search" }, FIELDS.map(field),
        Object.keys(filter).length > 0 && h("a", { class: "button", href: "/jobs" }, t("clear"))),
      doing(),
      h("div", { class: "card" }, refused ? h("p", { class: "quiet", role: "alert" }, refused) : !page ? h("p", { class: "quiet" }, t("loading"))
        : page.jobs.length ? table(page.jobs, { marked: all ? new Set(page.jobs.map((job) => job.jobId)) : marked }) : h("p", { class: "quiet" }, t("noMatch"))),
      h("p", { class: "pages" }, query.get("cursor") && h("a", { class: "button", href: address() }, t("first")),
        page?.nextCursor && h("a", { class: "button", href: address({ cursor: page.nextCursor }) }, t("more"))));
  }

  // What can be done with the marked ones, and how far that is. It leads the list and takes its place when it is there.
  function doing() {
    if (action) {
      const rest = action.done - action.changed;
      return h("div", { class: "card doing", role: "status" },
        h("progress", { max: Math.max(1, action.total), value: action.endedAt ? Math.max(1, action.total) : action.done, "aria-label": t("progress") }),
        h("span", {}, action.endedAt ? t("acted", { n: action.changed, rest }) : t("acting", { done: action.done, n: action.total })),
        action.endedAt && h("button", { "data-do": "forget" }, t("close")));
    }
    if (!page?.jobs.length) return h("div", { class: "card doing idle" });
    return h("div", { class: "card doing" },
      h("label", {}, h("input", { type: "checkbox", "data-do": "all", "data-on": "change", checked: all }), t("selectAll")),
      (all || marked.size > 0) && [h("span", { class: "grow" }, all ? "" : t("selected", { n: marked.size })),
        h("button", { "data-do": "act", "data-kind": "retry" }, t("retry")), h("button", { "data-do": "act", "data-kind": "cancel", class: "danger" }, t("cancel"))]);
  }

  async function follow() {
    while (!stopped && !action.endedAt) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      action = await get(action.links.self).catch(() => action);
      draw();
    }
    load();
  }

  draw();
  load();
  return {
    title: t("jobs"),
    stop: () => { stopped = true; live.close(); clearTimeout(again); },
    acts: {
      narrow(target) {
        const form = target.closest("form");
        const next = address({ ...Object.fromEntries(FIELDS.map((name) => [name, form.elements[name].value.trim()])) });
        if (next !== address()) go(next);
      },
      mark({ checked, dataset }) { all = false; marked[checked ? "add" : "delete"](dataset.id); draw(); },
      all({ checked }) { all = checked; marked.clear(); draw(); },
      forget() { action = null; draw(); },
      async act({ dataset: { kind } }) {
        const wish = { action: kind, ...(all ? { filter } : { ids: [...marked] }) };
        const { matching, more } = await post(`${JOBS}/actions`, { ...wish, dryRun: true });
        if (!matching) return note(t("nothingTo"));
        const count = more ? t("atMost", { n: matching }) : number(matching);
        const word = kind === "cancel" ? "confirmCancel" : "confirmRetry";
        if (!(await confirm(t(word, { n: count }), kind === "cancel" ? t("cannotUndo") : "", t("confirm")))) return;
        action = await post(`${JOBS}/actions`, wish);
        all = false;
        marked.clear();
        draw();
        follow();
      },
    },
  };
}
