// A new job: paste or drop a JSON Résumé, say what for, submit, and follow it.
import { post } from "./api.js";
import { h, put } from "./dom.js";
import { lang, t } from "./i18n.js";
import { BANDS, BULK, TYPES } from "./jobrow.js";

const EXAMPLE = {
  basics: { name: "Maren Oddvik", label: "Backend developer" },
  work: [{ name: "Fjordkraft", position: "Developer", startDate: "2021-03", highlights: ["Moved 40 services to Python 3.11"] }],
  skills: [{ name: "Python" }, { name: "postgres" }, { name: "k8s" }],
};

export function show(view, { go }) {
  const choice = (name, values, chosen) => h("label", t(name), h("select", { name }, values.map((value) => h("option", { value, selected: value === chosen }, t(value)))));
  const field = (name, props) => h("label", t(name), h("input", { name, ...props }));
  put(view, h("h1", t("newJob")), h("form.columns", { "data-do": "submit" },
    h("div.card", h("label", t("source"), h("textarea", { name: "source", required: true, spellcheck: "false", placeholder: t("dropHere") })),
      h("p.acts", h("label.button", t("openFile"), h("input.hidden", { type: "file", accept: ".json", "data-do": "open" })),
        h("button", { type: "button", "data-do": "example" }, t("useExample")))),
    h("div.card.options", choice("type", TYPES.slice(0, 4)), choice("priority", BANDS, "normal"), choice("locale", ["en", "fr"], lang),
      field("candidateId", { maxlength: 200, autocomplete: "off" }),
      h("details", h("summary", t("options")), field("runAt", { type: "datetime-local" }), field("asOf", { type: "date" }), field("maxRetries", { type: "number", min: 0, max: 20, placeholder: t("bandDefault") })),
      h("button.primary", t("submit")))));
  const area = view.querySelector("textarea");
  const read = async (file) => { if (file) area.value = await file.text(); };
  area.addEventListener("dragover", (event) => event.preventDefault());
  area.addEventListener("drop", (event) => { event.preventDefault(); read(event.dataTransfer.files[0]); });
  return {
    title: t("newJob"),
    acts: {
      open: (input) => read(input.files[0]),
      example() { area.value = JSON.stringify(EXAMPLE, null, 2); },
      async submit({ elements }) { go(`/jobs/${(await post("/api/enrichment", wish(elements))).jobId}`); },
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
  const many = Array.isArray(candidate), own = candidateId.value.trim();
  return {
    type: many ? BULK : type.value, priority: priority.value, [many ? "candidates" : "candidateData"]: candidate,
    ...(!many && own && { candidateId: own }),
    ...(maxRetries.value && { maxRetries: Number(maxRetries.value) }),
    ...(runAt.value && { runAt: new Date(runAt.value).toISOString() }),
    options: { locale: locale.value, ...(asOf.value && { asOf: asOf.value }), ...(many && { type: type.value }) },
  };
}
