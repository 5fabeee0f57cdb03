// What the operators look at all day: the queues, the last hour, what fails, what came last.
import { post } from "./api.js";
import { gauge, hour, sparkline, throughput } from "./charts.js";
import { h, put } from "./dom.js";
import { age, duration, instant, number, share, t } from "./i18n.js";
import { BANDS, none, short, table } from "./jobrow.js";
import { Live } from "./live.js";

export function show(view, { note }) {
  const facts = {};
  const draw = () => put(view, h("h1.hidden", t("overview")), facts.at ? page(facts) : h("p.quiet", t("loading")));
  const live = new Live("/api/queue/events", ["overview"], (_, parts) => { Object.assign(facts, parts); draw(); });
  const ticking = setInterval(() => document.hidden || draw(), 5000);
  draw();
  return {
    title: t("overview"),
    stop: () => { live.close(); clearInterval(ticking); },
    acts: {
      async pause({ dataset: { queue, to } }) {
        facts.queues[queue].pausedAt = (await post(`/api/queue/${queue}/${to}`)).pausedAt;
        note(t(`${to}d_now`, { queue: t(queue) }));
        draw();
      },
    },
  };
}

const page = (facts) => [
  health(facts),
  h("section.queues", { "aria-label": t("queues") }, BANDS.map((band) => queue(band, facts))),
  h("section", h("h2", t("lastHour")), h("div.card.hour", throughput(facts.throughput, facts.at), figures(facts))),
  facts.errors?.length > 0 && h("section", h("h2", t("errors")), h("div.card", errors(facts.errors))),
  h("section", h("h2", t("recent"), h("a", { href: "/jobs" }, t("all"))),
    h("div.card", facts.jobs?.length ? table(facts.jobs) : h("p.empty", facts.jobs ? none() : t("gone")))),
];

// Calm as long as all is well; a badge only for what is wrong.
function health({ health: found, queues, stats }) {
  const parts = ["database", "temporal", "redis"].map((part) =>
    found[part] === "up" ? h("span.state.completed", t(part)) : h("strong.badge.failed", t("isDown", { part: t(part) })));
  const paused = BANDS.filter((band) => queues?.[band].pausedAt);
  return h("p.health", { role: "status" }, parts,
    workers("span.state.completed", found.workers),
    paused[0] && h("strong.badge.pending", t("paused"), ": ", paused.map((band) => t(band)).join(", ")),
    h("span.end", stats && t("stored", { n: stats.total })));
}

// null: nobody can count them.
const workers = (tag, n) => n ? h(tag, t(n === 1 ? "worker" : "workers", { n })) : n === 0 && h("strong.badge.failed", t("noWorker"));

function queue(band, { queues, throughput: minutes, at }) {
  const load = queues?.[band];
  if (!load) return h("article.card.queue", h("h3", t(band)), h("p.quiet", t("gone")));
  const act = load.pausedAt ? "resume" : "pause";
  const waits = load.oldestPendingAt ? t("oldest", { t: age(load.oldestPendingAt) }) : "";
  return h(`article.card.queue${load.pausedAt ? ".paused" : ""}`, { "data-key": band },
    h("header", h("h3", h("a", { href: `/jobs?priority=${band}` }, t(band))),
      load.pausedAt && h("strong.badge.pending", { title: instant(load.pausedAt) }, t("paused")),
      h("button", { "data-do": "pause", "data-queue": band, "data-to": act, "aria-label": `${t(act)} ${t(band)}` }, t(act))),
    h("p.big", h("b", number(load.pending)), t("waiting"), h("span.end", waits)),
    gauge(load.running, load.slots),
    h("p.facts", h("span", t("runningOf", { n: load.running, slots: load.slots })),
      workers("span", load.workers)),
    sparkline(hour(minutes, at).map((minute) => minute?.queues[band] ?? 0)));
}

function figures({ stats, throughput: minutes }) {
  if (!stats) return h("p.quiet", t("gone"));
  const { p50Seconds, p95Seconds, p99Seconds } = stats.processingTime;
  const sum = (kind) => (minutes ?? []).reduce((total, minute) => total + minute[kind], 0);
  const done = sum("completed"), failed = sum("failed");
  const rows = [["success", done + failed ? share(done / (done + failed)) : "–"], ["ended", number(done + failed + sum("cancelled"))],
    ...[["median", p50Seconds], ["p95", p95Seconds], ["p99", p99Seconds]].map(([word, value]) => [word, value === null ? "–" : duration(value)])];
  return h("dl.figures", rows.map(([word, value]) => h("div", h("dt", t(word)), h("dd", value))));
}

const errors = (groups) => h("table", h("thead", h("tr", ["errorCode", "count", "lastSeen", "example"].map((word) => h("th", { class: word }, t(word))))),
  h("tbody", groups.map((group) => h("tr", { "data-key": group.code },
    h("td", h("a", { href: `/jobs?status=failed&errorCode=${group.code}` }, h("code", group.code))),
    h("td.count", number(group.count)),
    h("td.lastSeen", group.lastSeenAt && h("time", { title: instant(group.lastSeenAt) }, t("ago", { t: age(group.lastSeenAt) }))),
    h("td.example", group.exampleJobId && h("a", { href: `/jobs/${group.exampleJobId}` }, h("code", short(group.exampleJobId))))))));
