/* An answer on the page: the verdict, the signs, and all that plays. */
import { announce } from "./announce.js";
import { FIRST, card, showAs } from "./cards.js";
import { Compare } from "./compare.js";
import { stage } from "./drawing.js";
import { foldRemarks, setBar } from "./parts.js";
import { percent, say } from "./texts.js";
import { tellTimes } from "./times.js";
import { setPace } from "./videos.js";

const find = (id) => document.getElementById(id);

export class AnswerView {
  /* `onMore()` when more signs are wanted than the answer has; `most` signs come at most. */
  constructor(dictionary, most, onMore) {
    Object.assign(this, { dictionary, most });
    this.compare = new Compare(dictionary.drawing);
    this.root = find("stage");
    this.cards = this.root.querySelector(".cards");
    this.playing = null;
    this.open = FIRST;
    this.onMore = onMore;
    find("more").addEventListener("click", () => this.more());
    find("took").addEventListener("click", () => {
      find("times").scrollIntoView();
      find("times").focus();
    });
    find("videos").addEventListener("change", () => this.showFilms());
    this.cards.addEventListener("unplayed", () => this.tellUnplayed());
    for (const choice of this.root.querySelectorAll(":scope > .controls [data-speed]")) {
      choice.addEventListener("change", () => setPace(this.cards, Number(choice.value)));
    }
  }

  /* Show an answer; `times` as `tellTimes` takes them, without `shown`. */
  async show(answer, takes, times, keepOpen) {
    this.close();
    this.answer = answer;
    if (!keepOpen) this.open = FIRST;
    this.tellVerdict(answer);
    const films = answer.asked.map(({ film }) => film);
    const warps = answer.asked.map(({ warp }) => warp);
    this.cards.replaceChildren(
      ...answer.signs.map((found, place) => {
        const film = found.film ? films.push(found.film) - 1 : null;
        if (found.film) warps.push(found.warp);
        return card(found, place + 1, film, () => this.look(place));
      }),
    );
    find("videos").hidden = !answer.signs.some(({ video }) => video);
    this.showFilms();
    this.reveal();
    takes.play();
    this.playing = stage(this.root, { drawing: this.dictionary.drawing, films, warps });
    await new Promise((painted) => requestAnimationFrame(() => setTimeout(painted)));
    tellTimes(answer, { ...times, shown: performance.now() });
    announce(say("answer.said", { verdict: answer.verdict, count: answer.signs.length }));
  }

  tellVerdict(answer) {
    find("verdict").textContent = answer.verdict;
    document.title = say("page.title", { title: answer.verdict });
    document.body.classList.toggle("unknown", answer.unknown);
    const none = answer.none_of_these;
    const calibrated = none !== null;
    find("none-words").textContent = calibrated
      ? say(answer.unknown ? "none.unknown" : "none.share", { share: percent(none), count: answer.of_signs })
      : say("none.uncalibrated");
    const bar = find("none").querySelector(".bar");
    bar.hidden = !calibrated;
    if (calibrated) setBar(bar, none, percent(none));
    const notes = answer.notes.map((text) => ({ text, level: "note" }));
    if (answer.kept) notes.push({ text: say("answer.kept"), level: "note" });
    if (this.dictionary.synthetic) notes.push({ text: say("page.made_up"), level: "note" });
    foldRemarks(find("notes"), [...this.remarks(answer), ...notes]);
    const empty = this.root.querySelector(".empty");
    empty.hidden = answer.signs.length > 0;
    empty.textContent = empty.hidden ? "" : say("answer.empty");
    find("found-title").textContent = say("answer.title", { count: answer.of_signs });
  }

  remarks(answer) {
    if (answer.asked.length < 2) return answer.remarks;
    return answer.remarks.map(({ text, level, take }) => ({
      level,
      text: say("take.numbered", { number: take, name: text }),
    }));
  }

  get asVideo() {
    return !find("videos").hidden && find("videos").querySelector(":checked").value === "video";
  }

  showFilms() {
    find("unplayed").hidden = true;
    [...this.cards.children].forEach((item, place) => showAs(item, this.answer.signs[place], this.asVideo));
  }

  /* What the browser cannot play stays as it was, and is said beside the switch. */
  tellUnplayed() {
    const places = [...this.cards.querySelectorAll("li:not([hidden]) .clip[data-clip]")];
    const all = places.every((place) => place.dataset.failed);
    find("unplayed").textContent = say(all ? "video.unplayed" : "video.some_unplayed");
    find("unplayed").hidden = false;
  }

  /* Six at first, and six more each time. */
  reveal() {
    [...this.cards.children].forEach((item, place) => (item.hidden = place >= this.open));
    const left = this.shown - this.open;
    find("more").hidden = left <= 0 || !this.answer.signs.length;
    find("more").textContent = say("answer.more", { count: Math.min(FIRST, left) });
  }

  /* How many signs can be had. */
  get shown() {
    return Math.min(this.answer.of_signs, this.most);
  }

  async more() {
    const first = this.open;
    this.open += FIRST;
    if (this.open > this.answer.signs.length && this.answer.signs.length < this.shown)
      await this.onMore();
    else this.reveal();
    this.cards.children[first]?.querySelector("button").focus();
  }

  look(place) {
    this.playing?.pause();
    this.compare.open(this.answer, place, this.asVideo, (last) => {
      this.open = Math.max(this.open, last + 1);
      this.reveal();
      this.cards.children[last].querySelector("button").focus();
    });
  }

  pause() {
    this.playing?.pause();
  }

  close() {
    this.playing?.close();
    this.playing = null;
  }
}
