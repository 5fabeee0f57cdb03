// All jobs: narrowed by the address, a page at a time, and what can be done with those that match.
import { Acting } from "./acting.js";
import { JOBS, get } from "./api.js";
import { h, put } from "./dom.js";
import { number, t } from "./i18n.js";
import { BANDS, STATUSES, TYPES, none, table } from "./jobrow.js";
import { Live } from "./live.js";

const FIELDS = ["type", "priority", "candidateId", "errorCode", "parentId", "id"];
const CHOICES = { type: TYPES, priority: BANDS };
const LIMIT = 50, CALM_MS = 2000;

export function show(view, { query, go, note, confirm }) {
  const filter = Object.fromEntries(["status", ...FIELDS].map((name) => [name, query.get(name)]).filter(([, value]) => value));
  const isNarrow = Object.keys(filter).length > 0, cursor = query.get("cursor"), marked = new Set();
  let page, counts, codes = [], all = false, refused, again, stopped = false;

  const address = (more) => {
    const kept = new URLSearchParams(Object.entries({ ...filter, ...more }).filter(([, value]) => value));
    return kept.size ? `/jobs?${kept}` : "/jobs";
  };

  async function load() {
    try {
      page = await get(`${JOBS}?${new URLSearchParams({ ...filter, limit: LIMIT, ...(cursor && { cursor }) })}`);
      refused = null;
    } catch (error) {
      if (error.status === 422) refused = error.message;
      else if (!page) refused = t("gone");
    }
    if (!stopped) draw();
  }

  const acting = new Acting({ note, confirm, draw: () => stopped || draw(), done: load });
  // The one stream of the page says that something has changed; the list is then read again, calmly.
  const live = new Live("/api/queue/events", ["overview"], (_, { stats, errors, queues }) => {
    if (stats) counts = stats.byStatus;
    if (errors) codes = errors.map(({ code }) => code);
    if ((stats || queues) && !again) again = setTimeout(() => { again = null; load(); }, CALM_MS);
    draw();
  });

  function field(name) {
    const props = { name, "data-do": "narrow", "data-search": name === "id" };
    const control = CHOICES[name]
      ? h("select", props, h("option", { value: "" }, t("any")), CHOICES[name].map((value) => h("option", { value, selected: filter[name] === value }, t(value))))
      : h("input", { ...props, value: filter[name], list: name === "errorCode" && "codes", spellcheck: "false", autocomplete: "off" });
    return h("label", t(name), control);
  }

  // The counts are of all jobs: they are shown as long as nothing else narrows the list.
  function tab(status) {
    const narrowed = Object.keys(filter).some((name) => name !== "status");
    const count = counts && !narrowed && (status ? counts[status] : STATUSES.reduce((sum, one) => sum + counts[one], 0));
    return h("a", { href: address({ status }), "aria-current": (filter.status ?? "") === status && "page" },
      h(`span.state.${status || "any"}`, t(status || "all")), typeof count === "number" && h("b", number(count)));
  }

  function draw() {
    put(view, h("h1", t("jobs")), h("nav.tabs", { "aria-label": t("status") }, ["", ...STATUSES].map(tab)),
      h("form.card.filter", { "data-do": "narrow", role: "search" }, FIELDS.map(field),
        h("datalist", { id: "codes" }, codes.map((value) => h("option", { value }))),
        isNarrow && h("a.button", { href: "/jobs" }, t("clear"))),
      h("div.card", acting.action ? acting.bar() : page?.jobs.length > 0 && doing(),
        refused ? h("p.empty", { role: "alert" }, refused)
          : !page ? h("p.empty", t("loading"))
            : page.jobs.length ? table(page.jobs, { marked: all ? new Set(page.jobs.map((job) => job.jobId)) : marked }) : h("p.empty", isNarrow || cursor ? t("noMatch") : none())),
      h("p.pages", cursor && h("a.button", { href: address() }, t("newest")),
        page?.nextCursor && h("a.button", { href: address({ cursor: page.nextCursor }), rel: "next" }, t("older"))));
  }

  const doing = () => h("div.doing",
    h("span", all ? t("allSelected") : marked.size ? t("selected", { n: marked.size }) : t("noneSelected")),
    !all && h("button.plain", { "data-do": "all" }, t("selectAll")),
    (all || marked.size > 0) && h("span.acts.end", h("button", { "data-do": "act", "data-kind": "retry" }, t("retry")), h("button.danger", { "data-do": "act", "data-kind": "cancel" }, t("cancel"))));

  const select = (change) => () => { change(); draw(); };
  draw();
  load();
  return {
    title: t("jobs"),
    stop: () => { stopped = true; live.close(); acting.forget(); clearTimeout(again); },
    acts: {
      narrow(target) {
        const { elements } = target.closest("form"), { name } = document.activeElement;
        const next = address(Object.fromEntries(FIELDS.map((each) => [each, elements[each].value.trim()])));
        if (next === address()) return;
        go(next);
        view.querySelector(`[name="${CSS.escape(name)}"]`)?.focus();
      },
      mark({ checked, dataset: { id } }) {
        if (all) for (const job of page.jobs) marked.add(job.jobId);
        select(() => { all = false; marked[checked ? "add" : "delete"](id); })();
      },
      page: ({ checked }) => select(() => { all = false; for (const job of page.jobs) marked[checked ? "add" : "delete"](job.jobId); })(),
      all: select(() => { all = true; }),
      forget: select(() => acting.forget()),
      act: async ({ dataset: { kind } }) =>
        (await acting.begin(kind, all ? { filter } : { ids: [...marked] })) && select(() => { all = false; marked.clear(); })(),
    },
  };
}
