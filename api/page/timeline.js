// What happened to a job, run by run: how long it was queued, each attempt, and the waits between them.
import { h } from "./dom.js";
import { duration, instant, t } from "./i18n.js";
import { seconds } from "./jobrow.js";

// The step that an event begins: what it is called, how it ended, and the error that it is about.
function steps(events) {
  let attempt = 0;
  return events.map(({ fromStatus, toStatus, reason, at }, index) => {
    const next = events[index + 1], running = toStatus === "in_progress";
    if (toStatus === "pending") return { at, word: t("queued"), state: "pending" };
    if (!running) return { at, word: t(toStatus), state: toStatus, code: toStatus === "completed" ? "" : reason, ends: true };
    if (reason === "enriched") return { at, word: t("document"), state: "completed" };
    // A code: the sentence that an attempt was lost is of the next one, which begins here.
    if (reason && !reason.includes(" ")) return { at, word: t("waited"), state: "pending" };
    attempt += 1;
    const failed = next && (next.toStatus === "failed" || (next.toStatus === toStatus && next.reason && next.reason !== "enriched"));
    return { at, word: t("attempt", { n: attempt }), state: failed ? "failed" : next ? "completed" : toStatus, code: failed && next.toStatus !== "failed" ? next.reason : "" };
  });
}

export function timeline(events) {
  const runs = [...Map.groupBy(events, (event) => event.run)];
  return h("section", h("h2", t("timeline")), h("div.card.timeline", runs.map(([run, mine]) => {
    const made = steps(mine), begin = mine[0].at;
    const end = made.at(-1).ends ? made.at(-1).at : new Date(), whole = Math.max(seconds(begin, end), 0.001);
    return [runs.length > 1 && h("h3", t("run", { n: run })), h("ol", made.map((step, index) => {
      const took = step.ends ? 0 : seconds(step.at, made[index + 1]?.at ?? end);
      return h(`li.${step.state}`, { title: instant(step.at) }, h("span.state", step.word), h("code", step.code),
        h("span.track", h("i", { style: { left: `${(100 * seconds(begin, step.at)) / whole}%`, width: `${(100 * took) / whole}%` } })),
        step.ends ? h("time", instant(step.at)) : h("b", duration(took)));
    }))];
  })));
}
