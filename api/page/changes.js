// What an enrichment says of a candidate, thing by thing, beside the places of the source that carry it.
import { h } from "./dom.js";
import { share, t } from "./i18n.js";

const NAMES = ["name", "title", "institution", "language", "written", "client"];
const BLOCKS = 10, EXCERPTS = 4;

const isStatement = (node) => Array.isArray(node?.evidence) && "kind" in node;
const isObject = (node) => node !== null && typeof node === "object";

// The value that a JSON pointer (RFC 6901) points to; undefined where there is none.
const at = (source, pointer) => pointer.split("/").slice(1)
  .reduce((node, key) => node?.[key.replaceAll("~1", "/").replaceAll("~0", "~")], source);

function words(value) {
  if (value == null) return "–";
  if (Array.isArray(value)) return value.map(words).join(", ");
  if (!isObject(value)) return String(value);
  if ("raw" in value) return value.year ? [value.year, value.month, value.day].filter(Boolean).map((part) => String(part).padStart(2, "0")).join("-") : String(value.raw);
  return Object.values(value).filter((inner) => inner !== null).map(words).join(" · ");
}

const label = (name) => String(name).replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
const place = (pointer) => pointer.split("/").slice(1).map((part) => (/^\d+$/.test(part) ? Number(part) + 1 : label(part))).join(" ");

// Blocks of statements: those that stand in one object belong together, such as a skill's name, level and months.
function blocks(node, title, found = []) {
  const fields = [];
  if (isStatement(node)) fields.push(["", node]);
  else if (isObject(node))
    for (const [name, inner] of Object.entries(node)) {
      if (isStatement(inner)) fields.push([Array.isArray(node) ? "" : label(name), inner]);
      else if (Array.isArray(inner) && inner.some(isStatement)) for (const one of inner) fields.push([label(name), one]);
    }
  const own = fields.find(([name]) => NAMES.includes(name));
  if (fields.length) found.push({ title: own ? words(own[1].value) : title, fields });
  if (isObject(node) && !isStatement(node))
    for (const [name, inner] of Object.entries(node))
      if (isObject(inner) && !isStatement(inner) && !(Array.isArray(inner) && inner.some(isStatement)))
        blocks(inner, Array.isArray(node) ? node.label ?? title : label(name), found);
  return found;
}

// The source's text with what the statements took from it marked.
function marked(text, values) {
  const lower = text.toLowerCase();
  const value = values.filter((one) => one.length > 1 && lower.includes(one.toLowerCase())).sort((a, b) => b.length - a.length)[0];
  if (!value) return text;
  const begin = lower.indexOf(value.toLowerCase()), end = begin + value.length;
  return [text.slice(0, begin), h("mark", text.slice(begin, end)), text.slice(end)];
}

function row({ title, fields }, source) {
  const values = [title, ...fields.map(([, { value }]) => words(value))];
  const evidence = [...new Set(fields.flatMap(([, statement]) => statement.evidence))].filter(Boolean);
  const excerpt = (pointer) => h("li", h("small", place(pointer)), h("bdi", marked(words(at(source, pointer)), values)));
  const rest = evidence.slice(EXCERPTS);
  return h("tr", h("th", { scope: "row" }, h("bdi", title)),
    h("td", h("ul", evidence.slice(0, EXCERPTS).map(excerpt)), rest.length > 0 && h("details", h("summary", t("more", { n: rest.length })), h("ul", rest.map(excerpt)))),
    h("td", h("dl", [...Map.groupBy(fields, ([name, { kind }]) => `${name}|${kind}`).values()].map((alike) => {
      const [[name, { kind, rule }]] = alike, said = alike.map(([, { value }]) => words(value));
      return h("div", h("dt", name), h("dd", h("small", { title: rule?.replaceAll("_", " ") }, t(kind)), said.join("").length < 90 ? h("bdi", said.join(", ")) : said.map((one) => h("p", h("bdi", one)))));
    }))));
}

export function changes(result, source) {
  let same = 0;
  const isSame = ([, { kind, value, evidence }]) =>
    kind === "copied" && evidence.length === 1 && words(at(source, evidence[0])) === words(value) && ++same;
  const table = (rows) => h("table.changes", h("thead", h("tr", h("td"), h("th", t("before")), h("th", t("after")))), h("tbody", rows.map((each) => row(each, source))));
  const sections = Object.entries(result).map(([name, node]) => {
    const found = blocks(node, "").map((block) => ({ ...block, fields: block.fields.filter((field) => !isSame(field)) })).filter((block) => block.fields.length);
    if (!found.length) return "";
    const rest = found.slice(BLOCKS);
    return h("section.card", h("h3", label(name), h("small", found.length)), table(found.slice(0, BLOCKS)), rest.length > 0 && h("details", h("summary", t("more", { n: rest.length })), table(rest)));
  });
  return h("section", h("h2", t("changes"), faithfulness(result.faithfulness)), sections,
    same > 0 && h("p.quiet", t("unchanged", { n: same })));
}

function faithfulness(found) {
  if (!found) return "";
  const wrong = found.violations?.length ?? 0;
  return h("span", t("faithful", { share: share(found.score), n: found.checkedFacts }), " ", wrong > 0 && h("strong.badge.failed", t("violations", { n: wrong })));
}
