// Shown when the API asks for a key. The browser forgets it at once: a cookie that no script reads stands for it.
import { call } from "./api.js";
import { h, put } from "./dom.js";
import { t } from "./i18n.js";

export function show(view, { go }) {
  view.classList.add("signin");
  put(view, h("form", { class: "card", "data-do": "signIn", "data-on": "submit" }, h("h1", {}, t("signIn")),
    h("label", {}, t("key"), h("input", { type: "password", name: "key", required: true, autocomplete: "current-password", "aria-describedby": "hint" })),
    h("p", { id: "hint", class: "quiet" }, t("keyHint")), h("button", { class: "primary" }, t("signIn"))));
  view.querySelector("input").focus();
  return {
    title: t("signIn"),
    acts: {
      async signIn(form) {
        await call("POST", "/session", { key: form.elements.key.value.trim() });
        go(location.pathname + location.search, { replace: true });
      },
    },
  };
}
