// Of a bulk: its jobs by state, its batches, the groups of its errors, and what can be taken out.
import { jobPath } from "./api.js";
import { h } from "./dom.js";
import { number, t } from "./i18n.js";
import { short } from "./jobrow.js";

const ORDER = ["completed", "failed", "cancelled", "in_progress", "pending"];
const CELLS = 240;

export function bulk(job) {
  const counts = { ...job.progress?.metadata, ...job.result };
  const of = (status) => counts[status === "in_progress" ? "inProgress" : status] ?? 0;
  const states = ORDER.filter(of), all = `/jobs?parentId=${job.jobId}`;
  return h("section", h("h2", t("children"), counts.total && h("span", number(counts.total)), h("a", { href: all }, t("all"))),
    h("div.card.bulk", h("div.parts", { "aria-hidden": "true" }, states.map((status) => h(`i.${status}`, { style: { "flex-grow": of(status) } }))),
      h("p.legend", states.map((status) => h("a", { href: `${all}&status=${status}` }, h(`span.state.${status}`, number(of(status)), " ", t(status)))),
        counts.skipped > 0 && h("span", t("skipped", { n: counts.skipped }))),
      counts.batches && batches(counts.batches),
      counts.errorGroups?.length > 0 && h("ul.legend", counts.errorGroups.map((group) =>
        h("li", h("code", group.errorCode), ` ${number(group.count)} · `, h("a", { href: `/jobs/${group.exampleJobId}` }, short(group.exampleJobId))))),
      h("p.acts",
        of("failed") + of("cancelled") > 0 && h("a.button", { href: jobPath(job.jobId, "/failures"), download: "" }, t("failuresCsv")),
        of("completed") > 0 && h("a.button", { href: jobPath(job.jobId, "/results"), download: "" }, t("resultsNdjson")))));
}

// A cell per batch as long as they can be seen: what is done, what is at work and how far, what is left.
function batches({ total, done, running }) {
  const share = total > CELLS ? CELLS / total : 1, full = Math.round(done * share);
  const cells = [...Array(full).fill(1), ...running.map((batch) => batch.done / batch.total)];
  return h("div", h("p.quiet", t("batches", { n: done, of: total })), h("ol.batches", { "aria-hidden": "true" },
    Array.from({ length: Math.round(total * share) }, (_, at) => h(at >= full && running[at - full]?.failed ? "li.failed" : "li",
      { title: at >= full && running[at - full] && `${running[at - full].done} / ${running[at - full].total}`, style: { "--done": `${100 * (cells[at] ?? 0)}%` } }))));
}
