// A job as a line of a table, the same in every list.
import { h } from "./dom.js";
import { age, duration, instant, share, t } from "./i18n.js";

export const BANDS = ["critical", "high", "normal", "low"];
export const BULK = "bulk_candidate_enrichment";
export const TYPES = ["competence_file_generation", "candidate_profile_enhancement", "skills_optimization", "experience_enhancement", BULK];
export const STATUSES = ["pending", "in_progress", "completed", "failed", "cancelled"];
export const OPEN = STATUSES.slice(0, 2);

export const short = (id) => `${id.slice(0, 8)}…${id.slice(-4)}`;
export const band = (queue) => queue.replace("enrichment-", "");
export const state = (status) => h(`span.state.${status}`, t(status));
export const none = () => [t("noJobs"), h("a.button.primary", { href: "/new" }, t("newJob"))];
export const seconds = (from, to) => (new Date(to) - new Date(from)) / 1000;

export const bar = ({ status, progress }) =>
  h(`div.bar.${status}`, { role: "progressbar", "aria-valuenow": progress?.percentage ?? 0, "aria-label": t("progress") },
    h("i", { style: { width: `${progress?.percentage ?? 0}%` } }));

// In a few words what a reader wants to know beside the state.
function remark(job) {
  if (job.status === "failed") return h("code", job.errorCode);
  if (job.status !== "in_progress") return job.runAt && job.status === "pending" && t("from", { t: instant(job.runAt) });
  return [bar(job), h("b", share((job.progress?.percentage ?? 0) / 100)), " ",
    job.retryAt ? t("retryOf", { n: job.retryCount + 1, of: job.maxRetries }) : job.progress?.message];
}

// `marked`: rows can be selected, and these are. `named`: a row goes by its candidate, as in a bulk, where all else is alike.
export function table(jobs, { marked, named } = {}) {
  const head = ["job", "status", "progress", "priority", "candidateId", "took", "age"];
  return h("table.jobs", h("thead", h("tr", marked && h("th.mark",
    h("input", { type: "checkbox", "data-do": "page", "aria-label": t("selectPage"), checked: jobs.every((job) => marked.has(job.jobId)) })),
  head.map((word) => h("th", { class: word }, t(word))))),
  h("tbody", jobs.map((job) => h("tr", { "data-key": job.jobId },
    marked && h("td.mark", h("input", { type: "checkbox", "data-do": "mark", "data-id": job.jobId, "aria-label": `${t("select")} ${short(job.jobId)}`, checked: marked.has(job.jobId) })),
    h("td.job", h("a", { href: `/jobs/${job.jobId}`, "data-row": "" }, (named && job.candidateId) || t(job.type)), h("code", short(job.jobId))),
    h("td.status", state(job.status)),
    h("td.progress", { title: job.error }, remark(job)),
    h("td.priority", t(band(job.queue)), h("small", job.priority)),
    h("td.candidateId", { title: job.candidateId }, h("bdi", job.candidateId ?? "–")),
    h("td.took", job.startedAt && job.completedAt ? duration(seconds(job.startedAt, job.completedAt)) : "–"),
    h("td.age", h("time", { title: instant(job.createdAt) }, age(job.createdAt)))))));
}
