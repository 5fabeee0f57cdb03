// One job: where it is, why it waits, what happened to it, what came of it.
import { get, jobPath, post } from "./api.js";
import { bulk } from "./bulk.js";
import { changes } from "./changes.js";
import { h, put } from "./dom.js";
import { duration, instant, money, number, t, until } from "./i18n.js";
import { OPEN, band, bar, short, state } from "./jobrow.js";
import { Live } from "./live.js";
import { timeline } from "./timeline.js";

const BULK = "bulk_candidate_enrichment";
const FORMATS = ["docx", "pdf", "html", "md"];

export function show(view, { params: [id], note, confirm }) {
  let job, source, history = [], children, missing, live, ticking, temporal, showsRaw = false, stopped = false;
  get("/api/queue/dashboard").then(({ temporalUi }) => { temporal = temporalUi; draw(); }).catch(() => {});

  // The stream of a job that has ended ends as well: it is followed only while it is open.
  async function load() {
    try {
      [job, { events: history }] = await Promise.all([get(jobPath(id)), get(jobPath(id, "/history"))]);
      if (job.type === BULK) children = await get(jobPath(id, "/children?limit=50"));
      else if (job.result && !source) source = await get(jobPath(id, "/input"));
    } catch (error) {
      if (!job) missing = error.status === 404 || error.status === 422 ? t("notFound") : error.message;
      if (!job && error.status === 503) setTimeout(() => stopped || load(), 2000);
    }
    if (stopped) return;
    draw();
    if (job && OPEN.includes(job.status) && !live) follow();
  }

  function follow() {
    live = new Live(jobPath(id, "/events"), ["progress", "completed", "failed", "cancelled"], (kind, told) => {
      if (kind === "progress") {
        const changed = told.attempt !== job.progress?.attempt || told.stage !== job.progress?.stage;
        job.progress = told;
        draw();
        if (changed) load();
      } else {
        live.close();
        live = null;
        source = null;
        load();
      }
    });
    clearInterval(ticking);
    ticking = setInterval(() => (live && !document.hidden ? load() : clearInterval(ticking)), 3000);
  }

  function draw() {
    if (missing) return put(view, h("h1", {}, t("job")), h("p", { class: "card quiet", role: "alert" }, missing));
    if (!job) return put(view, h("p", { class: "quiet" }, t("loading")));
    document.title = `${t(job.status)} · ${t(job.type)} · Enrichment`;
    put(view, heading(), progress(), facts(), documents(), review(),
      job.type === BULK && bulk(job, children),
      job.result && source && changes(job.result, source),
      notes(), timeline(history, job),
      h("details", { class: "card", open: showsRaw }, h("summary", { "data-do": "raw" }, t("raw")), h("pre", { tabindex: 0 }, JSON.stringify(job, null, 2))));
  }

  const heading = () => h("div", { class: "heading" }, h("div", {}, h("h1", {}, t(job.type), " ", state(job.status)),
    h("p", { class: "quiet" }, h("button", { class: "plain", "data-do": "copy", title: t("copy") }, h("code", {}, id)),
      job.candidateId && h("span", {}, t("candidate"), " ", h("bdi", {}, job.candidateId)),
      job.parentId && h("a", { href: `/jobs/${job.parentId}` }, `${t("parent")} ${short(job.parentId)}`))),
    h("div", { class: "acts" }, job.links.continue && h("button", { class: "primary", "data-do": "continue" }, t("continue")), job.links.cancel && h("button", { class: "danger", "data-do": "cancel" }, t("cancel")),
      job.links.retry && h("button", { class: "primary", "data-do": "retry" }, t(job.type === BULK ? "retryFailed" : "retry")),
      temporal && h("a", { class: "button", "data-outside": "", rel: "noreferrer", href: `${temporal}/namespaces/default/workflows/enrich-${id}.${job.run}` }, t("inTemporal"), " ↗")));

  function progress() {
    const { percentage, message, metadata } = job.progress ?? { percentage: 0 };
    const failed = job.status === "failed" || (OPEN.includes(job.status) && job.errorCode);
    return h("div", { class: `card now ${job.status}` }, h("p", { class: "big" }, h("b", {}, `${percentage} %`), " ", h("span", {}, job.waiting ? why(job.waiting) : message)), bar(job),
      metadata?.secondsLeft > 0 && h("p", { class: "quiet" }, `${t("rate", { n: number(Math.round(metadata.ratePerSecond * 10) / 10) })}, ${t("eta", { t: duration(metadata.secondsLeft) })}`),
      failed && h("p", { class: "error" }, h("code", {}, job.errorCode), " ", h("bdi", {}, job.error)));
  }

  function why({ reason, until: instant, position, message }) {
    if (reason === "scheduled") return t("scheduled", { t: until(instant) });
    if (reason === "retry") return t("whyRetry", { t: until(instant), code: job.errorCode ?? "–" });
    if (reason === "provider") {
      return t("whyProvider", { t: until(instant), what: t(job.errorCode === "budget_exceeded" ? "theBudget" : "theProvider") });
    }
    if (reason === "paused") return t("whyPaused");
    return ["no_worker", "busy", "starting"].includes(reason) ? t(reason, { n: position }) : message;
  }

  function facts() {
    const usage = job.result?.usage, tokens = usage && usage.inputTokens + usage.outputTokens;
    const took = job.completedAt && job.startedAt && (new Date(job.completedAt) - new Date(job.startedAt)) / 1000;
    const rows = [["priority", `${t(band(job.queue))} ${job.priority}`], ["maxRetries", `${job.retryCount} / ${job.maxRetries}`], ["submitted", instant(job.createdAt)],
      ["model", [...new Set([job.provider, job.model])].filter(Boolean).join(" ")], ["tokens", tokens > 0 && number(tokens)], ["cost", usage?.costUsd > 0 && money(usage.costUsd)]];
    return h("dl", { class: "facts-list" }, rows.filter(([, value]) => value).map(([word, value]) => h("div", {}, h("dt", {}, t(word)), h("dd", {}, value))),
      took > 0 && h("div", {}, h("dt", {}, t("completed")), h("dd", {}, duration(took))));
  }

  const documents = () => job.links.document && h("section", { class: "documents" }, h("h2", {}, t("documents")),
    FORMATS.filter((format) => format === "md" || job.links.document.includes("{format}") || job.links[`document_${format}`] || job.documents?.includes(format)).map((format) =>
      h("a", { class: "button", href: jobPath(id, `/document?format=${format}`), download: "" }, format.toUpperCase())));

  const review = () => job.review && h("section", {}, h("h2", {}, t("review"), h("span", { class: "quiet" }, t(job.review.status))),
    job.links.review && h("div", { class: "acts" }, h("button", { class: "primary", "data-do": "approve" }, t("approve")), h("button", { class: "danger", "data-do": "reject" }, t("reject"))));

  const notes = () => job.result?.warnings?.length > 0 && h("section", {}, h("h2", {}, t("warnings")),
    h("ul", { class: "card" }, job.result.warnings.map(({ message, pointer }) => h("li", {}, h("bdi", {}, message), " ", h("code", { class: "quiet" }, pointer)))));

  const decide = (decision) => async () => { await post(jobPath(id, "/review"), { decision }); await load(); };

  draw();
  load();
  return {
    title: t("job"),
    stop: () => { stopped = true; live?.close(); clearInterval(ticking); },
    acts: {
      raw() { showsRaw = !showsRaw; draw(); },
      approve: decide("approve"),
      reject: decide("reject"),
      async copy() { await navigator.clipboard?.writeText(id); note(t("copied2")); },
      async cancel() {
        if (job.type === BULK && !(await confirm(t("cancel") + "?", t("cannotUndo"), t("confirm")))) return;
        await post(jobPath(id, "/cancel"));
        await load();
      },
      async continue() { await post(jobPath(id, "/continue")); await load(); },
      async retry() { source = null; await post(jobPath(id, "/retry")); await load(); },
    },
  };
}
