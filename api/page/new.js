// A new job: paste or drop a JSON Résumé, say what for, submit, and follow it.
import { post } from "./api.js";
import { h, put } from "./dom.js";
import { t } from "./i18n.js";
import { BANDS, TYPES } from "./jobrow.js";

const BULK = "bulk_candidate_enrichment";
const EXAMPLE = {
  basics: { name: "Maren Oddvik", label: "Backend developer", summary: "Builds services that stay up." },
  work: [{ name: "Fjordkraft Data", position: "Backend developer", startDate: "2021-03", highlights: ["Moved 40 services to Python 3.11", "Cut response times from 800 to 120 ms"] }],
  skills: [{ name: "Python" }, { name: "postgres" }, { name: "k8s" }],
};

export function show(view, { go }) {
  const choice = (name, values, chosen) => h("label", {}, t(name), h("select", { name }, values.map((value) => h("option", { value, selected: value === chosen }, t(value)))));
  const field = (name, props) => h("label", {}, t(name), h("input", { name, ...props }));
  view.classList.add("new");
  put(view, h("h1", {}, t("newJob")), h("form", { "data-do": "submit", "data-on": "submit" },
    h("div", { class: "card source" }, h("label", {}, t("resume2"), h("textarea", { name: "source", rows: 18, required: true, spellcheck: "false", placeholder: t("dropHere") })),
      h("p", { class: "acts" }, h("label", { class: "button" }, t("openFile"), h("input", { type: "file", class: "hidden", accept: ".json,application/json", "data-do": "open", "data-on": "change" })),
        h("button", { type: "button", "data-do": "example" }, t("examples")))),
    h("div", { class: "card options" }, choice("type", TYPES.slice(0, 4), TYPES[0]), choice("priority", BANDS, "normal"), field("candidateId", { maxlength: 200, autocomplete: "off" }),
      h("label", {}, t("locale"), h("select", { name: "locale" }, ["en", "fr"].map((value) => h("option", { value, selected: value === document.documentElement.lang }, value)))),
      field("maxRetries", { type: "number", min: 0, max: 20, placeholder: t("bandDefault") }), field("asOf", { type: "date" }), field("runAt", { type: "datetime-local" }),
      h("button", { class: "primary" }, t("submit")))));
  const area = view.querySelector("textarea");
  const fill = async (file) => { area.value = await file.text(); };
  area.addEventListener("dragover", (event) => { event.preventDefault(); area.classList.add("over"); });
  area.addEventListener("dragleave", () => area.classList.remove("over"));
  area.addEventListener("drop", (event) => {
    area.classList.remove("over");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    fill(event.dataTransfer.files[0]);
  });
  return {
    title: t("newJob"),
    acts: {
      open: (input) => input.files[0] && fill(input.files[0]),
      example() { area.value = JSON.stringify(EXAMPLE, null, 2); },
      async submit(form) {
        const accepted = await post("/api/enrichment", wish(form.elements));
        go(`/jobs/${accepted.jobId}`);
      },
    },
  };
}

// What the form says, as the API reads it. A list of candidates is a bulk.
function wish({ source, type, priority, candidateId, locale, maxRetries, asOf, runAt }) {
  let candidate;
  try {
    candidate = JSON.parse(source.value);
  } catch (error) {
    throw new Error(t("notJson", { why: error.message }));
  }
  if (candidate === null || typeof candidate !== "object") throw new Error(t("needsObject"));
  const many = Array.isArray(candidate);
  return {
    type: many ? BULK : type.value, priority: priority.value,
    ...(many ? { candidates: candidate } : { candidateData: candidate }),
    ...(!many && candidateId.value.trim() && { candidateId: candidateId.value.trim() }),
    ...(maxRetries.value && { maxRetries: Number(maxRetries.value) }),
    ...(runAt.value && { runAt: new Date(runAt.value).toISOString() }),
    options: { locale: locale.value, ...(asOf.value && { asOf: asOf.value }), ...(many && { type: type.value }) },
  };
}
