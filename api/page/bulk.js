// Of a bulk: its jobs by state, the groups of its errors, and what can be taken out.
import { jobPath } from "./api.js";
import { h } from "./dom.js";
import { number, t } from "./i18n.js";
import { STATUSES, short, table } from "./jobrow.js";

const ORDER = ["completed", "failed", "cancelled", "in_progress", "pending"];

export function bulk(job, children) {
  const counts = job.result ?? job.progress?.metadata ?? {};
  const total = counts.total || 1;
  const of = (status) => counts[status] ?? 0;
  return h("section", { class: "bulk" }, h("h2", {}, t("children"), h("a", { href: `/jobs?parentId=${job.jobId}` }, t("all"))),
    h("div", { class: "card" },
      h("div", { class: "parts", role: "img", "aria-label": ORDER.map((status) => `${of(status)} ${t(status)}`).join(", ") },
        ORDER.filter(of).map((status) => h("i", { class: status, style: { flex: of(status) / total } }))),
      h("p", { class: "legend" }, STATUSES.filter(of).map((status) => h("a", { class: status, href: `/jobs?parentId=${job.jobId}&status=${status}` }, `${number(of(status))} ${t(status)}`))),
      counts.batches && batches(counts.batches),
      counts.errorGroups?.length > 0 && h("ul", {}, counts.errorGroups.map((group) => h("li", {}, h("code", {}, group.errorCode), ` ${number(group.count)} `, h("a", { href: `/jobs/${group.exampleJobId}` }, short(group.exampleJobId))))),
      h("p", { class: "acts" }, h("a", { class: "button", href: jobPath(job.jobId, "/failures"), download: "" }, t("failuresCsv")), h("a", { class: "button", href: jobPath(job.jobId, "/results"), download: "" }, t("resultsNdjson")))),
    children?.jobs.length > 0 && h("div", { class: "card" }, table(children.jobs)));
}

// All blocks of candidates in a sentence, and those in which slots are at work as squares that fill.
const batches = ({ total, done, running }) => [h("p", { class: "quiet" }, t("batchesDone", { n: number(done), of: number(total) })),
  running.length > 0 && h("ol", { class: "batches", "aria-label": t("batches") },
    running.map((batch) => h("li", { title: `${batch.done} / ${batch.total}`, style: { "--done": batch.done / batch.total } })))];
