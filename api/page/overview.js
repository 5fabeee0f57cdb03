// What the operators look at all day: the queues, the last hour, what fails, what came last.
import { post } from "./api.js";
import { gauge, hour, sparkline, throughput } from "./charts.js";
import { h, put } from "./dom.js";
import { age, duration, instant, number, share, t } from "./i18n.js";
import { BANDS, short, table } from "./jobrow.js";
import { Live } from "./live.js";

export function show(view, { note }) {
  const facts = {};
  const draw = () => put(view, h("h1", { class: "hidden" }, t("overview")), page(facts));
  const live = new Live("/api/queue/events", ["overview"], (_, parts) => { Object.assign(facts, parts); draw(); });
  const ticking = setInterval(() => facts.at && !document.hidden && draw(), 10_000);
  view.classList.add("overview");
  draw();
  return {
    title: t("overview"),
    stop: () => { live.close(); clearInterval(ticking); },
    acts: {
      async pause({ dataset: { queue, to } }) {
        const answer = await post(`/api/queue/${queue}/${to}`);
        facts.queues[queue].pausedAt = answer.pausedAt;
        note(`${t(queue)}: ${t(answer.pausedAt ? "paused" : "resume")}`);
        draw();
      },
    },
  };
}

function page(facts) {
  if (!facts.at) return h("p", { class: "quiet" }, t("loading"));
  return [
    trouble(facts),
    h("section", { "aria-label": t("queues") }, h("div", { class: "queues" }, BANDS.map((band) => queue(band, facts)))),
    h("section", { class: "hour" }, h("h2", {}, t("lastHour")), h("div", { class: "card split" }, throughput(facts.throughput, facts.at), figures(facts))),
    facts.errors?.length ? h("section", {}, h("h2", {}, t("errors")), h("div", { class: "card" }, errors(facts.errors))) : "",
    h("section", {}, h("h2", {}, t("recent"), h("a", { href: "/jobs" }, t("all"))),
      h("div", { class: "card" }, facts.jobs?.length ? table(facts.jobs) : h("p", { class: "quiet" }, facts.jobs ? h("a", { href: "/new" }, t("noJobs")) : t("gone")))),
  ];
}

// A badge only when something is wrong.
function trouble({ health, temporalUi }) {
  const down = ["database", "temporal", "redis"].filter((part) => health[part] !== "up").map((part) => t("isDown", { part: t(part) }));
  if (!health.workers && health.database === "up") down.push(t("noWorker"));
  const workers = health.workers === 1 ? t("worker") : t("workers", { n: health.workers });
  return h("p", { class: "health", role: "status" },
    down.length ? down.map((words) => h("strong", { class: "badge failed" }, words)) : h("span", {}, `${t("allWell")} · ${workers}`),
    temporalUi && h("a", { href: temporalUi, rel: "noreferrer", "data-outside": "" }, "Temporal ↗"));
}

function queue(band, facts) {
  const load = facts.queues?.[band];
  if (!load) return h("article", { class: "card queue" }, h("h3", {}, t(band)), h("p", { class: "quiet" }, t("gone")));
  const paused = load.pausedAt;
  return h("article", { class: `card queue ${paused ? "paused" : ""}` },
    h("header", {}, h("h3", {}, h("a", { href: `/jobs?priority=${band}` }, t(band))),
      paused && h("strong", { class: "badge", title: instant(paused) }, t("paused")),
      h("button", { "data-do": "pause", "data-queue": band, "data-to": paused ? "resume" : "pause", "aria-label": `${t(paused ? "resume" : "pause")} ${t(band)}`, title: t(paused ? "resume" : "pause") }, paused ? "▶" : "❚❚")),
    h("p", { class: "big" }, h("b", {}, number(load.pending)), " ", t("waiting")),
    gauge(load.running, load.slots),
    h("p", { class: "facts" }, h("span", {}, `${load.running} / ${load.slots} ${t("running")}`),
      h("span", {}, load.workers ? (load.oldestPendingAt ? t("oldest", { t: age(load.oldestPendingAt, new Date(facts.at)) }) : t("nothingWaits")) : h("strong", { class: "badge failed" }, t("noWorker")))),
    sparkline(hour(facts.throughput, facts.at, (minute) => minute?.queues[band] ?? 0)));
}

function figures({ stats }) {
  if (!stats) return h("p", { class: "quiet" }, t("gone"));
  const { p50Seconds, p95Seconds, p99Seconds } = stats.processingTime;
  const rows = [[t("median"), p50Seconds], [t("p95"), p95Seconds], [t("p99"), p99Seconds]];
  return h("dl", { class: "figures" }, rows.map(([word, seconds]) => h("div", {}, h("dt", {}, word), h("dd", {}, seconds === null ? "–" : duration(seconds)))),
    h("div", {}, h("dt", {}, t("success")), h("dd", {}, stats.successRate === null ? "–" : share(stats.successRate))),
    h("div", {}, h("dt", {}, t("stored")), h("dd", {}, number(stats.total))));
}

const errors = (groups) => h("table", {}, h("thead", {}, h("tr", {}, ["code", "count", "lastSeen", "example"].map((word) => h("th", { scope: "col", class: word === "count" ? "n" : null }, t(word))))),
  h("tbody", {}, groups.map((group) => h("tr", { "data-key": group.code },
    h("td", {}, h("a", { href: `/jobs?errorCode=${group.code}` }, h("code", {}, group.code))),
    h("td", { class: "n" }, number(group.count)),
    h("td", {}, group.lastSeenAt && h("time", { title: instant(group.lastSeenAt) }, t("ago", { t: age(group.lastSeenAt) }))),
    h("td", {}, group.exampleJobId && h("a", { href: `/jobs/${group.exampleJobId}` }, h("code", {}, short(group.exampleJobId))))))));
