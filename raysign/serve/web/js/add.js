/* The owner puts a recording into the dictionary. */
import { get, post } from "./api.js";
import { attempt, tell } from "./announce.js";
import { say } from "./texts.js";

const SUGGESTED = 20;

export class AddForm {
  constructor(root, takes, sign, onAdded) {
    const form = root.querySelector("form");
    Object.assign(this, { root, form, takes });
    form.elements.sign.value = sign;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (!(await this.add())) return;
      onAdded();
      tell(this.added);
    });
    form.elements.sign.addEventListener("input", () => this.suggest());
  }

  /* `open` where adding is what the person came for. */
  show(on, open) {
    this.root.hidden = !on;
    if (open) this.root.open = true;
  }

  /* Signs that there are already, so that one word is not written in two ways. */
  async suggest() {
    const { value } = this.form.elements.sign;
    const { signs } = await get("signs", { find: value, limit: SUGGESTED }).catch(() => ({ signs: [] }));
    if (value !== this.form.elements.sign.value) return;
    document.getElementById("known").replaceChildren(...signs.map(({ sign }) => new Option("", sign)));
  }

  /* Every recording becomes an exemplar, of the part that is chosen. */
  async add() {
    const [sign, signer] = ["sign", "signer"].map((name) => this.form.elements[name].value.trim());
    if (!sign) return false;
    const parts = this.takes.parts();
    const added = await attempt(async () => {
      for (const take of parts) await post("clips", { take, sign, signer });
      return true;
    });
    if (!added) return false;
    this.takes.clear();
    this.added = say("add.done", { sign, count: parts.length });
    return true;
  }
}
