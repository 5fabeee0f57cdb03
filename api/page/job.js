// One job: where it is, why it waits, what happened to it, what came of it.
import { get, jobPath, post } from "./api.js";
import { bulk } from "./bulk.js";
import { changes } from "./changes.js";
import { h, put } from "./dom.js";
import { duration, instant, money, number, share, t, until } from "./i18n.js";
import { BULK, OPEN, band, bar, seconds, short, state, table } from "./jobrow.js";
import { Live } from "./live.js";
import { timeline } from "./timeline.js";

const FORMATS = ["docx", "pdf", "html", "md"];
const REFRESH_MS = 2000;

export function show(view, { params: [id], confirm }) {
  let job, source, history = [], children, missing, live, stopped = false;
  const { temporal } = document.documentElement.dataset;

  async function load() {
    try {
      const [loaded, { events }] = await Promise.all([get(jobPath(id)), get(jobPath(id, "/history"))]);
      // The stream may have told more since this was asked for.
      if (live && OPEN.includes(loaded.status)) loaded.progress = job.progress;
      [job, history] = [loaded, events];
      if (job.type === BULK) children = await get(jobPath(id, "/children?limit=20"));
      else if (job.result && !source) source = await get(jobPath(id, "/input"));
    } catch (error) {
      if (!job) missing = error.status < 500 ? error.message : null;
    }
    if (stopped) return;
    draw();
    // The stream of a job that has ended ends as well: it is followed only while it is open.
    if (job && OPEN.includes(job.status) && !live) live = new Live(jobPath(id, "/events"), ["progress", "completed", "failed", "cancelled"], told);
  }

  function told(kind, news) {
    if (kind !== "progress") {
      live.close();
      live = null;
      load();
    } else {
      const { attempt, stage } = job.progress;
      job.progress = news;
      draw();
      if (news.attempt !== attempt || news.stage !== stage) load();
    }
  }

  // What the stream does not tell: the place in line, the jobs of a bulk, and whether the API is back.
  const looking = setInterval(() => {
    if (document.hidden || (job ? !OPEN.includes(job.status) : missing)) return;
    if (!live || job.waiting || children) load();
    else draw();
  }, REFRESH_MS);

  function draw() {
    if (!job) return put(view, h("h1", t("job")), h("p.card.empty", { role: "alert" }, missing || t("loading")));
    document.title = `${t(job.status)} · ${t(job.type)} · Enrichment`;
    const ended = job.result && source;
    put(view, heading(), progress(), h("div.columns",
      h("div", job.type === BULK && bulk(job), timeline(history), children?.jobs.length > 0 && h("div.card", table(children.jobs, { named: true })), ended && changes(job.result, source)),
      h("aside", documents(), review(), facts(), notes())),
    h("details.card.raw", { "data-key": "raw" }, h("summary", t("raw")), h("pre", { tabindex: 0 }, JSON.stringify(job, null, 2))));
  }

  const heading = () => h("div.heading", h("div", h("h1", t(job.type), " ", state(job.status)),
    h("p", h("code", id),
      job.candidateId && h("span", t("candidateId"), " ", h("bdi", job.candidateId)),
      job.parentId && h("a", { href: `/jobs/${job.parentId}` }, t("parentId"), " ", short(job.parentId)),
      job.reusedFrom && h("a", { href: `/jobs/${job.reusedFrom}` }, t("reusedFrom"), " ", short(job.reusedFrom)))),
  h("div.acts", temporal && h("a.button", { rel: "noreferrer", href: `${temporal}/workflows/enrich-${id}.${job.run}` }, t("inTemporal")),
    job.links.retry && h("button.primary", { "data-do": "retry" }, t(job.type === BULK ? "retryRest" : "retry")),
    job.links.continue && h("button.primary", { "data-do": "continue" }, t("continue")),
    job.links.cancel && h("button.danger", { "data-do": "cancel" }, t("cancel"))));

  function progress() {
    const { percentage, message, degraded } = job.progress;
    const wrong = job.errorCode && job.status !== "completed";
    return h(`div.card.now.${job.status}`,
      h("p.big", h("b", share(percentage / 100)), h("span", job.waiting ? why(job.waiting) : message), degraded && h("small", { title: t("degradedWhy") }, t("degraded"))), bar(job),
      wrong && h("p.error", h("code", job.errorCode), " ", h("bdi", job.error)), job.status === "cancelled" && job.error && h("p", h("bdi", job.error)));
  }

  // In one sentence, in the reader’s language and time.
  function why({ reason, until: then, position, slots }) {
    return t(`why_${reason}`, { t: then && until(then), code: job.errorCode, n: position, slots });
  }

  function facts() {
    const { usage } = job, took = job.startedAt && seconds(job.startedAt, job.completedAt ?? Date.now());
    const cost = usage && (usage.costUsd === null ? t("unknown") : usage.costUsd ? money(usage.costUsd) : t("none"));
    const rows = [["priority", `${t(band(job.queue))} · ${job.priority}`], ["submitted", instant(job.createdAt)], ["runAt", job.runAt && instant(job.runAt)],
      ["took", took > 0 && duration(took)], ["maxRetries", `${job.retryCount} / ${job.maxRetries}`],
      ["model", [...new Set([job.provider, job.model])].filter(Boolean).join(" · ")],
      ["tokens", usage?.inputTokens > 0 && `${number(usage.inputTokens)} + ${number(usage.outputTokens)}`], ["cost", cost]];
    return h("section", h("h2", t("facts")), h("dl.card.figures", rows.filter(([, value]) => value).map(([word, value]) => h("div", h("dt", t(word)), h("dd", value)))));
  }

  const documents = () => job.links.document && h("section", h("h2", t("document")), h("div.acts",
    FORMATS.map((format) => h("a.button", { href: jobPath(id, `/document?format=${format}`), download: "" }, format.toUpperCase()))));

  const review = () => job.review && h("section", h("h2", t("review"), h("span", t(job.review.status))),
    job.links.review && h("div.acts", h("button.primary", { "data-do": "approve" }, t("approve")), h("button.danger", { "data-do": "reject" }, t("reject"))));

  const notes = () => job.result?.warnings?.length > 0 && h("section", h("h2", t("warnings")),
    h("ul.card", job.result.warnings.map(({ message, pointer }) => h("li", h("bdi", message), " ", h("code", pointer)))));

  async function act(path, body) {
    await post(jobPath(id, path), body);
    await load();
  }

  draw();
  load();
  return {
    title: t("job"),
    stop: () => { stopped = true; live?.close(); clearInterval(looking); },
    acts: {
      approve: () => act("/review", { decision: "approve" }),
      reject: () => act("/review", { decision: "reject" }),
      async cancel() {
        if (job.type !== BULK || (await confirm(t("cancelBulk"), t("cannotUndo"), t("goOn")))) await act("/cancel");
      },
      continue: () => act("/continue"),
      retry() { source = null; return act("/retry"); },
    },
  };
}
