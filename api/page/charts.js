// Small charts as SVG. Each has its numbers in words, for those who do not see it.
import { h, s } from "./dom.js";
import { clock, number, t } from "./i18n.js";

const MINUTES = 60;

// The last hour minute by minute, from minutes in which something ended; `read` takes what counts from one.
export function hour(minutes, at, read) {
  const now = Math.floor(new Date(at) / 60_000);
  const values = Array.from({ length: MINUTES }, () => read(undefined));
  for (const minute of minutes ?? []) {
    const ago = now - Math.floor(new Date(minute.minute) / 60_000);
    if (ago >= 0 && ago < MINUTES) values[MINUTES - 1 - ago] = read(minute);
  }
  return values;
}

export function sparkline(values) {
  const most = Math.max(...values, 1), step = 240 / (values.length - 1);
  const points = values.map((value, at) => `${(at * step).toFixed(1)},${(39 - (value / most) * 35).toFixed(1)}`).join(" ");
  const sum = values.reduce((total, value) => total + value, 0);
  return s("svg", { class: "spark", viewBox: "0 0 240 40", preserveAspectRatio: "none", role: "img", "aria-label": t("endedLastHour", { n: sum }) },
    s("polygon", { points: `0,40 ${points} 240,40` }), s("polyline", { points, "vector-effect": "non-scaling-stroke" }));
}

// Running jobs against slots: a cell per slot as long as they can be counted at a glance.
export function gauge(running, slots) {
  const label = t("runningOf", { n: running, slots });
  if (slots > 0 && slots <= 12)
    return h("div", { class: "gauge", role: "img", "aria-label": label },
      Array.from({ length: slots }, (_, at) => h("i", { class: at < running ? "on" : null })));
  const share = slots ? Math.min(100, (100 * running) / slots) : 0;
  return h("div", { class: "gauge", role: "img", "aria-label": label }, h("i", {}, h("b", { style: { width: `${share}%` } })));
}

const KINDS = ["completed", "cancelled", "failed"];

export function throughput(minutes, at) {
  const values = hour(minutes, at, (minute) => minute ?? { completed: 0, failed: 0, cancelled: 0 });
  const most = Math.max(...values.map((minute) => minute.completed + minute.failed + minute.cancelled), 1);
  const bars = values.map((minute, index) => {
    let top = 100;
    return s("g", {}, KINDS.filter((kind) => minute[kind]).map((kind) => {
      const height = (minute[kind] / most) * 96;
      top -= height;
      return s("rect", { class: kind, x: index * 10 + 1.5, y: top.toFixed(2), width: 7, height: height.toFixed(2), rx: 1 },
        s("title", {}, `${clock(minute.minute)} · ${number(minute[kind])} ${t(kind)}`));
    }));
  });
  const total = values.reduce((sum, minute) => sum + minute.completed + minute.failed + minute.cancelled, 0);
  return h("figure", { class: "plot" },
    h("div", { class: "scale", "aria-hidden": "true" }, h("span", {}, number(most)), h("span", {}, "0")),
    s("svg", { viewBox: "0 0 600 100", preserveAspectRatio: "none", role: "img", "aria-label": t("endedLastHour", { n: total }) }, bars),
    h("figcaption", {}, h("span", {}, t("anHourAgo")), h("span", { class: "legend" }, KINDS.map((kind) => h("span", { class: kind }, t(kind)))), h("span", {}, t("now"))));
}
