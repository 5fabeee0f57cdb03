// Cancelling or running again many jobs: counted and confirmed before, then followed to its end.
import { JOBS, get, post } from "./api.js";
import { h } from "./dom.js";
import { number, t } from "./i18n.js";

const EVERY_MS = 500;

export class Acting {
  constructor({ note, confirm, draw, done }) {
    Object.assign(this, { note, confirm, draw, done });
  }

  // `wish` names the jobs by `ids` or by a `filter`. Answers whether it was begun.
  async begin(kind, wish) {
    const { matching, more } = await post(`${JOBS}/actions`, { action: kind, ...wish, dryRun: true });
    if (!matching) return this.note(t("nothingTo"));
    const n = more ? `> ${number(matching)}` : number(matching);
    if (!(await this.confirm(t(`${kind}Many`, { n }), kind === "cancel" ? t("cannotUndo") : "", t("goOn")))) return false;
    this.action = await post(`${JOBS}/actions`, { action: kind, ...wish });
    this.follow();
    return true;
  }

  async follow() {
    while (this.action && !this.action.endedAt) {
      this.draw();
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
      const { links } = this.action ?? {};
      const now = links && (await get(links.self).catch(() => this.action));
      this.action &&= now;
    }
    if (this.action) this.done();
  }

  forget() {
    this.action = null;
  }

  bar() {
    const { done, total, changed, endedAt } = this.action;
    return h("div.doing", { role: "status" }, h("progress", { max: Math.max(1, total), value: endedAt ? Math.max(1, total) : done, "aria-label": t("progress") }),
      h("span", endedAt ? t("acted", { n: changed, rest: done - changed }) : t("acting", { n: done, of: total })),
      endedAt && h("button", { "data-do": "forget" }, t("close")));
  }
}
