// A job as a line of a table, the same in every list.
import { h } from "./dom.js";
import { age, instant, t } from "./i18n.js";

export const BANDS = ["critical", "high", "normal", "low"];
export const TYPES = ["competence_file_generation", "candidate_profile_enhancement", "skills_optimization", "experience_enhancement", "bulk_candidate_enrichment"];
export const STATUSES = ["pending", "in_progress", "completed", "failed", "cancelled"];
export const OPEN = ["pending", "in_progress"];

export const short = (id) => id.slice(0, 8) + "…" + id.slice(-4);
export const band = (queue) => queue.replace("enrichment-", "");
export const state = (status) => h("span", { class: `state ${status}` }, t(status));

export function bar(job) {
  const share = job.progress?.percentage ?? 0;
  return h("div", { class: `bar ${job.status}`, role: "progressbar", "aria-valuenow": share, "aria-valuemin": 0, "aria-valuemax": 100, "aria-label": t("progress") },
    h("i", { style: { width: `${share}%` } }));
}

// In one word or two what a reader wants to know beside the state.
export function remark(job) {
  if (job.status === "failed") return job.errorCode;
  if (job.status === "in_progress" && job.retryAt) return t("retriesLeft", { n: job.retryCount + 1, of: job.maxRetries });
  if (job.status === "in_progress") return job.progress?.message;
  return "";
}

const head = (words, marks) => h("thead", {}, h("tr", {}, marks && h("th", { class: "mark" }, h("span", { class: "hidden" }, t("select"))),
  words.map((word) => h("th", { class: word === "submitted" ? "n" : word, scope: "col" }, t(word)))));

export function table(jobs, { marked } = {}) {
  return h("table", { class: "jobs" }, head(["job", "status", "progress", "priority", "candidate", "submitted"], marked),
    h("tbody", {}, jobs.map((job) => h("tr", { "data-key": job.jobId },
      marked && h("td", { class: "mark" }, h("input", { type: "checkbox", "data-do": "mark", "data-on": "change", "data-id": job.jobId, "aria-label": `${t("select")} ${short(job.jobId)}`, checked: marked.has(job.jobId) })),
      h("td", { class: "job" }, h("a", { href: `/jobs/${job.jobId}`, "data-row": "" }, t(job.type)), h("code", {}, short(job.jobId))),
      h("td", {}, state(job.status)),
      h("td", { class: "progress" }, job.status === "in_progress" && [bar(job), h("span", { class: "n" }, `${job.progress?.percentage ?? 0} %`)], h("small", { title: job.error }, remark(job))),
      h("td", { class: "priority" }, t(band(job.queue)), h("small", { class: "n" }, ` ${job.priority}`)),
      h("td", { class: "candidate" }, h("bdi", {}, job.candidateId ?? "–")),
      h("td", { class: "n" }, h("time", { datetime: job.createdAt, title: instant(job.createdAt) }, age(job.createdAt)))))));
}
