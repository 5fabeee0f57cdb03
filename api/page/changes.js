// What an enrichment says, statement by statement, and the places of the source that carry it.
import { h } from "./dom.js";
import { share, t } from "./i18n.js";

// The statements of a result, with where they stand: `{path, value, kind, evidence}`.
export function statements(node, path = []) {
  if (Array.isArray(node)) return node.flatMap((item, at) => statements(item, [...path, at + 1]));
  if (node === null || typeof node !== "object") return [];
  if (Array.isArray(node.evidence) && "kind" in node) return [{ ...node, path }];
  return Object.entries(node).flatMap(([name, inner]) => statements(inner, [...path, name]));
}

// The value that a JSON pointer (RFC 6901) points to; undefined where there is none.
export const at = (source, pointer) => pointer.split("/").slice(1)
  .reduce((node, key) => node?.[key.replaceAll("~1", "/").replaceAll("~0", "~")], source);

export function words(value) {
  if (value === null || value === undefined) return "–";
  if (Array.isArray(value)) return value.map(words).join(", ");
  if (typeof value !== "object") return String(value);
  if ("raw" in value && value.raw !== null) return String(value.raw);
  return Object.entries(value).map(([name, inner]) => `${name}: ${words(inner)}`).join(", ");
}

// The source's text with what the statement took from it marked.
function marked(text, value) {
  const begin = value ? text.toLowerCase().indexOf(value.toLowerCase()) : -1;
  if (begin < 0) return h("mark", { class: "whole" }, text);
  return [text.slice(0, begin), h("mark", {}, text.slice(begin, begin + value.length)), text.slice(begin + value.length)];
}

const label = (path) => path.map((part) => (typeof part === "number" ? part : part.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`))).join(" › ");
const SHOWN = 6;

function row({ path, value, kind, evidence }, source) {
  const after = words(value);
  return h("tr", {}, h("th", { scope: "row" }, label(path), h("small", {}, t(kind))),
    h("td", { "data-label": t("before") }, evidence.slice(0, SHOWN).map((pointer) =>
      h("p", { title: pointer }, h("bdi", {}, marked(words(at(source, pointer)), after)))), evidence.length > SHOWN && h("p", { class: "quiet" }, `+ ${evidence.length - SHOWN}`)),
    h("td", { "data-label": t("after"), class: "after" }, h("bdi", {}, after)));
}

export function changes(result, source) {
  const found = statements(result);
  const same = found.filter(({ kind, value, evidence }) => kind === "copied" && evidence.length === 1 && words(at(source, evidence[0])) === words(value));
  const changed = found.filter((one) => !same.includes(one));
  const table = (rows) => h("table", { class: "changes" }, h("thead", {}, h("tr", {}, h("td", {}), h("th", { scope: "col" }, t("before")), h("th", { scope: "col" }, t("after")))),
    h("tbody", {}, rows.map((one) => row(one, source))));
  return h("section", {}, h("h2", {}, t("changes"), faithfulness(result)),
    h("div", { class: "card" }, table(changed), same.length > 0 && h("details", {}, h("summary", {}, t("unchanged", { n: same.length })), table(same))));
}

function faithfulness({ faithfulness: found }) {
  if (!found) return "";
  const wrong = found.violations?.length ?? 0;
  return h("span", { class: "quiet" }, `${share(found.score)} ${t("faithful")} · ${t("checked", { n: found.checkedFacts })}`,
    wrong > 0 && h("strong", { class: "badge failed" }, t("violations", { n: wrong })));
}
