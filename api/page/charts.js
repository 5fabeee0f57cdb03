// Small charts as SVG. Each has its numbers in words, for those who do not see it.
import { h, s } from "./dom.js";
import { clock, number, t } from "./i18n.js";

const MINUTES = 60;
const KINDS = ["completed", "cancelled", "failed"];
const ended = (minute) => KINDS.reduce((sum, kind) => sum + (minute?.[kind] ?? 0), 0);

// The last hour minute by minute; `minutes` leaves out those in which nothing ended.
export function hour(minutes, at) {
  const now = Math.floor(new Date(at) / 60_000), found = Array(MINUTES).fill(undefined);
  for (const minute of minutes ?? []) {
    const ago = now - Math.floor(new Date(minute.minute) / 60_000);
    if (ago >= 0 && ago < MINUTES) found[MINUTES - 1 - ago] = minute;
  }
  return found;
}

export function sparkline(values) {
  const most = Math.max(...values, 1), step = 240 / (values.length - 1);
  const points = values.map((value, at) => `${(at * step).toFixed(1)},${(39 - (value / most) * 35).toFixed(1)}`).join(" ");
  const n = values.reduce((total, value) => total + value, 0);
  return s("svg", { class: "spark", viewBox: "0 0 240 40", preserveAspectRatio: "none", role: "img", "aria-label": t("endedLastHour", { n }) },
    s("polygon", { points: `0,40 ${points} 240,40` }), s("polyline", { points }));
}

// Running jobs against slots: a cell per slot as long as they can be counted at a glance.
export function gauge(running, slots) {
  const cells = slots > 0 && slots <= 12
    ? Array.from({ length: slots }, (_, at) => h("i", at < running && h("b")))
    : h("i", h("b", { style: { width: `${slots ? Math.min(100, (100 * running) / slots) : 0}%` } }));
  return h("div.gauge", { role: "img", "aria-label": t("runningOf", { n: running, slots }) }, cells);
}

// The next number of the form 1, 2 or 5 times a power of ten: an axis that one can read.
function round(most) {
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 5, 10].find((step) => step * power >= most) * power;
}

export function throughput(minutes, at) {
  const values = hour(minutes, at), top = round(Math.max(2, ...values.map(ended)));
  const total = values.reduce((sum, minute) => sum + ended(minute), 0);
  const bars = values.map((minute, index) => {
    if (!minute) return null;
    const kinds = KINDS.filter((kind) => minute[kind]), told = kinds.map((kind) => `${number(minute[kind])} ${t(kind)}`);
    let y = 100;
    return s("g", s("title", [clock(minute.minute), ...told].join(" · ")),
      kinds.map((kind) => {
        const height = (minute[kind] / top) * 100;
        y -= height;
        return s("rect", { class: kind, x: index * 10 + 1, y: y.toFixed(2), width: 8, height: height.toFixed(2) });
      }));
  });
  return h("figure.plot",
    h("div.scale", { "aria-hidden": "true" }, [top, top / 2, 0].map((value) => h("span", number(value)))),
    s("svg", { viewBox: "0 0 600 100", preserveAspectRatio: "none", role: "img", "aria-label": t("endedLastHour", { n: total }) },
      s("path", { d: "M0 .5H600M0 50H600" }), bars),
    h("figcaption", h("span", t("anHourAgo")), KINDS.map((kind) => h(`span.state.${kind}`, t(kind))), h("span", t("now"))));
}
