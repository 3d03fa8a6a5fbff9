/* The recordings that ask together: each with its film, its timeline, and a way to take it out. */
import { remove } from "./api.js";
import { decoded, onNight, still } from "./drawing.js";
import { copy, listRemarks } from "./parts.js";
import { say, seconds } from "./texts.js";
import { Timeline } from "./timeline.js";

export class Takes {
  /* `act.span()` when a part was chosen anew, `act.removed(left)` when a take was taken out. */
  constructor(root, dictionary, act) {
    this.root = root;
    this.list = root.querySelector(".takes");
    this.title = root.querySelector("h2");
    this.dictionary = dictionary;
    this.act = act;
    this.all = [];
    onNight(() => this.all.forEach((entry) => entry.draw()));
  }

  get full() {
    return this.all.length >= this.dictionary.limits.takes;
  }

  /* As POST /search takes them: a span that nobody touched is the server's to find. */
  parts() {
    return this.all.map((entry) => this.part(entry));
  }

  part({ take, timeline, touched }) {
    return touched ? { id: take.id, start_s: timeline.span[0], end_s: timeline.span[1] } : { id: take.id };
  }

  add(take) {
    const item = copy("take");
    const find = (selector) => item.querySelector(selector);
    const film = decoded(take.film, this.dictionary.drawing);
    const entry = { take, item, touched: false };
    const preview = find("canvas.preview");
    let moment = (take.signing[0] + take.signing[1]) / 2;
    entry.draw = () => still(preview, film, this.dictionary.drawing, moment);
    entry.timeline = new Timeline(find(".timeline"), take, (second) => {
      moment = second;
      this.change(entry);
    });
    find(".whole").addEventListener("click", () => {
      entry.timeline.set([0, take.seconds], 0);
    });
    find(".remove").addEventListener("click", () => this.drop(entry));
    listRemarks(find(".remarks"), take.remarks);
    this.all.push(entry);
    this.list.append(item);
    this.name();
    this.tellSpan(entry);
    new ResizeObserver(entry.draw).observe(preview);
    return entry;
  }

  /* A part was chosen: what plays is no longer what asks. */
  change(entry) {
    entry.touched = true;
    this.playing(entry, false);
    entry.draw();
    this.tellSpan(entry);
    this.act.span();
  }

  tellSpan({ item, take, timeline }) {
    const [start, end] = timeline.span;
    const whole = start === 0 && end === take.seconds;
    item.querySelector("output").textContent = say("take.part", {
      part: seconds(end - start),
      length: seconds(take.seconds),
    });
    item.querySelector(".whole").hidden = whole;
  }

  /* Let the answer's player have the films: canvas n shows film n. */
  play() {
    this.all.forEach((entry, n) => {
      entry.item.querySelector("canvas.shown").dataset.film = n;
      this.playing(entry, true);
    });
  }

  rest() {
    for (const entry of this.all) this.playing(entry, false);
  }

  playing({ item }, on) {
    item.querySelector("canvas.shown").hidden = !on;
    item.querySelector("canvas.preview").hidden = on;
  }

  name() {
    const count = this.all.length;
    this.title.textContent = say("take.title", { count });
    this.root.hidden = !count;
    this.all.forEach(({ item, take }, place) => {
      const number = place + 1;
      const from = take.kind === "camera" ? say("take.camera") : take.name;
      item.querySelector(".name").textContent =
        count > 1 ? say("take.numbered", { number, name: from }) : from;
      const label = count > 1 ? say("take.film_numbered", { number }) : say("take.film");
      for (const canvas of item.querySelectorAll("canvas")) canvas.setAttribute("aria-label", label);
      item.querySelector(".remove").textContent =
        count > 1 ? say("take.remove_numbered", { number }) : say("take.remove");
    });
  }

  /* Out of the list, and out of the server. */
  drop(entry) {
    this.forget(entry);
    remove(`takes/${entry.take.id}`).catch(() => {}); // it may be gone already
    this.act.removed(this.all.length);
  }

  forget(entry) {
    this.all = this.all.filter((other) => other !== entry);
    entry.item.remove();
    this.name();
  }

  clear() {
    for (const entry of [...this.all]) {
      this.forget(entry);
      remove(`takes/${entry.take.id}`).catch(() => {});
    }
  }
}
