// Shown when the API asks for a key. The browser forgets it at once: a cookie that no script reads stands for it.
import { call } from "./api.js";
import { h, put } from "./dom.js";
import { t } from "./i18n.js";

export function show(view, { enter }) {
  put(view, h("form.card.signin", { "data-do": "signIn" }, h("h1", t("signIn")),
    h("label", t("key"), h("input", { type: "password", name: "key", required: true, autocomplete: "current-password" })),
    h("p.quiet", t("keyHint"), " ", h("code", "enrich keys create")), h("button.primary", t("signIn"))));
  view.querySelector("input").focus();
  return {
    title: t("signIn"),
    acts: {
      async signIn({ elements }) {
        await call("POST", "/session", { key: elements.key.value.trim() });
        enter();
      },
    },
  };
}
