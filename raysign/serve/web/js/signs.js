/* The list of signs, with their exemplars on demand. */
import { get, remove } from "./api.js";
import { attempt, tell } from "./announce.js";
import { confirmed } from "./confirm.js";
import { copy } from "./parts.js";
import { play } from "./player.js";
import { plain, say } from "./texts.js";

const PAGE = 15;
const PATIENCE_MS = 200; // after the last letter

export class SignList {
  /* `onRemoved()` when an exemplar was. */
  constructor(root, dictionary, onRemoved) {
    const find = (selector) => root.querySelector(selector);
    Object.assign(this, { dictionary, onRemoved });
    [this.form, this.list, this.pages] = ["form", ".signs", ".pages"].map(find);
    this.count = document.getElementById("signs-count");
    this.offset = 0;
    this.asking = null;
    this.players = new Map();
    let later;
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("input", () => {
      clearTimeout(later);
      later = setTimeout(() => this.load(0), PATIENCE_MS);
    });
    for (const button of this.pages.querySelectorAll("button")) {
      button.addEventListener("click", () => this.load(this.offset + PAGE * Number(button.dataset.by)));
    }
  }

  async load(offset = this.offset) {
    this.asking?.abort();
    this.asking = new AbortController();
    const { signal } = this.asking;
    const query = { find: this.form.elements.find.value.trim(), offset, limit: PAGE };
    const page = await attempt(() => get("signs", query, signal));
    if (!page) return;
    this.offset = offset;
    for (const player of this.players.values()) player.close();
    this.players.clear();
    this.list.replaceChildren(...page.signs.map((entry) => this.row(entry)));
    this.count.textContent = say("signs.count", { count: page.total });
    const [before, after] = this.pages.querySelectorAll("button");
    before.disabled = offset === 0;
    after.disabled = offset + PAGE >= page.total;
    this.pages.hidden = page.total <= PAGE;
    const last = Math.min(offset + PAGE, page.total);
    this.pages.querySelector("span").textContent = say("signs.range", {
      first: offset + 1,
      last,
      total: page.total,
    });
  }

  row(entry) {
    const row = copy("sign");
    const [details, place] = ["details", ".player"].map((name) => row.querySelector(name));
    row.querySelector(".word").textContent = entry.sign;
    row.querySelector(".soft").textContent = about(entry);
    details.addEventListener("toggle", async () => {
      this.players.get(entry.sign)?.close();
      this.players.delete(entry.sign);
      if (!details.open) return;
      await this.show(entry.sign, place);
    });
    return row;
  }

  async show(sign, place) {
    const found = await attempt(() => get("clips", { sign }));
    if (!found) return;
    const onRemove = this.dictionary.owner && ((clip, item) => this.drop(clip, item));
    this.players.set(sign, await play(place, found.clips, this.dictionary.drawing, onRemove));
  }

  async drop(clip, item) {
    const row = item.closest(".sign");
    const sure = await confirmed(say("remove.title", { clip: clip.clip_id, sign: clip.sign }));
    if (!sure) return;
    const done = await attempt(async () => {
      await remove("clips", { clip_id: clip.clip_id });
      return true;
    });
    if (!done) return;
    item.remove();
    const left = row.querySelectorAll(".films li").length;
    tell(say("remove.done", { clip: clip.clip_id }));
    if (left) row.querySelector("summary").focus();
    else {
      await this.load();
      document.getElementById("signs-title").focus();
    }
    this.onRemoved();
  }
}

function about({ clips, signers, phonology }) {
  const facts = [say("sign.clips", { count: clips }), say("sign.signers", { count: signers })];
  if (phonology) {
    facts.push(plain(phonology.handshape), phonology.location);
    if (phonology.hands) facts.push(say(`hands.${phonology.hands}`));
  }
  return facts.filter(Boolean).join(" · ");
}
