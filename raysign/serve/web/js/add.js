/* The owner puts a recording into the dictionary. */
import { get, post } from "./api.js";
import { attempt, tell } from "./announce.js";
import { say } from "./texts.js";

const SUGGESTED = 20;

const random = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(6)), (byte) => byte.toString(16).padStart(2, "0")).join("");

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
    const entries = [...this.takes.all];
    const added = await attempt(async () => {
      for (const entry of entries) await this.put(entry, { sign, signer });
      return true;
    });
    if (!added) return false;
    this.takes.clear();
    this.added = say("add.done", { sign, count: entries.length });
    return true;
  }

  /* Under one name however often it is tried: where the first answer got lost, nothing comes twice. */
  async put(entry, words) {
    entry.clip_id ??= `recorded-${random()}`;
    const clip = { take: this.takes.part(entry), clip_id: entry.clip_id, ...words };
    await post("clips", clip).catch((error) => {
      if (error.kind !== "taken") throw error;
    });
  }
}
