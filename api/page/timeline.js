// What happened to a job, in its order, and how long each part took.
import { h } from "./dom.js";
import { duration, instant, t } from "./i18n.js";

function told({ fromStatus, toStatus, reason }) {
  if (toStatus === "pending") return [fromStatus ? "retried" : "queued", "pending"];
  if (toStatus !== "in_progress") return [toStatus, toStatus];
  if (fromStatus === "pending") return ["began", "in_progress"];
  return reason ? ["attemptFailed", "failed"] : ["attemptBegan", "in_progress"];
}

export function timeline(events, job) {
  const ends = new Date(job.completedAt ?? Date.now());
  return h("section", {}, h("h2", {}, t("timeline")), h("ol", { class: "card timeline" }, events.map((event, index) => {
    const [word, state] = told(event), next = events[index + 1];
    const seconds = ((next ? new Date(next.at) : ends) - new Date(event.at)) / 1000;
    const lasts = next || !job.completedAt;
    return h("li", { class: state }, h("b", {}, t(word)), event.reason && word !== "retried" && h("code", {}, event.reason), event.run > 1 && word === "retried" && h("small", {}, t("run", { n: event.run })),
      h("time", { datetime: event.at }, instant(event.at)), lasts && seconds > 0 && h("span", { class: "n" }, duration(seconds)));
  })));
}
